//! One node as the cluster knows it.

use crate::ids::{AttachmentId, Moment, NodeId};
use crate::input::{Addresses, Boot, Capacity, Hello, Load};

/// Where a node is in its life. A dead node is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Attached, but has no address that clients could reach.
    Unusable,
    /// Attached and usable: sessions may be placed on it.
    Serving,
    /// Attached and on its way out: nothing new is placed on it.
    Leaving,
    /// The link is down. Nothing new is placed; nothing it carries is touched.
    Suspect,
}

/// A node that is not known to be dead.
#[derive(Clone, Debug)]
pub struct Node {
    pub(crate) id: NodeId,
    pub(crate) boot: Boot,
    pub(crate) version: String,
    pub(crate) addresses: Addresses,
    pub(crate) capacity: Capacity,
    pub(crate) load: Load,
    pub(crate) link: Link,
    pub(crate) leaving: bool,
    /// Placements since `load` was told: counted as load, or a burst of joins would all go to one node.
    pub(crate) placed_since_load: u32,
    pub(crate) placed_ever: u64,
}

/// Whether the node can be talked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Up(AttachmentId),
    /// Down; the node is dead at that moment.
    Down(Moment),
}

impl Node {
    pub(crate) fn new(attachment: AttachmentId, hello: Hello) -> Self {
        Self {
            id: hello.node,
            boot: hello.boot,
            version: hello.version,
            addresses: hello.addresses,
            capacity: hello.capacity,
            load: hello.load,
            link: Link::Up(attachment),
            leaving: false,
            placed_since_load: 0,
            placed_ever: 0,
        }
    }

    /// The same boot dialled in again: what it says now replaces what it said before.
    pub(crate) fn reattach(&mut self, attachment: AttachmentId, hello: Hello) {
        self.link = Link::Up(attachment);
        self.version = hello.version;
        self.addresses = hello.addresses;
        self.capacity = hello.capacity;
        self.leaving = false;
        self.take_load(hello.load);
    }

    pub(crate) fn take_load(&mut self, load: Load) {
        self.load = load;
        self.placed_since_load = 0;
    }

    #[allow(missing_docs)]
    pub fn id(&self) -> &NodeId {
        &self.id
    }

    #[allow(missing_docs)]
    pub fn boot(&self) -> &Boot {
        &self.boot
    }

    /// Version of its program.
    pub fn version(&self) -> &str {
        &self.version
    }

    #[allow(missing_docs)]
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    #[allow(missing_docs)]
    pub fn capacity(&self) -> Capacity {
        self.capacity
    }

    /// As last told.
    pub fn load(&self) -> Load {
        self.load
    }

    /// The stream of the link on which it can be told something now.
    pub fn attachment(&self) -> Option<AttachmentId> {
        match self.link {
            Link::Up(attachment) => Some(attachment),
            Link::Down(_) => None,
        }
    }

    #[allow(missing_docs)]
    pub fn status(&self) -> Status {
        match self.link {
            Link::Down(_) => Status::Suspect,
            Link::Up(_) if self.leaving => Status::Leaving,
            Link::Up(_) if self.addresses.usable() => Status::Serving,
            Link::Up(_) => Status::Unusable,
        }
    }
}
