//! The server and a client that speak to each other without sockets.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]
#![expect(
    clippy::disallowed_methods,
    reason = "an Instant can only be had from the clock; it is read once for each stage"
)]

mod attacks;
mod chance;
mod dialogue;
mod stage;
