//! The REST API, as applications and SDKs see it.

#![allow(clippy::unwrap_used)]

mod config;
mod connections;
mod errors;
mod hostile;
mod media_nodes;
mod restart;
mod sessions;
mod signals;
mod state;
