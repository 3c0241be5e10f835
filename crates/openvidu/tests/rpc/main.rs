//! JSON-RPC, as clients see it.

#![allow(clippy::unwrap_used)]

mod frames;
mod harness;
mod hostile;
mod life;
mod methods;
mod resumption;
