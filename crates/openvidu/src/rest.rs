//! REST under `/openvidu/api`: bodies to typed requests, the conference's state to JSON, errors to statuses.
//!
//! Every `parse_…` takes a whole body and treats explicit `null` as absent, ignores unknown keys, refuses wrong types
//! by name (400), and takes an empty body for `{}`. Every `render_…` returns JSON text; every key that the SDKs read
//! is always there.
//!
//! **Order of checks.** Where a path names a session, applications expect "no such session" before "bad body": look
//! the session up first, then parse.

mod body;
mod config;
mod connection;
mod flags;
mod health;
mod kurento;
mod media_node;
mod recording;
mod refused;
mod restart;
mod session;
mod signal;
mod token;

pub use config::{Autoscaling, Cluster, Config, Recording, Webhook};
pub use connection::{
    ConnectionUpdate, parse_connection, parse_update, render_connection, render_connections,
};
pub use flags::Flags;
pub use health::render_health;
pub use media_node::{
    MediaNode, NodeFlags, NodeRequest, NodeTimes, Removal, RemovalStep, Strategy, command_for, ip,
    launch_failed, may_launch, no_such_node, parse_launch, parse_removal, parse_status, refusal_of,
    render_media_node, render_media_nodes, uri,
};
pub use refused::{Call, Refused, status_of};
pub use restart::{Change, ChangedValue, parse_restart};
pub use session::{SessionDefaults, parse_session, render_session, render_sessions};
pub use signal::{SignalRequest, parse_signal};
pub use token::{TokenRequest, parse_token, render_token};
