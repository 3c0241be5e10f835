//! How the synthetic client talks to the node beside media.

use std::fmt;

/// What a call of a probe uses as session, stream and transport on the node: `probe/<who>/<probe>/<call>`. No session of
/// users has a `/` in its id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name(String);

impl Name {
    /// Begins all names. Nodes leave what is named so out of their load.
    pub const PREFIX: &'static str = "probe/";

    /// `who` tells one prober's names from another's, for instance by the boot id of the master; `number` must not be
    /// used twice by it.
    pub fn new(who: &str, number: u64) -> Self {
        Self(format!("{}{who}/{number}", Self::PREFIX))
    }

    /// Of one call of this probe.
    pub fn call(&self, call: usize) -> Self {
        Self(format!("{self}/{call}"))
    }

    /// The session, the stream and the transport that publishes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The transport that has the stream sent back.
    pub fn subscriber(&self) -> String {
        format!("{self}/back")
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Publishes and subscribes for the synthetic client. Implemented by whoever has a way to the node. Errors are sentences
/// for the operator.
pub trait Signalling: Sync {
    /// Has the node answer `offer` with a receiving transport, session, stream and transport being called `name`, and
    /// returns its SDP answer.
    fn publish(
        &self,
        name: &Name,
        offer: String,
    ) -> impl Future<Output = Result<String, String>> + Send;

    /// Has the node offer to send the stream `name` by the transport [`Name::subscriber`], and returns its SDP offer.
    fn subscribe(&self, name: &Name) -> impl Future<Output = Result<String, String>> + Send;

    /// Hands the node the answer to that offer.
    fn accept(
        &self,
        name: &Name,
        answer: String,
    ) -> impl Future<Output = Result<(), String>> + Send;

    /// Has the node close both transports, if there are any. Called once for each name with which `publish` was begun, also
    /// when that failed or was given up. Must not block.
    fn close(&self, name: &Name);
}
