//! What the node asks of its media plane, as a trait so that the agent can be tested with a plane that only records.

use std::net::IpAddr;

use media::{Command, Overloaded, Plane, SnapshotError, TransportState};

/// The media plane as the agent sees it. None of the calls blocks while the plane is well.
pub(crate) trait Carrier {
    /// Queues a command for its shard.
    fn submit(&self, command: Command) -> Result<(), Overloaded>;
    /// All that is carried at this moment.
    fn snapshot(&self) -> Result<Vec<TransportState>, SnapshotError>;
    /// Addresses for descriptions made from now on.
    fn set_addresses(&self, addresses: Vec<IpAddr>) -> Result<(), Overloaded>;
    /// Candidates that descriptions made from now on leave out.
    fn withhold(&self, withheld: &[media::Withheld]) -> Result<(), Overloaded>;
    /// The port of each shard.
    fn ports(&self) -> Vec<u16>;
    /// The port that answers plain STUN requests.
    fn stun_port(&self) -> u16;
}

impl Carrier for Plane {
    fn submit(&self, command: Command) -> Result<(), Overloaded> {
        Self::submit(self, command)
    }

    fn snapshot(&self) -> Result<Vec<TransportState>, SnapshotError> {
        Self::snapshot(self)
    }

    fn set_addresses(&self, addresses: Vec<IpAddr>) -> Result<(), Overloaded> {
        Self::set_addresses(self, addresses)
    }

    fn withhold(&self, withheld: &[media::Withheld]) -> Result<(), Overloaded> {
        Self::withhold(self, withheld)
    }

    fn ports(&self) -> Vec<u16> {
        Self::ports(self)
    }

    fn stun_port(&self) -> u16 {
        Self::stun_port(self)
    }
}
