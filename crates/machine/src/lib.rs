//! What Linux says of the machine that a process runs on: how much of what is scarce is used ([`limits`], [`disk`]), and of its
//! network ([`Interfaces`]). For whoever tells the diagnosis, or a person.
//!
//! It reads `/proc` and `/sys` and asks for the queues of interfaces (rtnetlink), which takes well under a millisecond
//! unless a process has many thousands of files open. What cannot be read is not known: nothing here fails. Knows neither master nor node.

mod clock;
mod disk;
mod limits;
mod network;
mod queues;

pub use clock::{clock_source, is_slow_clock};
pub use disk::disk;
pub use limits::limits;
pub use network::Interfaces;
