//! Names of entries, and prefixes of names.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// The longest key in bytes, as every engine can hold it.
pub const LONGEST_KEY: usize = 512;

/// The name of one entry: parts joined by `/`, none of them empty, at most [`LONGEST_KEY`] bytes, without control
/// characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<str>);

/// Why text is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No text, or nothing between two slashes, or a slash at either end.
    #[error("the key {0:?} has an empty part: expected parts joined by single slashes")]
    EmptyPart(String),
    /// More than [`LONGEST_KEY`] bytes.
    #[error("the key has {0} bytes; {LONGEST_KEY} are allowed")]
    TooLong(usize),
    /// Something that no terminal shows.
    #[error("the key {0:?} has a control character")]
    Control(String),
}

impl Key {
    /// Takes text as a key.
    ///
    /// # Errors
    /// Says which rule of [`Key`] the text breaks.
    pub fn new(text: impl Into<Arc<str>>) -> Result<Self, KeyError> {
        let text = text.into();
        if text.len() > LONGEST_KEY {
            return Err(KeyError::TooLong(text.len()));
        }
        if text.chars().any(char::is_control) {
            return Err(KeyError::Control(text.to_string()));
        }
        if text.split('/').any(str::is_empty) {
            return Err(KeyError::EmptyPart(text.to_string()));
        }
        Ok(Self(text))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The beginning of keys. `nodes/` covers `nodes/a`; the empty prefix covers every key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Prefix(Arc<str>);

impl Prefix {
    /// Every key that begins with `text`.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The prefix as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the key begins with this.
    pub fn covers(&self, key: &Key) -> bool {
        key.0.starts_with(&*self.0)
    }

    /// What follows the prefix in a key that it covers.
    pub fn rest<'k>(&self, key: &'k Key) -> Option<&'k str> {
        key.0.strip_prefix(&*self.0)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
