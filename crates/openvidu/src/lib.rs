//! The face that OpenVidu 2.24–2.32 applications and clients see: bytes to and from `conference` requests and
//! effects.
//!
//! Pure: no clock, socket, task or randomness. The shell hands in the time, random bytes, frames and bodies, and gets
//! back what to send, what to ask the conference, and when to call again. Of nodes it knows how OpenVidu shows them, and
//! nothing of the link between master and node.
//!
//! - [`rpc`]: JSON-RPC over WebSocket (`/openvidu`), one [`rpc::Client`] per client.
//! - [`rest`]: bodies, views and statuses of `/openvidu/api`.
//! - [`webhook`]: what an application's server is told by itself, and in which order it gets there.
//! - [`id`]: the shapes of ids and tokens. [`ice`]: ICE servers. [`auth`]: the API's password.

pub mod auth;
pub mod ice;
pub mod id;
pub mod rest;
pub mod rpc;
pub mod webhook;

mod stream;
