//! The plane as clients meet it: real sockets on the loopback interface, real ICE, DTLS and SRTP, by `str0m` on the
//! clients' side.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod calls;
mod client;
mod commands;
mod evidence;
mod feedback;
mod foreign;
mod hostile;
mod relay;
mod relayed;
mod relaying_streams;
mod world;
