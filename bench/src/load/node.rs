//! The node under load: the release binary, attached to a link server of ours. The load plays the master, so that
//! nothing but the node is measured.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use link::proto::{self, answer, command};
use link::serve::{self, Event, Handle};
use link::trust::{Token, Trust, Wish};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

const ANSWER: Duration = Duration::from_secs(10);
const ATTACH: Duration = Duration::from_secs(20);

/// A `muster node` process that is attached to us.
pub struct Node {
    runtime: Runtime,
    events: mpsc::Receiver<Event>,
    handle: Handle,
    next_key: u64,
    process: Process,
    _server: serve::Server,
    _files: Files,
}

impl Node {
    /// Starts `program` as a node with one shard on `cpu` and waits until it is attached. `evidence`: it records what
    /// happens to transports, as nodes do.
    pub fn start(program: &Path, cpu: usize, evidence: bool) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let files = Files::make()?;
        let trust = Trust::open(&files.0)?;
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let (sender, mut events) = mpsc::channel(256);
        let server = {
            let _entered = runtime.enter();
            serve::start(
                serve::Config {
                    listener,
                    trust: trust.clone(),
                    master_boot_id: "bench".to_owned(),
                    term: 1,
                    clock: link::trust::system_clock(),
                },
                sender,
            )?
        };
        let wish = Wish {
            masters: vec![format!("https://{address}")],
            uses: 1,
            valid: ATTACH,
            node: None,
        };
        let token = trust.authority.mint(wish, SystemTime::now())?;
        let process = files.spawn_node(program, cpu, &token, evidence)?;
        let handle = runtime.block_on(attached(&mut events))?;
        handle.welcome()?;
        Ok(Self {
            runtime,
            events,
            handle,
            next_key: 1,
            process,
            _server: server,
            _files: files,
        })
    }

    /// The process to be measured.
    pub fn pid(&self) -> u32 {
        self.process.0.id()
    }

    /// Makes the publisher's transport; returns the SDP answer.
    pub fn publish(&mut self, offer: String) -> Result<String> {
        let publish = proto::Publish {
            session_id: "bench".to_owned(),
            stream_id: "stream".to_owned(),
            transport_id: "publisher".to_owned(),
            offer,
            forced_video_codec: "VP8".to_owned(),
        };
        match self.ask(command::Command::Publish(publish))? {
            answer::Result::AnswerSdp(sdp) => Ok(sdp),
            other => bail!("expected an SDP answer, got {other:?}"),
        }
    }

    /// Makes the transport of subscriber `index`; returns the SDP offer.
    pub fn subscribe(&mut self, index: usize) -> Result<String> {
        let subscribe = proto::Subscribe {
            session_id: "bench".to_owned(),
            stream_id: "stream".to_owned(),
            transport_id: format!("subscriber {index}"),
            audio: false,
            video: true,
        };
        match self.ask(command::Command::Subscribe(subscribe))? {
            answer::Result::OfferSdp(sdp) => Ok(sdp),
            other => bail!("expected an SDP offer, got {other:?}"),
        }
    }

    /// Hands over the SDP answer of subscriber `index`.
    pub fn accept(&mut self, index: usize, sdp: String) -> Result<()> {
        let accept = proto::Accept {
            transport_id: format!("subscriber {index}"),
            answer: sdp,
        };
        match self.ask(command::Command::Accept(accept))? {
            answer::Result::Accepted(_) => Ok(()),
            other => bail!("expected that the answer is accepted, got {other:?}"),
        }
    }

    fn ask(&mut self, command: command::Command) -> Result<answer::Result> {
        let key = self.next_key;
        self.next_key += 1;
        self.handle.command(key, command)?;
        let events = &mut self.events;
        self.runtime.block_on(async {
            tokio::time::timeout(ANSWER, answered(events, key))
                .await
                .context("the node did not answer")?
        })
    }

    /// Takes what the node says meanwhile, so that its queue does not fill.
    pub fn drain(&mut self) -> Result<()> {
        while let Ok(event) = self.events.try_recv() {
            if let Event::Detached { reason, .. } = event {
                bail!("the node detached: {reason}");
            }
        }
        Ok(())
    }
}

/// Ends with us, also when the start fails half-way.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // Whatever happened, the process must not stay.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn attached(events: &mut mpsc::Receiver<Event>) -> Result<Handle> {
    let wait = async {
        while let Some(event) = events.recv().await {
            if let Event::Attached { handle, .. } = event {
                return Ok(handle);
            }
        }
        bail!("the link ended")
    };
    tokio::time::timeout(ATTACH, wait)
        .await
        .context("the node did not attach")?
}

async fn answered(events: &mut mpsc::Receiver<Event>, key: u64) -> Result<answer::Result> {
    while let Some(event) = events.recv().await {
        match event {
            Event::Message {
                message: proto::from_node::Message::Answer(answer),
                ..
            } if answer.key == key => {
                return match answer.result.context("an answer without a result")? {
                    answer::Result::Failure(failure) => {
                        bail!("the node refused: {}", failure.reason)
                    }
                    result => Ok(result),
                };
            }
            Event::Detached { reason, .. } => bail!("the node detached: {reason}"),
            _ => {}
        }
    }
    bail!("the link ended")
}

/// Where link and node keep what they keep: removed with us.
struct Files(PathBuf);

impl Files {
    fn make() -> Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("muster-bench-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory)?;
        Ok(Self(directory))
    }

    fn spawn_node(
        &self,
        program: &Path,
        cpu: usize,
        token: &Token,
        evidence: bool,
    ) -> Result<Process> {
        let spawned = Command::new("taskset")
            .args(["-c", &cpu.to_string()])
            .arg(program)
            .arg("node")
            .env("MUSTER_LINK_JOIN", token.text())
            .env("MUSTER_NODE_EVIDENCE", evidence.to_string())
            .arg("--data-dir")
            .arg(self.0.join("data"))
            .args([
                "--public-address",
                "127.0.0.1",
                "--media-ports",
                "0",
                "--shards",
                "1",
                "--exit-when-orphaned",
                "10",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| {
                format!(
                    "starting {} under taskset; was it built? (make bench)",
                    program.display()
                )
            });
        Ok(Process(spawned?))
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
