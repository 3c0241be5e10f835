//! The matrix: what is good, what is withheld, and what a node can be used for.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod chances;
mod relays;
mod rules;
mod world;
