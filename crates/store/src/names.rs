//! Where everything lies. The only place that knows.
//!
//! | key | what | lives |
//! |---|---|---|
//! | `nodes/<node>` | [`NodeRecord`](crate::NodeRecord) | under the node's lease |
//! | `proof/<node>` | what a master saw of the node's addresses | under the node's lease, so that it dies with the boot |
//! | `masters/<master>` | [`MasterRecord`](crate::MasterRecord) | under the master's lease |
//! | `leader` | [`LeaderRecord`](crate::LeaderRecord) | under the leader's lease |
//!
//! What a master has to know again after a restart lies beside these, in the places and the form of
//! `control::records`.

use std::fmt;
use std::sync::Arc;

use crate::key::{Key, KeyError};

/// The longest name in bytes.
pub const LONGEST_NAME: usize = 200;

/// One part of a key: the id of a node, a master or a session.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

/// Why an id cannot be part of a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It has a slash.
    #[error("the id {0:?} has a slash; ids are parts of keys and cannot")]
    Slash(String),
    /// More than [`LONGEST_NAME`] bytes.
    #[error("the id has {0} bytes; {LONGEST_NAME} are allowed")]
    TooLong(usize),
    /// Not even a key.
    #[error("the id cannot be part of a key: {0}")]
    Key(#[from] KeyError),
}

impl Name {
    /// Takes an id as part of a key.
    ///
    /// # Errors
    /// Says what in the id is not possible.
    pub fn new(text: impl Into<Arc<str>>) -> Result<Self, NameError> {
        let text = text.into();
        if text.contains('/') {
            return Err(NameError::Slash(text.to_string()));
        }
        if text.len() > LONGEST_NAME {
            return Err(NameError::TooLong(text.len()));
        }
        Key::new(Arc::clone(&text))?;
        Ok(Self(text))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a master saw of a node's addresses.
pub fn proof(node: &Name) -> Key {
    join(&["proof", node.as_str()])
}

/// Who leads.
pub fn leader() -> Key {
    join(&["leader"])
}

/// A record in a place that its type knows.
pub(crate) fn record(place: &str, name: &Name) -> Key {
    join(&[place.trim_end_matches('/'), name.as_str()])
}

fn join(parts: &[&str]) -> Key {
    Key::new(parts.join("/")).expect("fixed words, short names and numbers make a key")
}
