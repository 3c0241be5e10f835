//! How the synthetic client talks to the node beside media.

use std::fmt;

/// What a probe calls session, stream and transport on the node: `probe/<who>/<number>`. No session of users has a `/`
/// in its id.
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

    #[allow(missing_docs)]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Publishes for the synthetic client. Implemented by whoever has a way to the node.
pub trait Signalling {
    /// Has the node answer `offer` with a receiving transport, session, stream and transport being called `name`, and
    /// returns its SDP answer.
    ///
    /// # Errors
    /// A sentence for the operator.
    fn publish(
        &self,
        name: &Name,
        offer: String,
    ) -> impl Future<Output = Result<String, String>> + Send;

    /// Has the node close the transport `name`, if there is one. Called once after each `publish` that was begun, also
    /// when that failed or was given up. Must not block.
    fn close(&self, name: &Name);
}
