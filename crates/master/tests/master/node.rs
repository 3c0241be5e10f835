//! A media node without media: it dials with the real dialler and answers every command.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use link::dial::{Config, Dialer, Event, Outbox};
use link::proto::command::Command;
use link::proto::{self, answer, from_node, refused};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::stage::{SOON, Stage};

/// How the node behaves.
#[derive(Clone)]
pub struct Script {
    pub node: String,
    /// Also its start time.
    pub boot: u64,
    pub ips: Vec<String>,
    pub ports: Vec<u16>,
    pub stun_port: u16,
    /// Hears commands and answers none.
    pub mute: Arc<Mutex<bool>>,
    /// What it carries; `carried` of a later [`Node`] makes it the same boot after a break of the link.
    pub carried: Arc<Mutex<BTreeMap<String, proto::TransportState>>>,
    /// What it was last told of how to work.
    pub settings: Arc<Mutex<Option<proto::NodeSettings>>>,
}

pub struct Node {
    pub script: Script,
    commands: mpsc::UnboundedReceiver<Command>,
    refusals: mpsc::UnboundedReceiver<refused::Cause>,
    says: mpsc::UnboundedSender<from_node::Message>,
    task: JoinHandle<()>,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Script {
    pub fn new(node: &str, boot: u64) -> Self {
        Self {
            node: node.into(),
            boot,
            ips: vec!["192.0.2.10".into(), "2001:db8::10".into()],
            ports: vec![40000],
            stun_port: 40100,
            mute: Arc::default(),
            carried: Arc::default(),
            settings: Arc::default(),
        }
    }
}

impl Node {
    pub async fn start(stage: &Stage, node: &str, boot: u64) -> Self {
        Self::play(stage, Script::new(node, boot))
    }

    pub fn play(stage: &Stage, script: Script) -> Self {
        let config = Config {
            directory: stage.node_directory(&script.node),
            node_id: script.node.clone(),
            masters: Vec::new(),
            token: Some(stage.join_token()),
            clock: link::trust::system_clock(),
        };
        let (_, load) = watch::channel(proto::Heartbeat::default());
        let dialer = Dialer::start(&config, load).expect("dialler");
        dialer.dial();
        let (heard, commands) = mpsc::unbounded_channel();
        let (told, refusals) = mpsc::unbounded_channel();
        let (says, to_say) = mpsc::unbounded_channel();
        let actor = Actor {
            script: script.clone(),
            heard,
            told,
            to_say,
        };
        let task = tokio::spawn(actor.act(dialer));
        Self {
            script,
            commands,
            refusals,
            says,
            task,
        }
    }

    /// Breaks the link as a dead process or a cut cable does.
    pub fn die(self) -> Script {
        self.script.clone()
    }

    pub fn mute(&self, mute: bool) {
        *self.script.mute.lock().expect("lock") = mute;
    }

    /// How it is to work, once that is so.
    pub async fn settings(&self, so: impl Fn(&proto::NodeSettings) -> bool) -> proto::NodeSettings {
        let told = async {
            loop {
                let told = self.script.settings.lock().expect("lock").clone();
                if let Some(told) = told.filter(|told| so(told)) {
                    return told;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let told = tokio::time::timeout(SOON, told).await;
        told.expect("settings in time")
    }

    /// Says something to the master, once there is one.
    pub fn say(&self, message: from_node::Message) {
        self.says.send(message).expect("running");
    }

    /// The next command.
    pub async fn command(&mut self) -> Command {
        tokio::time::timeout(SOON, self.commands.recv())
            .await
            .expect("a command in time")
            .expect("running")
    }

    pub async fn no_command(&mut self) {
        let quiet = tokio::time::timeout(Duration::from_millis(200), self.commands.recv()).await;
        assert!(quiet.is_err(), "{quiet:?}");
    }

    pub async fn refused(&mut self) -> refused::Cause {
        tokio::time::timeout(SOON, self.refusals.recv())
            .await
            .expect("a refusal in time")
            .expect("running")
    }
}

/// Soon enough for a test.
async fn again(dialer: &Dialer) {
    tokio::time::sleep(Duration::from_millis(200)).await;
    dialer.dial();
}

struct Actor {
    script: Script,
    heard: mpsc::UnboundedSender<Command>,
    told: mpsc::UnboundedSender<refused::Cause>,
    to_say: mpsc::UnboundedReceiver<from_node::Message>,
}

impl Actor {
    async fn act(mut self, mut dialer: Dialer) {
        let mut outbox: Option<Outbox> = None;
        loop {
            let event = tokio::select! {
                event = dialer.next() => event,
                Some(message) = self.to_say.recv() => {
                    outbox.as_ref().expect("attached").send(message);
                    continue;
                }
            };
            let Some(event) = event else {
                break;
            };
            match event {
                Event::HelloWanted(wanted) => outbox = Some(wanted.greet(self.hello())),
                Event::Command(command) => {
                    let out = outbox.as_ref().expect("attached");
                    self.obey(command, out);
                }
                Event::Settings(settings) => {
                    *self.script.settings.lock().expect("lock") = Some(*settings);
                }
                Event::Attached(_)
                | Event::Skew(_)
                | Event::EvidenceWanted(_)
                | Event::Message(_) => {}
                Event::Refused { cause, .. } => {
                    let _ = self.told.send(cause);
                    if cause != refused::Cause::Superseded {
                        again(&dialer).await;
                    }
                }
                Event::Unreachable { .. } | Event::Detached { .. } => again(&dialer).await,
            }
        }
        std::future::pending::<()>().await;
    }

    fn hello(&self) -> proto::Hello {
        let transports = self
            .script
            .carried
            .lock()
            .expect("lock")
            .values()
            .cloned()
            .collect();
        proto::Hello {
            node_id: self.script.node.clone(),
            boot_id: format!("boot{}", self.script.boot),
            boot_started: self.script.boot,
            version: "test".into(),
            addresses: Some(proto::Addresses {
                version: 1,
                ips: self.script.ips.clone(),
                ports: self
                    .script
                    .ports
                    .iter()
                    .map(|port| (*port).into())
                    .collect(),
                stun_port: self.script.stun_port.into(),
                relay_tls: String::new(),
                ..proto::Addresses::default()
            }),
            capacity: Some(proto::Capacity { shards: 1 }),
            snapshot: Some(proto::Snapshot { transports }),
            ..proto::Hello::default()
        }
    }

    fn obey(&self, command: proto::Command, out: &Outbox) {
        let body = command.command.expect("a command");
        self.carry(&body);
        let result = match &body {
            Command::Publish(_) => Some(answer::Result::AnswerSdp("answer".into())),
            Command::Subscribe(_) => Some(answer::Result::OfferSdp("offer".into())),
            Command::Accept(_) => Some(answer::Result::Accepted(proto::Accepted {})),
            Command::Candidate(_) | Command::Close(_) => None,
        };
        assert_eq!(command.key != 0, result.is_some(), "{body:?}");
        if let (Some(result), false) = (result, *self.script.mute.lock().expect("lock")) {
            out.send(from_node::Message::Answer(proto::Answer {
                key: command.key,
                result: Some(result),
            }));
        }
        let _ = self.heard.send(body);
    }

    fn carry(&self, command: &Command) {
        let mut carried = self.script.carried.lock().expect("lock");
        let transport = match command {
            Command::Publish(publish) => &publish.transport_id,
            Command::Subscribe(subscribe) => &subscribe.transport_id,
            Command::Close(close) => {
                carried.remove(&close.transport_id);
                return;
            }
            Command::Accept(_) | Command::Candidate(_) => return,
        };
        let state = proto::TransportState {
            transport_id: transport.clone(),
            ..proto::TransportState::default()
        };
        carried.insert(transport.clone(), state);
    }
}
