//! What Linux says of the machine that a process runs on: the addresses of its interfaces ([`addresses`]), and how much of
//! what is scarce is used ([`limits`]). For whoever tells the diagnosis, or a person.
//!
//! It reads `/proc` and asks the kernel for interfaces, which takes well under a millisecond unless a process has many
//! thousands of files open. What cannot be read is not known: nothing here fails. Knows neither master nor node.

mod interfaces;
mod limits;

pub use interfaces::addresses;
pub use limits::limits;
