//! What operators and applications may do to the master beside holding meetings.

use std::sync::Arc;

use openvidu::rest::Change;

use crate::webhook::Webhook;

/// How a master is administered. By default it has no name and cannot be restarted from afar.
#[derive(Clone, Default)]
pub struct Administration {
    /// Names the cluster, in configurations and events.
    pub cluster_id: String,
    /// URLs of the link that tokens lead to.
    pub links: Vec<String>,
    /// `None`: `POST /restart` is refused.
    pub restart: Option<Restart>,
    /// `None`: applications are told nothing by themselves.
    pub webhook: Option<Webhook>,
    /// What is balanced between nodes.
    pub strategy: cluster::Strategy,
    /// How many nodes are wanted, until somebody says otherwise.
    pub policy: cluster::Policy,
}

/// Writes these changes of the configuration down and has the program start again with them, soon; media goes on. An
/// error says which of them is wrong: then nothing happens.
pub type Restart = Arc<dyn Fn(Vec<Change>) -> Result<(), String> + Send + Sync>;
