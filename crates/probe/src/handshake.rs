//! ICE and DTLS with a transport of the node's, by `str0m`.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc};

use crate::fence::Fence;
use crate::report::{Failed, Stage};

/// Longest SDP that is read, in bytes. A node's has about 2 KB.
const LONGEST: usize = 64 << 10;
/// Candidates that are read.
const MOST_CANDIDATES: usize = 64;
/// Outputs taken from the library in one turn, so that none can last for ever.
const MOST_OUTPUTS: usize = 256;
/// The library is not woken more often.
const RETRY: Duration = Duration::from_millis(1);
/// First byte of DTLS (RFC 7983).
const DTLS: std::ops::RangeInclusive<u8> = 20..=63;

/// A client's peer connection that only wants to connect.
pub struct Handshake {
    rtc: Fence,
    pending: Option<SdpPendingOffer>,
    /// Where the node says that its transport is, over UDP.
    candidates: Vec<SocketAddr>,
    /// Those of them that are tried.
    admitted: Vec<SocketAddr>,
    begun: Instant,
    ice: Option<Instant>,
    /// Where DTLS last went.
    spoken: Option<SocketAddr>,
    /// A DTLS datagram came.
    heard: bool,
    wake: Instant,
}

/// What a handshake wants.
pub enum Turn {
    /// To be sent from our address to theirs.
    Send(SocketAddr, SocketAddr, Vec<u8>),
    /// To be polled again at [`Handshake::wake`].
    Wait,
    /// It is connected.
    Connected {
        /// With this address.
        at: SocketAddr,
        ice: Duration,
        dtls: Duration,
    },
    /// It never will be.
    Failed(Failed),
}

impl Handshake {
    /// With sockets at `locals`, and the offer. `None` when the library fails.
    pub fn new(now: Instant, locals: &[SocketAddr]) -> Option<(Self, String)> {
        // One audio section is what any node can answer and what costs it least.
        let config = Rtc::builder().clear_codecs().enable_opus(true, false);
        let mut rtc = Fence::new(config.set_rtp_mode(true).build(now));
        let (offer, pending) = rtc.enter(|rtc| {
            for local in locals {
                if let Ok(candidate) = Candidate::host(*local, "udp") {
                    rtc.add_local_candidate(candidate);
                }
            }
            let mut changes = rtc.sdp_api();
            changes.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
            changes.apply()
        })??;
        let handshake = Self {
            rtc,
            pending: Some(pending),
            candidates: Vec::new(),
            admitted: Vec::new(),
            begun: now,
            ice: None,
            spoken: None,
            heard: false,
            wake: now,
        };
        Some((handshake, offer.to_sdp_string()))
    }

    /// Takes the node's answer. Its candidates are kept until they are admitted.
    pub fn answered(&mut self, now: Instant, answer: &str) -> Result<(), Failed> {
        let unusable = |reason: String| Failed {
            stage: Stage::Description,
            reason: format!("the node's SDP answer cannot be used: {reason}"),
            hint: "node and master may be of different versions",
        };
        if answer.len() > LONGEST {
            let reason = format!(
                "expected at most {LONGEST} bytes, got {} bytes",
                answer.len()
            );
            return Err(unusable(reason));
        }
        let (candidates, rest): (Vec<&str>, Vec<&str>) =
            (answer.lines()).partition(|line| line.starts_with("a=candidate:"));
        let pending = self.pending.take();
        let taken = self.rtc.enter(|rtc| {
            let pending = pending.ok_or("a second answer")?;
            let rest: String = rest.iter().flat_map(|line| [line, "\r\n"]).collect();
            let answer = SdpAnswer::from_sdp_string(&rest).map_err(|error| error.to_string())?;
            let accepted = rtc.sdp_api().accept_answer(pending, answer);
            accepted.map_err(|error| error.to_string())?;
            let candidates = candidates.iter().take(MOST_CANDIDATES);
            Ok::<_, String>(
                candidates
                    .filter_map(|line| udp_candidate(line))
                    .collect::<Vec<_>>(),
            )
        });
        self.candidates = match taken {
            Some(Ok(candidates)) => candidates,
            Some(Err(reason)) => return Err(unusable(reason)),
            None => return Err(unusable("the library failed on it".to_owned())),
        };
        (self.begun, self.wake) = (now, now);
        Ok(())
    }

    /// Where the node says that its transport is, over UDP.
    pub fn candidates(&self) -> &[SocketAddr] {
        &self.candidates
    }

    /// From now on the candidates at `ip` are tried.
    pub fn admit(&mut self, now: Instant, ip: IpAddr) {
        for at in self.candidates.iter().filter(|at| at.ip() == ip) {
            if self.admitted.contains(at) {
                continue;
            }
            self.admitted.push(*at);
            self.rtc.enter(|rtc| {
                if let Ok(candidate) = Candidate::host(*at, "udp") {
                    rtc.add_remote_candidate(candidate);
                }
            });
            self.wake = now;
        }
    }

    /// Takes a datagram that arrived at our socket `local`.
    pub fn receive(&mut self, now: Instant, local: SocketAddr, from: SocketAddr, datagram: &[u8]) {
        if !self.admitted.contains(&from) {
            return;
        }
        self.heard |= datagram.first().is_some_and(|byte| DTLS.contains(byte));
        self.rtc.enter(|rtc| {
            // What the library cannot read is dropped, as a browser does.
            let received = Receive::new(Protocol::Udp, from, local, datagram).ok()?;
            rtc.handle_input(Input::Receive(now, received)).ok()
        });
        self.wake = now;
    }

    /// When [`Handshake::poll`] has something to do.
    pub fn wake(&self) -> Instant {
        self.wake
    }

    /// What is to be done now.
    pub fn poll(&mut self, now: Instant) -> Turn {
        if now < self.wake {
            return Turn::Wait;
        }
        self.rtc
            .enter(|rtc| rtc.handle_input(Input::Timeout(now)).ok());
        for _ in 0..MOST_OUTPUTS {
            let output = self.rtc.enter(Rtc::poll_output);
            match output {
                None => return Turn::Failed(self.failed("the ICE and DTLS library failed")),
                Some(Err(error)) => {
                    return Turn::Failed(self.failed(&format!("it failed: {error}")));
                }
                Some(Ok(Output::Timeout(at))) => {
                    self.wake = at.max(now + RETRY);
                    return Turn::Wait;
                }
                Some(Ok(Output::Transmit(transmit))) => {
                    let data = transmit.contents.to_vec();
                    if data.first().is_some_and(|byte| DTLS.contains(byte)) {
                        self.spoken = Some(transmit.destination);
                    }
                    return Turn::Send(transmit.source, transmit.destination, data);
                }
                Some(Ok(Output::Event(event))) => {
                    if let Some(turn) = self.event(now, event) {
                        return turn;
                    }
                }
            }
        }
        self.wake = now + RETRY;
        Turn::Wait
    }

    fn event(&mut self, now: Instant, event: Event) -> Option<Turn> {
        match event {
            Event::IceConnectionStateChange(
                IceConnectionState::Connected | IceConnectionState::Completed,
            ) => {
                self.ice.get_or_insert(now);
                None
            }
            Event::Connected => {
                let ice = self.ice.unwrap_or(now);
                let at = self.spoken.or(self.admitted.first().copied())?;
                Some(Turn::Connected {
                    at,
                    ice: ice - self.begun,
                    dtls: now - ice,
                })
            }
            Event::Closed => Some(Turn::Failed(self.failed("the node closed it"))),
            _ => None,
        }
    }

    /// How far it is, should it end now.
    pub fn given_up(&self, now: Instant) -> Failed {
        self.failed(&format!(
            "it was not done after {:.1} s",
            (now - self.begun).as_secs_f64()
        ))
    }

    fn failed(&self, what: &str) -> Failed {
        let at: Vec<String> = self.admitted.iter().map(SocketAddr::to_string).collect();
        let at = at.join(", ");
        if self.ice.is_none() {
            return Failed {
                stage: Stage::Ice,
                reason: format!("ICE did not connect with UDP {at}: {what}"),
                hint: "plain STUN is answered there, but not for this node's transport, so the address may be \
                       another machine's",
            };
        }
        let (heard, hint) = if self.heard {
            (
                "a part of the handshake came back",
                "large datagrams may be lost on the way: see whether its MTU is below 1200 bytes",
            )
        } else {
            (
                "nothing of the handshake came back",
                "a firewall may let STUN through and drop DTLS",
            )
        };
        let at = self.spoken.map_or(at, |at| at.to_string());
        Failed {
            stage: Stage::Dtls,
            reason: format!("ICE connected, but DTLS did not with UDP {at}: {what}, and {heard}"),
            hint,
        }
    }
}

/// The address of an `a=candidate` line over UDP.
fn udp_candidate(line: &str) -> Option<SocketAddr> {
    let candidate = Candidate::from_sdp_string(line.strip_prefix("a=")?.trim()).ok()?;
    (candidate.proto() == Protocol::Udp).then(|| candidate.addr())
}
