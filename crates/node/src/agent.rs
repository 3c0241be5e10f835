//! The one task of a node: what the media plane says goes to the master, what the master wants goes to the media plane.
//!
//! It keeps no state of media of its own. After each break the master is told a whole snapshot, taken from the plane.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use link::dial::{Dialer, Event, HelloWanted, Outbox};
use link::proto::{self, from_node, refused};
use media::EventSink;
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;
use tracing::{debug, error, info, warn};

use crate::Exit;
use crate::addresses::{Announced, InterfaceAddress, choose};
use crate::carrier::Carrier;
use crate::fence::Fence;
use crate::load::{self, CpuMeter};
use crate::orphan::OrphanRule;
use crate::requests::Requests;
use crate::translate;

/// Events of the media plane that may wait here before the shards have to keep theirs.
const EVENTS: usize = 1024;
/// How often load is measured and the orphan rule looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How often the interfaces are read.
const ADDRESSES: Duration = Duration::from_secs(5);

/// Reads the machine's interfaces.
pub(crate) type Interfaces = Box<dyn FnMut() -> std::io::Result<Vec<InterfaceAddress>> + Send>;

/// What stays the same for the life of the process.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) join_secret: String,
    pub(crate) node_id: String,
    pub(crate) boot_id: String,
    pub(crate) boot_started: u64,
    pub(crate) version: String,
    pub(crate) shards: u32,
}

/// How addresses are found.
pub(crate) struct AddressSource {
    pub(crate) configured: Vec<IpAddr>,
    pub(crate) allow_loopback: bool,
    pub(crate) interfaces: Interfaces,
}

impl AddressSource {
    /// The addresses to announce now, or the sentence that says why there are none.
    pub(crate) fn look(&mut self) -> Result<Vec<IpAddr>, String> {
        let interfaces = (self.interfaces)()
            .map_err(|e| format!("the interfaces of this machine cannot be read: {e}"))?;
        choose(&self.configured, &interfaces, self.allow_loopback)
    }
}

/// The bounded way from the shards to the agent.
pub(crate) fn plane_events() -> (EventSink, mpsc::Receiver<media::Event>) {
    let (sender, receiver) = mpsc::channel(EVENTS);
    let sink: EventSink = Arc::new(move |event| match sender.try_send(event) {
        Ok(()) => true,
        Err(mpsc::error::TrySendError::Full(_)) => false,
        // The node is on its way out; a shard must not keep what nobody will take.
        Err(mpsc::error::TrySendError::Closed(_)) => true,
    });
    (sink, receiver)
}

/// Everything the agent is made of.
pub(crate) struct Agent<C> {
    pub(crate) identity: Identity,
    pub(crate) carrier: C,
    pub(crate) plane_events: mpsc::Receiver<media::Event>,
    pub(crate) load: watch::Sender<proto::Load>,
    pub(crate) addresses: AddressSource,
    pub(crate) announced: Announced,
    /// The plane was too busy to hear of the last change.
    pub(crate) addresses_owed: bool,
    pub(crate) orphan: OrphanRule,
    pub(crate) cpu: CpuMeter,
    pub(crate) fence: Fence,
    pub(crate) requests: Requests,
    /// The way to the master while there is one.
    pub(crate) outbox: Option<Outbox>,
    pub(crate) attached: bool,
}

impl<C: Carrier> Agent<C> {
    /// Works until it is asked to stop or has a reason of its own. The carrier is handed back to be shut down.
    pub(crate) async fn run(
        mut self,
        mut dialer: Dialer,
        shutdown: impl Future<Output = ()>,
    ) -> (Exit, C) {
        let exit = self.work(&mut dialer, shutdown).await;
        if let Some(outbox) = self.outbox.take() {
            let farewell = proto::Leaving {
                reason: leaving(&exit).into(),
            };
            // A master that is going too has no ear for it.
            outbox.send(from_node::Message::Leaving(farewell));
        }
        dialer.close().await;
        (exit, self.carrier)
    }

    async fn work(&mut self, dialer: &mut Dialer, shutdown: impl Future<Output = ()>) -> Exit {
        tokio::pin!(shutdown);
        let mut look = tokio::time::interval(LOOK);
        let mut addresses = tokio::time::interval(ADDRESSES);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        addresses.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = &mut shutdown => return Exit::Stopped,
                event = dialer.next() => {
                    if let Some(exit) = self.on_link(event) {
                        return exit;
                    }
                }
                Some(event) = next_event(self.outbox.as_ref(), &mut self.plane_events) => {
                    self.on_plane(event);
                }
                _ = look.tick() => {
                    if self.is_orphaned(Instant::now()) {
                        return Exit::Orphaned;
                    }
                }
                _ = addresses.tick() => self.look_at_addresses(),
            }
        }
    }

    fn on_link(&mut self, event: Option<Event>) -> Option<Exit> {
        match event {
            Some(Event::HelloWanted(wanted)) => self.greet(wanted),
            Some(Event::Attached(welcome)) => self.on_attached(&welcome),
            Some(Event::Command(command)) => self.on_command(command),
            Some(Event::Refused { cause, reason }) => return self.on_refused(cause, reason),
            Some(Event::Unreachable { reason }) => {
                self.detach();
                warn!(%reason, "the master cannot be reached; dialling on");
            }
            Some(Event::Detached { reason }) => {
                self.detach();
                warn!(%reason, "lost the master; media goes on, dialling anew");
            }
            None => {
                return Some(Exit::Superseded {
                    reason: "the link is closed".into(),
                });
            }
        }
        None
    }

    fn greet(&mut self, wanted: HelloWanted) {
        self.detach();
        // What waits is older than the snapshot and would only contradict it.
        while self.plane_events.try_recv().is_ok() {}
        let carried = match self.carrier.snapshot() {
            Ok(carried) => carried,
            // Without a hello the connection dies of silence and is dialled anew.
            Err(reason) => return error!(%reason, "cannot tell the master what is carried"),
        };
        let hello = proto::Hello {
            join_secret: self.identity.join_secret.clone(),
            node_id: self.identity.node_id.clone(),
            boot_id: self.identity.boot_id.clone(),
            boot_started: self.identity.boot_started,
            version: self.identity.version.clone(),
            addresses: Some(self.addresses()),
            capacity: Some(proto::Capacity {
                shards: self.identity.shards,
            }),
            snapshot: Some(translate::snapshot(&carried)),
        };
        self.outbox = Some(wanted.greet(hello));
    }

    fn on_attached(&mut self, welcome: &proto::Welcome) {
        self.attached = true;
        if self.fence.admits(welcome.term) {
            info!(master = %welcome.master_boot_id, term = welcome.term, "attached to the master");
        } else {
            warn!(
                master = %welcome.master_boot_id,
                term = welcome.term,
                highest = self.fence.highest(),
                "attached to a master of an old term; its commands are refused"
            );
        }
    }

    fn on_refused(&mut self, cause: refused::Cause, reason: String) -> Option<Exit> {
        self.detach();
        match cause {
            refused::Cause::Superseded => return Some(Exit::Superseded { reason }),
            refused::Cause::BadSecret => error!(
                %reason,
                "the master refuses this node's join secret; correct link.join_secret here or there. Asking again slowly"
            ),
            _ => error!(%reason, "the master refuses this node; asking again slowly"),
        }
        None
    }

    fn detach(&mut self) {
        self.outbox = None;
        self.attached = false;
        self.requests.forget_all();
    }

    fn on_command(&mut self, command: proto::Command) {
        let Some(asked) = command.command else {
            return warn!(
                key = command.key,
                "a command of an unknown kind; is the master newer than this node?"
            );
        };
        let answered = translate::is_answered(&asked);
        if let Err(failure) = self.obey(command.key, command.term, asked) {
            debug!(key = command.key, reason = %failure.reason, "command refused");
            if answered {
                self.answer(command.key, Err(failure));
            }
        }
    }

    fn obey(
        &mut self,
        masters_key: u64,
        term: u64,
        asked: proto::command::Command,
    ) -> Result<(), proto::Failure> {
        use proto::failure::Kind;
        if !self.fence.admits(term) {
            let highest = self.fence.highest();
            let reason = format!("expected term {highest} or higher, got {term}");
            return Err(translate::failure(Kind::StaleTerm, reason));
        }
        let key = if translate::is_answered(&asked) {
            self.requests.open(masters_key).ok_or_else(|| {
                translate::failure(Kind::Unavailable, "too many commands under way".into())
            })?
        } else {
            0
        };
        let submitted = translate::command(key, asked).and_then(|command| {
            self.carrier
                .submit(command)
                .map_err(|e| translate::failure(Kind::Unavailable, e.to_string()))
        });
        if submitted.is_err() {
            self.requests.close(key);
        }
        submitted
    }

    fn on_plane(&mut self, event: media::Event) {
        match event {
            media::Event::Answered { key, result } => match self.requests.close(key) {
                Some(key) => self.answer(key, result.map_err(translate::refusal)),
                None => debug!(key, "an answer that no present master waits for"),
            },
            media::Event::Transport { state, reason } => {
                debug!(transport = %state.transport, stage = ?state.stage, reason, "transport");
                self.say(from_node::Message::TransportChanged(
                    proto::TransportChanged {
                        state: Some(translate::transport(&state)),
                        reason: reason.to_owned(),
                    },
                ));
            }
        }
    }

    fn answer(&self, key: u64, result: Result<media::Answer, proto::Failure>) {
        self.say(from_node::Message::Answer(translate::answer(key, result)));
    }

    /// Tells the master, if there is one. Without one nothing is kept: the next hello tells everything.
    fn say(&self, message: from_node::Message) {
        if let Some(outbox) = &self.outbox
            && !outbox.send(message)
        {
            warn!("the queue to the master is full or closed; a message was dropped");
        }
    }

    fn is_orphaned(&mut self, now: Instant) -> bool {
        let transports = match self.carrier.snapshot() {
            Ok(transports) => transports,
            Err(reason) => {
                warn!(%reason, "load is not known");
                return false;
            }
        };
        let load = load::count(&transports, self.cpu.look(now));
        let carried = load.transports;
        self.load.send_replace(load);
        self.orphan.is_met(now, self.attached, carried as usize)
    }

    fn look_at_addresses(&mut self) {
        let changed = self.announced.update(self.addresses.look());
        if changed {
            self.announce();
        }
        if changed || self.addresses_owed {
            let told = self.carrier.set_addresses(self.announced.ips().to_vec());
            self.addresses_owed = told.is_err();
        }
    }

    fn addresses(&self) -> proto::Addresses {
        let (ports, stun_port) = (self.carrier.ports(), self.carrier.stun_port());
        self.announced.message(&ports, stun_port)
    }

    fn announce(&self) {
        match self.announced.problem() {
            None => info!(addresses = ?self.announced.ips(), "clients are told new addresses"),
            Some(problem) => error!(problem, "this node cannot be used"),
        }
        let addresses = self.addresses();
        self.say(from_node::Message::AddressesChanged(
            proto::AddressesChanged {
                addresses: Some(addresses),
            },
        ));
    }
}

/// The plane's next event, taken only when there is room to pass it on: what does not fit stays with the shards.
async fn next_event(
    outbox: Option<&Outbox>,
    events: &mut mpsc::Receiver<media::Event>,
) -> Option<media::Event> {
    if let Some(outbox) = outbox {
        outbox.ready().await;
    }
    events.recv().await
}

fn leaving(exit: &Exit) -> &'static str {
    match exit {
        Exit::Stopped => "stopped",
        Exit::Superseded { .. } => "another process has this node id",
        Exit::Orphaned => "no master and nobody to serve",
    }
}

#[cfg(test)]
mod tests;
