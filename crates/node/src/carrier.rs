//! What the node asks of its media plane, as a trait so that the agent can be tested with a plane that only records.

use std::net::IpAddr;

use media::{Command, Overloaded, TransportState};

/// The media plane as the agent sees it. None of the calls may block for longer than a few milliseconds.
pub(crate) trait Carrier {
    /// Queues a command for its shard.
    fn submit(&self, command: Command) -> Result<(), Overloaded>;
    /// All that is carried at this moment.
    fn snapshot(&self) -> Vec<TransportState>;
    /// Addresses for descriptions made from now on.
    fn set_addresses(&self, addresses: Vec<IpAddr>);
    /// The port of each shard.
    fn ports(&self) -> Vec<u16>;
}
