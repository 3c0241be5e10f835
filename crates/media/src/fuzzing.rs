//! What reads the bytes of strangers and is otherwise private. Only for the targets in `fuzz/`; no part of the API.

pub use crate::net::{Frames, Peer, TooLong, Via};
pub use crate::stun::{Request, is_binding_success};
pub use crate::transport::{
    Codecs, Effect, Exported, Factory, Kind, Transport, exporting_provider, take_keys,
};
