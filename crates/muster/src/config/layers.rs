//! Values as they were found, before anybody judged them.

use std::collections::BTreeMap;
use std::fmt;

/// A value as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// One value; numbers and booleans as they were spelled.
    Text(String),
    /// Several, where the source has lists.
    List(Vec<String>),
    /// Tables, where the source has lists of them.
    Rows(Vec<Row>),
}

/// One table of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Where it is, for messages.
    pub(super) origin: String,
    pub(super) fields: BTreeMap<String, Value>,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::List(items) => write!(f, "{items:?}"),
            Self::Rows(rows) => write!(f, "{} tables", rows.len()),
        }
    }
}

/// Where a value was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A file, the line, and the name used there where it is not the key.
    File {
        path: String,
        line: usize,
        name: Option<String>,
    },
    /// An environment variable.
    Variable(String),
    /// A flag.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File {
                path,
                line,
                name: None,
            } => write!(f, "{path} line {line}"),
            Self::File {
                path,
                line,
                name: Some(name),
            } => write!(f, "{name} in {path} line {line}"),
            Self::Variable(name) => write!(f, "{name} in the environment"),
            Self::Flag(spelling) => write!(f, "{spelling} on the command line"),
        }
    }
}

/// A value and where it is from.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// For each key the value of the highest source that has one.
#[derive(Debug, Default)]
pub(super) struct Layers {
    found: BTreeMap<&'static str, Found>,
}

impl Layers {
    /// Puts a value over whatever a lower source said. Empty text unsets.
    pub(super) fn set(&mut self, key: &'static str, value: Value, origin: Origin) {
        self.found.insert(key, Found { value, origin });
    }

    /// Whether any source named the key, be it to leave it empty.
    #[cfg(test)]
    pub(super) fn has(&self, key: &str) -> bool {
        self.found.contains_key(key)
    }

    /// The effective value, if one was given that is not empty.
    pub(super) fn get(&self, key: &str) -> Option<&Found> {
        let found = self.found.get(key)?;
        let empty = match &found.value {
            Value::Text(text) => text.trim().is_empty(),
            Value::List(items) => items.is_empty(),
            Value::Rows(rows) => rows.is_empty(),
        };
        (!empty).then_some(found)
    }
}
