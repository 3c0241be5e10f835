//! A media plane, and the way to it that a master would have.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use media::{Answer, Command, Event, Plane, Refusal};
use probe::{Depth, Limits, Name, Report, Signalling, Target};
use tokio::sync::oneshot;

pub const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
pub const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// How long anything may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(20);

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Result<Answer, Refusal>>>>>;

pub struct Node {
    pub plane: Plane,
    waiting: Waiting,
    /// What is said to have been asked, in order.
    pub asked: Mutex<Vec<String>>,
    /// Changes the SDP answer on its way, as fronts need it.
    pub edit: Box<dyn Fn(String) -> String + Send + Sync>,
}

impl Node {
    pub fn new(addresses: &[IpAddr], shards: usize) -> Self {
        let waiting = Waiting::default();
        let answers = waiting.clone();
        let config = media::Config {
            shards: NonZeroUsize::new(shards).unwrap(),
            ports: 0..=0,
            addresses: addresses.to_vec(),
            relay: media::relay::Options::default(),
            evidence: None,
        };
        let sink = move |event| {
            if let Event::Answered { key, result } = event
                && let Some(answer) = answers.lock().unwrap().remove(&key)
            {
                let _ = answer.send(result);
            }
            true
        };
        Self {
            plane: media::start(config, Arc::new(sink)).unwrap(),
            waiting,
            asked: Mutex::default(),
            edit: Box::new(|answer| answer),
        }
    }

    pub fn target(&self, ips: &[IpAddr]) -> Target {
        Target {
            ips: ips.to_vec(),
            ports: self.plane.ports(),
            stun_port: self.plane.stun_port(),
        }
    }

    pub async fn probe(&self, target: &Target, depth: Depth) -> Report {
        let limits = Limits::default();
        let begun = Instant::now();
        let name = Name::new("test", self.asked().len() as u64);
        let report = probe::run(target, depth, limits, &name, self).await;
        let took = begun.elapsed();
        // Beside the limit, the time that a loaded machine takes to wake a task.
        assert!(took < limits.whole + Duration::from_secs(2), "{took:?}");
        report
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// Waits until the node carries nothing.
    pub async fn is_empty(&self) {
        let until = Instant::now() + PATIENCE;
        while !self.plane.snapshot().unwrap().is_empty() {
            assert!(Instant::now() < until, "the transport of a probe stays");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Signalling for Node {
    async fn publish(&self, name: &Name, offer: String) -> Result<String, String> {
        let key = {
            let mut asked = self.asked.lock().unwrap();
            asked.push(format!("publish {name}"));
            asked.len() as u64
        };
        let (answer, answered) = oneshot::channel();
        self.waiting.lock().unwrap().insert(key, answer);
        let command = Command::Publish {
            key,
            session: name.as_str().into(),
            stream: name.as_str().into(),
            transport: name.as_str().into(),
            offer,
            forced_video_codec: None,
        };
        self.plane.submit(command).unwrap();
        match answered.await.unwrap() {
            Ok(Answer::Answer(sdp)) => Ok((self.edit)(sdp)),
            Ok(other) => panic!("expected an answer, got {other:?}"),
            Err(refusal) => Err(refusal.to_string()),
        }
    }

    fn close(&self, name: &Name) {
        let mut asked = self.asked.lock().unwrap();
        asked.push(format!("close {name}"));
        let transport = name.as_str().into();
        self.plane.submit(Command::Close { transport }).unwrap();
    }
}
