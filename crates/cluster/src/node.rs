//! One node as the cluster knows it: facts, from which its state follows.

use std::collections::BTreeSet;

use crate::addresses::{Addresses, Entry};
use crate::ids::{AttachmentId, BootId, Generation, Moment, NodeId, SessionId};
use crate::input::{Boot, Capacity, Environment, Hello, Load};
use crate::status::MediaNodeStatus;

/// Where a node is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Asked of a provider; has not dialled in.
    Launching,
    /// A launch that is not wanted any more; terminated when it dials in.
    Canceled,
    /// A launch that failed.
    Failed,
    /// Known, but without a link or without an address that clients could reach; it has not served in this boot.
    Joining,
    /// Its addresses are not proven in this boot and this version.
    Probing,
    /// Sessions may be placed on it.
    Serving,
    /// It has served, and a sign of life is missing: nothing new is placed, nothing that it carries is touched.
    Suspect,
    /// Drained: nothing new is placed; it goes with its last session or at a deadline.
    WaitingIdle,
    /// On its way out.
    Terminating,
}

/// A node that is not known to be gone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    pub(crate) id: NodeId,
    /// When it was asked for or came by itself.
    pub(crate) since: Moment,
    pub(crate) environment: Environment,
    pub(crate) boot: Option<Boot>,
    pub(crate) version: String,
    pub(crate) addresses: Addresses,
    /// When the ages in them were told, if there are any.
    pub(crate) addresses_told: Option<Moment>,
    pub(crate) capacity: Capacity,
    pub(crate) load: Load,
    pub(crate) link: Link,
    /// Since when nothing has been heard on a link that is up.
    pub(crate) silent: Option<Moment>,
    /// When its provider said that it was gone.
    pub(crate) gone: Option<Moment>,
    /// When it last dialled in.
    pub(crate) dialled: Option<Moment>,
    /// The latest stream that this boot dialled.
    pub(crate) latest: Option<AttachmentId>,
    pub(crate) lease: Lease,
    pub(crate) probe: Probe,
    /// It has been in [`State::Serving`] in this boot.
    pub(crate) served: bool,
    /// It said that it was going down.
    pub(crate) leaving: bool,
    pub(crate) intent: Intent,
    pub(crate) sessions: BTreeSet<SessionId>,
    /// Placements since the last heartbeat, and those of the heartbeat before, which may have been sent before it knew
    /// of them: counted as load, or a burst of joins would all go to one node.
    pub(crate) placed: [u32; 2],
    pub(crate) placed_ever: u64,
    /// When it last became suspect.
    pub(crate) suspect_since: Option<Moment>,
    /// What was last told of it.
    pub(crate) told: Option<(State, MediaNodeStatus)>,
}

/// Whether the node can be talked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Link {
    /// It has not dialled in.
    Awaited,
    Up(AttachmentId),
    Down(Moment),
}

/// What the store says of its registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lease {
    /// Nothing: leases are not in use, or it has not registered.
    Unused,
    Held(Generation),
    Lost(Moment),
}

/// What is known of its reachability by clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Probe {
    pub(crate) phase: Phase,
    /// The version of its addresses that was proven in this boot.
    pub(crate) proof: Option<u64>,
    /// In a row.
    pub(crate) failures: u32,
    /// Of these, those in a row that were refused while it was not heard on its link.
    pub(crate) refusals: u32,
    /// When one last passed.
    pub(crate) passed: Option<Moment>,
    /// What was wrong the last time.
    pub(crate) problem: Option<String>,
    /// Since when too many have failed.
    pub(crate) lost: Option<Moment>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    #[default]
    Off,
    Due(Moment),
    /// Failed at that moment.
    Asked(Moment),
}

/// What is to become of a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Intent {
    Stay,
    /// Asked for by a launch that has to dial in by then.
    Launch {
        by: Moment,
    },
    /// Not wanted; forgotten when it has not dialled in by then.
    Cancel {
        by: Moment,
        by_operator: bool,
    },
    Fail {
        reason: String,
    },
    Drain {
        until: Moment,
        by_operator: bool,
    },
    Terminate {
        /// Asked for again then.
        again: Moment,
        /// The machine has been told; from then on there is no way back.
        told: bool,
    },
}

impl Node {
    pub(crate) fn new(id: NodeId, since: Moment, intent: Intent) -> Self {
        Self {
            id,
            since,
            environment: Environment::default(),
            boot: None,
            version: String::new(),
            addresses: Addresses::default(),
            addresses_told: None,
            capacity: Capacity::default(),
            load: Load::default(),
            link: Link::Awaited,
            silent: None,
            gone: None,
            dialled: None,
            latest: None,
            lease: Lease::Unused,
            probe: Probe::default(),
            served: false,
            leaving: false,
            intent,
            sessions: BTreeSet::new(),
            placed: [0; 2],
            placed_ever: 0,
            suspect_since: None,
            told: None,
        }
    }

    /// What it says of itself replaces what it said before.
    pub(crate) fn attach(&mut self, now: Moment, attachment: AttachmentId, hello: Hello) {
        self.link = Link::Up(attachment);
        self.silent = None;
        self.gone = None;
        self.probe.refusals = 0;
        self.dialled = Some(now);
        self.latest = Some(attachment);
        self.boot = Some(hello.boot);
        self.version = hello.version;
        self.take_addresses(now, hello.addresses);
        self.capacity = hello.capacity;
        self.take_load(hello.load);
    }

    pub(crate) fn take_addresses(&mut self, now: Moment, addresses: Addresses) {
        self.addresses_told = (!addresses.entries.is_empty()).then_some(now);
        self.addresses = addresses;
    }

    pub(crate) fn take_load(&mut self, load: Load) {
        self.load = load;
        self.placed = [0, self.placed[0]];
    }

    pub(crate) fn is_boot(&self, boot: &BootId) -> bool {
        self.boot.as_ref().is_some_and(|known| known.id == *boot)
    }

    #[allow(missing_docs)]
    pub fn id(&self) -> &NodeId {
        &self.id
    }

    /// When it was asked for or came by itself.
    pub fn since(&self) -> Moment {
        self.since
    }

    /// What its provider knows of the machine.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The present one; `None` until it has dialled in.
    pub fn boot(&self) -> Option<&Boot> {
        self.boot.as_ref()
    }

    /// Version of its program; empty until it has dialled in.
    pub fn version(&self) -> &str {
        &self.version
    }

    #[allow(missing_docs)]
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// All that it knows of its addresses, as old as it is now.
    pub fn address_entries(&self, now: Moment) -> impl Iterator<Item = Entry> {
        let told = self.addresses_told.unwrap_or(now);
        let ago = crate::liveness::since(told, now);
        let entries = self.addresses.entries.iter().cloned();
        entries.map(move |entry| entry.aged(ago))
    }

    #[allow(missing_docs)]
    pub fn capacity(&self) -> Capacity {
        self.capacity
    }

    /// As last told.
    pub fn load(&self) -> Load {
        self.load
    }

    /// What has been placed on it and has not ended.
    pub fn sessions(&self) -> impl ExactSizeIterator<Item = &SessionId> {
        self.sessions.iter()
    }

    /// Its registration in the store, for guards.
    pub fn generation(&self) -> Option<Generation> {
        match self.lease {
            Lease::Held(generation) => Some(generation),
            Lease::Unused | Lease::Lost(_) => None,
        }
    }

    /// The stream of the link on which it can be told something now.
    pub fn attachment(&self) -> Option<AttachmentId> {
        match self.link {
            Link::Up(attachment) => Some(attachment),
            Link::Awaited | Link::Down(_) => None,
        }
    }

    /// When it last dialled in.
    pub fn dialled(&self) -> Option<Moment> {
        self.dialled
    }

    /// Since when its link is down; `None` while it is up, and for a node that is awaited.
    pub fn down_since(&self) -> Option<Moment> {
        match self.link {
            Link::Down(at) => Some(at),
            Link::Awaited | Link::Up(_) => None,
        }
    }

    /// As last settled.
    pub fn state(&self) -> State {
        self.told.map_or(State::Joining, |(state, _)| state)
    }

    /// As clients of OpenVidu see it.
    pub fn status(&self) -> MediaNodeStatus {
        self.told
            .map_or(MediaNodeStatus::Launching, |(_, status)| status)
    }

    /// No probe has said yet why it cannot be used.
    pub fn is_untried(&self) -> bool {
        self.probe.problem.is_none()
    }

    /// Whether its link is up and not silent.
    pub fn heard(&self) -> bool {
        matches!(self.link, Link::Up(_)) && self.silent.is_none()
    }

    /// Whether a sign of life is missing.
    pub(crate) fn doubtful(&self) -> bool {
        !self.heard() || matches!(self.lease, Lease::Lost(_)) || self.probe.lost.is_some()
    }

    pub(crate) fn derive_state(&self, proven: bool) -> State {
        match self.intent {
            Intent::Fail { .. } => return State::Failed,
            Intent::Cancel { .. } => return State::Canceled,
            Intent::Terminate { .. } => return State::Terminating,
            Intent::Drain { .. } => return State::WaitingIdle,
            Intent::Launch { .. } => return State::Launching,
            Intent::Stay => {}
        }
        if self.leaving {
            State::Terminating
        } else if self.served && self.doubtful() {
            State::Suspect
        } else if !matches!(self.link, Link::Up(_)) || !self.addresses.usable() {
            State::Joining
        } else if !proven {
            State::Probing
        } else if matches!(self.lease, Lease::Lost(_)) {
            State::Joining
        } else {
            State::Serving
        }
    }

    /// A node that has served stays `running` to the outside while it is suspect or proven anew.
    pub(crate) fn derive_status(&self, state: State) -> MediaNodeStatus {
        match state {
            State::Failed => MediaNodeStatus::Failed,
            State::Canceled => MediaNodeStatus::Canceled,
            State::Terminating => MediaNodeStatus::Terminating,
            State::WaitingIdle => MediaNodeStatus::WaitingIdleToTerminate,
            State::Serving | State::Suspect => MediaNodeStatus::Running,
            State::Launching | State::Joining | State::Probing if !self.served => {
                MediaNodeStatus::Launching
            }
            State::Launching | State::Joining | State::Probing => MediaNodeStatus::Running,
        }
    }
}
