//! What a master's mind is made with.

use std::time::Duration;

use conference::IceServer;

/// How the whole behaves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    #[allow(missing_docs)]
    pub cluster: cluster::Settings,
    /// What clients get whose connection names no ICE servers. Empty: `stun:` of the node that serves them.
    pub ice_servers: Vec<IceServer>,
    /// How often sessions that nobody joined are looked for. Zero turns it off.
    pub garbage_interval: Duration,
    /// How old such a session must be to be removed.
    pub garbage_threshold: Duration,
}
