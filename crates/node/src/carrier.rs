//! What the node asks of its media plane, as a trait so that the agent can be tested with a plane that only records.

use std::net::IpAddr;

use media::relay::{Counts, Event, Settings};
use media::{Command, Overloaded, Plane, SnapshotError, TransportState};

/// The media plane as the agent sees it. None of the calls blocks while the plane is well.
pub(crate) trait Carrier {
    /// Queues a command for its shard.
    fn submit(&self, command: Command) -> Result<(), Overloaded>;
    /// All that is carried at this moment.
    fn snapshot(&self) -> Result<Vec<TransportState>, SnapshotError>;
    /// Addresses for descriptions made from now on, and their version.
    fn set_addresses(&self, version: u64, ips: &[IpAddr]) -> Result<(), Overloaded>;
    /// Has what clients were to be told of changed addresses lately told once more.
    fn tell_again(&self) -> Result<(), Overloaded>;
    /// Has what was seen of these transports told, of all when there are none.
    fn ask_evidence(&self, transports: &[media::Id]) -> Result<(), Overloaded>;
    /// What the relay may do from now on.
    fn set_relay(&self, settings: Settings) -> Result<(), Overloaded>;
    /// What the relay counted since it started.
    fn relay_counts(&self) -> Result<Counts, SnapshotError>;
    /// What happened to the relay's clients since this was last asked.
    fn take_relay_events(&self) -> Result<Vec<Event>, SnapshotError>;
    /// Candidates that descriptions made from now on leave out.
    fn withhold(&self, withheld: &[media::Withheld]) -> Result<(), Overloaded>;
    /// Has the shard that carries this transport begin anew.
    fn restart_shard(&self, transport: &media::Id) -> Result<(), Overloaded>;
    /// The port of each shard.
    fn ports(&self) -> Vec<u16>;
    /// The port of the relay.
    fn stun_port(&self) -> u16;
}

impl Carrier for Plane {
    fn submit(&self, command: Command) -> Result<(), Overloaded> {
        Self::submit(self, command)
    }

    fn snapshot(&self) -> Result<Vec<TransportState>, SnapshotError> {
        Self::snapshot(self)
    }

    fn set_addresses(&self, version: u64, ips: &[IpAddr]) -> Result<(), Overloaded> {
        Self::set_addresses(self, version, ips)
    }

    fn tell_again(&self) -> Result<(), Overloaded> {
        Self::tell_again(self)
    }

    fn ask_evidence(&self, transports: &[media::Id]) -> Result<(), Overloaded> {
        Self::ask_evidence(self, transports)
    }

    fn set_relay(&self, settings: Settings) -> Result<(), Overloaded> {
        Self::set_relay(self, settings)
    }

    fn relay_counts(&self) -> Result<Counts, SnapshotError> {
        Self::relay_counts(self)
    }

    fn take_relay_events(&self) -> Result<Vec<Event>, SnapshotError> {
        Self::take_relay_events(self)
    }

    fn withhold(&self, withheld: &[media::Withheld]) -> Result<(), Overloaded> {
        Self::withhold(self, withheld)
    }

    fn restart_shard(&self, transport: &media::Id) -> Result<(), Overloaded> {
        Self::restart_shard(self, transport)
    }

    fn ports(&self) -> Vec<u16> {
        Self::ports(self)
    }

    fn stun_port(&self) -> u16 {
        Self::stun_port(self)
    }
}
