//! Typed identities. A connection's id can never be passed where a stream's is meant.

use std::fmt;
use std::sync::Arc;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps text that is already known to be such an id.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The id as it appears on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// A session: `ses_` + an upper-case letter + 9 alphanumerics, or the application's `customSessionId`.
    SessionId
}
id! {
    /// A connection (one participant, pending or active): `con_` + an upper-case letter + 9 alphanumerics.
    ConnectionId
}
id! {
    /// A published stream: `str_CAM_Xabc_con_…`. Clients find the owner by the last `con_` in it.
    StreamId
}
id! {
    /// The whole URL-like token string (`wss://HOST?sessionId=…&token=tok_…`), compared exactly.
    Token
}
id! {
    /// A media node's permanent id. Opaque here.
    NodeId
}
id! {
    /// One peer connection on a node: `<connection id>/<counter>`. Connection ids are random, so it is unique
    /// across restarts of the master.
    TransportId
}

/// Names one request while it is under way; unique within a run of the master. The reply carries it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// Upper half of the keys of the conference's own questions to nodes, which nobody waits for: the last but one of the
/// clients that [`RequestId`]s can tell apart. The last is left to what else the shell asks a node.
const OWN: u64 = 0xffff_fffe;

impl RequestId {
    /// The conference's own question of this number.
    pub(crate) fn own(number: u32) -> Self {
        Self(OWN << 32 | u64::from(number))
    }

    /// Whether the conference asks a node by itself: such a key comes only in a [`MediaCommand`](crate::MediaCommand),
    /// is answered like any other, and never gets a reply. Shells must not use these ids for requests.
    pub fn is_own(self) -> bool {
        self.0 >> 32 == OWN
    }
}

/// Milliseconds since the Unix epoch, as OpenVidu shows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);
