//! Probes of a real media plane over the loopback interface, and of fronts before it that misbehave.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod failing;
mod front;
mod machine;
mod node;
mod passing;
mod relayed;
