//! STUN (RFC 8489, and the Binding of RFC 3489) and TURN (RFC 8656), the server's side: who may relay, to whom, and
//! how each datagram is dressed for its way.
//!
//! Pure: no clock, socket, task or randomness. The shell hands in datagrams and the time, opens a socket when
//! [`Action::Open`] asks for one, and sends what it is told to. Does not know the link, sessions, or which of the peers
//! is the node itself.
//!
//! - [`Server`] is all of it. [`Settings`] say whom it serves and where it relays to; they may change at any time.
//! - [`client::Client`] is the other side, as far as probes, tests and load need it.
//! - [`Frames`] cuts a TCP or TLS stream into messages (RFC 8656 section 3.1).
//! - [`Counts`] and [`Event`] tell what happened, by method and code, and by client.
//!
//! # What always holds
//! - Without settings Binding is answered and nothing else is.
//! - Data goes only to a peer of [`Settings::peers`], address **and** port, and comes only from one. A permission is for an
//!   address alone (RFC 8656 section 9), so CreatePermission is refused with 403 unless some peer has that address;
//!   what is then sent to another of its ports is dropped and counted. Loopback, metadata services and private hosts
//!   need no list of their own: whatever is not a peer is refused. Peers that are taken from the list lose their permissions
//!   and channels at once.
//! - Credentials are `expiry:label` and the base64 of its HMAC-SHA1 under a shared secret, the current or the previous
//!   one. The expiry is judged by the master's clock, [`Settings::clock_offset_ms`] from ours, with [`GRACE_MS`] of
//!   grace, when an allocation is made. The allocation keeps its key: a call is not cut by the end of a day or by two
//!   rotations.
//! - Nothing is kept for somebody who has not proven that he knows a secret: nonces are signed, not stored. What is
//!   kept has bounds: allocations in all and per label, permissions and channels per allocation, events, bytes of a
//!   stream's unfinished message.
//!
//! # What is not there
//! Relaying to peers over TCP (RFC 6062), reserved ports (508), DONT-FRAGMENT (420), mobility, SHA-256 integrity
//! (nothing announces it, so no client uses it), the second family of ADDITIONAL-ADDRESS-FAMILY.
//!
//! # Why not a library
//! `turn-server-proto` was tried first, as it is sans-IO too. It goes through all clients for each packet, opens a tracing
//! span for each, never forgets a user, keeps a nonce for every address that sent one datagram, has no quotas and draws
//! its own random numbers.

mod allocation;
pub mod client;
mod counts;
mod credentials;
mod event;
mod frames;
mod message;
mod nonce;
mod server;
mod settings;
mod tuple;
mod usage;

pub use counts::{Code, Counts, Method};
pub use credentials::{GRACE_MS, Secret};
pub use event::{Ended, Event, What};
pub use frames::{Broken, Frames};
pub use message::{Class, LARGEST, Message, Reply, attribute, method};
pub use server::{Action, AllocationId, Dress, NoPort, Now, Server, Ticket};
pub use settings::{Quotas, Settings};
pub use tuple::{Tuple, Via};
pub use usage::Usage;
