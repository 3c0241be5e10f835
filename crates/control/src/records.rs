//! What is written down: JSON, one whole record per key, each with the version of its form.
//!
//! | key | what |
//! |---|---|
//! | `sessions/<session>` | [`SessionRecord`]: what was asked for, and the node that carries it |
//! | `members/<session>/<connection>` | [`MemberRecord`]: one participant, pending or active |
//! | `known/<node>` | [`NodeRecord`]: a node that has dialled in |
//! | `policy` | [`PolicyRecord`]: the schedule that was set while a master ran |
//! | `demand` | [`DemandRecord`]: an operator's count |
//! | `relay` | the secrets of relay credentials, newest and previous, and since when |
//! | `outbox/<number>` | [`OutboxRecord`]: something that applications have not been told yet |
//!
//! A session and its participants are records of their own, because a large session would not fit into one commit, and
//! because most changes are of one participant.

mod member;
mod node;
mod policy;
mod session;

use std::fmt;

use openvidu::webhook::{EventName, Post};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use member::MemberRecord;
pub use node::NodeRecord;
pub use policy::{DemandRecord, PolicyRecord};
pub use session::SessionRecord;

/// The form that is written and read.
pub const VERSION: u32 = 1;

/// The prefixes under which everything lies that [`Control::restore`](crate::Control::restore) wants to see.
pub const PLACES: [&str; 7] = [
    "sessions/",
    "members/",
    "known/",
    "policy",
    "demand",
    "outbox/",
    "relay",
];

/// A message that the application's server has not taken yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxRecord {
    event: String,
    body: String,
}

impl OutboxRecord {
    pub(crate) fn of(post: &Post) -> Self {
        Self {
            event: post.event.as_str().to_owned(),
            body: post.body.clone(),
        }
    }

    /// `None` for an event that only another version knows.
    pub(crate) fn post(self, number: u64) -> Option<Post> {
        Some(Post {
            number,
            event: EventName::from_text(&self.event)?,
            body: self.body,
        })
    }
}

/// A record that cannot be read, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It was written by another version of the program.
    #[error(
        "record {key} of the store has form {found}, this program reads form {VERSION}: use the version that wrote it, or a \
         later one"
    )]
    Version {
        #[allow(missing_docs)]
        key: String,
        #[allow(missing_docs)]
        found: u32,
    },
    /// It is not what its key says.
    #[error("record {key} of the store cannot be read: {reason}; was it written by hand?")]
    Malformed {
        #[allow(missing_docs)]
        key: String,
        #[allow(missing_docs)]
        reason: String,
    },
}

impl Unreadable {
    pub(crate) fn malformed(key: &str, reason: impl fmt::Display) -> Self {
        Self::Malformed {
            key: key.to_owned(),
            reason: reason.to_string(),
        }
    }
}

#[derive(Serialize)]
struct Written<'a, T> {
    version: u32,
    #[serde(flatten)]
    record: &'a T,
}

#[derive(Deserialize)]
struct Head {
    version: u32,
}

/// The bytes of a record.
pub(crate) fn write<T: Serialize>(record: &T) -> Vec<u8> {
    let written = Written {
        version: VERSION,
        record,
    };
    serde_json::to_vec(&written).expect("records have string keys and cannot fail")
}

/// A record from its bytes.
pub(crate) fn read<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> Result<T, Unreadable> {
    let malformed = |error: serde_json::Error| Unreadable::malformed(key, error);
    let head: Head = serde_json::from_slice(bytes).map_err(malformed)?;
    if head.version != VERSION {
        return Err(Unreadable::Version {
            key: key.to_owned(),
            found: head.version,
        });
    }
    serde_json::from_slice(bytes).map_err(malformed)
}

/// An id as part of a key: ids of applications may hold what a key cannot.
pub(crate) fn part(id: &str) -> String {
    let mut part = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"_-.~".contains(&byte) {
            part.push(char::from(byte));
        } else {
            part.push_str(&format!("%{byte:02X}"));
        }
    }
    part
}

/// Mirrors an enumeration of the conference as words.
macro_rules! words {
    ($name:ident: $($variant:ident),+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum $name {
            $($variant),+
        }

        impl From<conference::$name> for $name {
            fn from(value: conference::$name) -> Self {
                match value {
                    $(conference::$name::$variant => Self::$variant),+
                }
            }
        }

        impl From<$name> for conference::$name {
            fn from(value: $name) -> Self {
                match value {
                    $($name::$variant => Self::$variant),+
                }
            }
        }
    };
}

use words;
