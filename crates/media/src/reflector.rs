//! Tells clients the address that they are seen at: a UDP port of its own that answers plain STUN Binding requests.
//!
//! It must not be a port that media goes through. Chromium takes everything that comes from the address of one of its
//! STUN servers for an answer of that server, so no connectivity check and no media from there would ever arrive.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::counters::Counters;
use crate::net::{Batch, Inbox, Readiness, Token, Udp, Wake, bind};
use crate::plane::StartError;
use crate::rate::Rate;
use crate::stun;

const UDP: Token = 0;
const WAKE: Token = 1;
/// Longest wait without any request.
const IDLE: Duration = Duration::from_millis(1000);

/// The running reflector. Dropping it stops its thread.
pub struct Reflector {
    port: u16,
    counters: Arc<Counters>,
    stop: Wake,
    thread: Option<JoinHandle<()>>,
}

impl Reflector {
    /// Takes a port of `ports` and answers there.
    ///
    /// # Errors
    /// When there is no port, descriptor or thread.
    pub fn start(ports: &RangeInclusive<u16>) -> Result<Self, StartError> {
        let (udp, _, port) = bind(ports)?;
        let counters = Arc::new(Counters::default());
        let stop = Wake::new()?;
        let mirror = Mirror {
            inbox: Inbox::default(),
            batch: Batch::default(),
            rate: Rate::default(),
            counters: counters.clone(),
            udp,
        };
        let readiness = Readiness::new()?;
        readiness.add(&mirror.udp, UDP)?;
        readiness.add(&stop, WAKE)?;
        let thread = std::thread::Builder::new().name("media-stun".into());
        let thread = thread.spawn(move || mirror.run(readiness))?;
        Ok(Self {
            port,
            counters,
            stop,
            thread: Some(thread),
        })
    }

    /// Where it answers.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it counted.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }
}

impl Drop for Reflector {
    fn drop(&mut self) {
        self.stop.ring();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What the thread owns.
struct Mirror {
    udp: Udp,
    inbox: Inbox,
    batch: Batch,
    rate: Rate,
    counters: Arc<Counters>,
}

impl Mirror {
    /// Until the wake rings: there is nothing else to be told.
    fn run(mut self, mut readiness: Readiness) {
        let mut ready = Vec::new();
        while !ready.contains(&WAKE) {
            ready.clear();
            readiness.wait(IDLE, &mut ready);
            if ready.contains(&UDP) {
                self.answer_waiting();
            }
        }
    }

    fn answer_waiting(&mut self) {
        let now = Instant::now();
        for slot in 0..self.inbox.fill(&self.udp) {
            self.answer(now, slot);
        }
        self.batch.flush(&self.udp, &self.counters);
    }

    fn answer(&mut self, now: Instant, slot: usize) {
        let Some(datagram) = self.inbox.datagram(slot) else {
            return self.counters.in_malformed.add(1);
        };
        self.counters.udp_in.add(1);
        self.counters.udp_in_bytes.add(datagram.data.len() as u64);
        let Some(request) = stun::Request::parse(datagram.data) else {
            return self.counters.stun_malformed.add(1);
        };
        if !self.rate.allows(now, stun::PLAIN_PER_SECOND) {
            return self.counters.stun_plain_over_rate.add(1);
        }
        self.counters.stun_plain.add(1);
        let answer = request.answer(datagram.from);
        let room = self.batch.slot(&self.udp, &self.counters);
        room[..answer.len()].copy_from_slice(&answer);
        self.batch
            .commit(datagram.from, datagram.local, answer.len());
    }
}
