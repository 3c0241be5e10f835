//! What a master's mind is made with.

use std::time::Duration;

use conference::{IceServer, Remedy};

use crate::outbox::Webhook;
use crate::relay::RelayRules;

/// How the whole behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    #[allow(missing_docs)]
    pub cluster: cluster::Settings,
    /// What clients get whose connection names no ICE servers. Empty: `stun:` of the node that serves them.
    pub ice_servers: Vec<IceServer>,
    /// How relays are used. `None`: they answer Binding requests only.
    pub relay: Option<RelayRules>,
    /// `HOST:PORT` of STUN servers by which nodes find their public address.
    pub stun_servers: Vec<String>,
    /// How many nodes are wanted, until somebody says otherwise.
    pub policy: cluster::Policy,
    /// What becomes of sessions whose node is dead.
    pub remedy: Remedy,
    /// Whether whoever stops the master ends its nodes too, so that the next run waits for none of them.
    pub nodes_end: bool,
    /// Whether there is a store. Without one nothing waits, and nothing outlives the master.
    pub durable: bool,
    /// What the application's server wants to hear of, if there is one.
    pub webhook: Option<Webhook>,
    /// How often sessions that nobody joined are looked for. Zero turns it off.
    pub garbage_interval: Duration,
    /// How old such a session must be to be removed.
    pub garbage_threshold: Duration,
}

impl Default for Settings {
    /// Without a store, an outbox and garbage collection; sessions outlive their nodes.
    fn default() -> Self {
        Self {
            cluster: cluster::Settings::default(),
            ice_servers: Vec::new(),
            relay: None,
            stun_servers: Vec::new(),
            policy: cluster::Policy::default(),
            remedy: Remedy::Recover,
            nodes_end: false,
            durable: false,
            webhook: None,
            garbage_interval: Duration::ZERO,
            garbage_threshold: Duration::ZERO,
        }
    }
}
