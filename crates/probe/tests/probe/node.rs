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
            relay_port: None,
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
            relays: Vec::new(),
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

impl Node {
    /// Asks the plane and waits for what it says.
    async fn ask(
        &self,
        what: String,
        command: impl FnOnce(u64) -> Command,
    ) -> Result<Answer, String> {
        let key = {
            let mut asked = self.asked.lock().unwrap();
            asked.push(what);
            asked.len() as u64
        };
        let (answer, answered) = oneshot::channel();
        self.waiting.lock().unwrap().insert(key, answer);
        self.plane.submit(command(key)).unwrap();
        answered
            .await
            .unwrap()
            .map_err(|refusal| refusal.to_string())
    }
}

impl Signalling for Node {
    async fn publish(&self, name: &Name, offer: String) -> Result<String, String> {
        let answer = self.ask(format!("publish {name}"), |key| Command::Publish {
            key,
            session: name.as_str().into(),
            stream: name.as_str().into(),
            transport: name.as_str().into(),
            offer,
            forced_video_codec: None,
        });
        match answer.await? {
            Answer::Answer(sdp) => Ok((self.edit)(sdp)),
            other => panic!("expected an answer, got {other:?}"),
        }
    }

    async fn subscribe(&self, name: &Name) -> Result<String, String> {
        let offer = self.ask(format!("subscribe {name}"), |key| Command::Subscribe {
            key,
            session: name.as_str().into(),
            stream: name.as_str().into(),
            transport: name.subscriber().into(),
            audio: true,
            video: false,
        });
        match offer.await? {
            Answer::Offer(sdp) => Ok((self.edit)(sdp)),
            other => panic!("expected an offer, got {other:?}"),
        }
    }

    async fn accept(&self, name: &Name, answer: String) -> Result<(), String> {
        let accepted = self.ask(format!("accept {name}"), |key| Command::Accept {
            key,
            transport: name.subscriber().into(),
            answer,
        });
        accepted.await.map(|_| ())
    }

    fn close(&self, name: &Name) {
        let mut asked = self.asked.lock().unwrap();
        asked.push(format!("close {name}"));
        for transport in [name.subscriber().into(), name.as_str().into()] {
            self.plane.submit(Command::Close { transport }).unwrap();
        }
    }
}
