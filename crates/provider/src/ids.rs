//! Names that end up in tags of clouds, names of files and variables of the environment, and are therefore plain.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

/// The most characters of an id.
pub const LONGEST: usize = 63;

/// Text that cannot be an id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{what} {text:?} is not usable: give 1 to {LONGEST} of the characters A-Z a-z 0-9 . _ -, the first a letter or a digit"
)]
pub struct BadId {
    /// What it should have named.
    pub what: &'static str,
    /// What came, cut short.
    pub text: String,
}

fn checked(what: &'static str, text: &str) -> Result<Arc<str>, BadId> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let first = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if first && text.len() <= LONGEST && text.chars().all(plain) {
        return Ok(text.into());
    }
    Err(BadId {
        what,
        text: text.chars().take(LONGEST + 1).collect(),
    })
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes text that is plain enough.
            ///
            /// # Errors
            /// When it is empty, too long, or has other characters than letters, digits, `.`, `_` and `-`.
            pub fn parse(text: &str) -> Result<Self, BadId> {
                checked($what, text).map(Self)
            }

            /// As it was given.
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
    /// Which cluster something was launched for: two clusters may share one account of a cloud.
    ClusterId, "cluster id"
}
id! {
    /// Which launch something came of; also the id of the node that will dial in. Never used for two launches.
    LaunchKey, "launch key"
}
id! {
    /// The provider's own name for a machine.
    MachineId, "machine id"
}
