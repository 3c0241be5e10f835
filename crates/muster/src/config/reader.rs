//! Turns found values into typed ones and keeps account of what is wrong.

use super::keys;
use super::layers::{Layers, Value};
use super::report::Problem;
use super::values;

/// What a parser says to a value: the typed one, or what it expected.
pub(super) type Judged<T> = Result<T, String>;

/// Reads the layers key by key.
pub(super) struct Reader<'a> {
    pub(super) layers: &'a Layers,
    pub(super) problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    /// One value, if there is one and it is right.
    pub(super) fn one<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Judged<T>,
    ) -> Option<T> {
        let judged = match &self.layers.get(key)?.value {
            Value::Text(text) => parse(text.trim()),
            Value::List(_) | Value::Rows(_) => Err("one value, not a list".into()),
        };
        self.keep(key, judged)
    }

    /// A list: one in the file, separated by commas elsewhere, or `["a","b"]` as OpenVidu writes it.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Judged<T>,
    ) -> Vec<T> {
        let Some(found) = self.layers.get(key) else {
            return Vec::new();
        };
        let items = match &found.value {
            Value::Text(text) => values::split_list(text),
            Value::List(items) => items.clone(),
            Value::Rows(_) => {
                self.reject(key, "a list of texts, not of tables");
                return Vec::new();
            }
        };
        let judged = items.iter().map(|item| parse(item.trim())).collect();
        self.keep(key, judged).unwrap_or_default()
    }

    /// Says that a value, or its absence, is wrong.
    pub(super) fn reject(&mut self, key: &'static str, expected: impl Into<String>) {
        let found = self.layers.get(key);
        let secret = keys::find(key).is_some_and(|k| k.secret);
        let value = found.map(|found| {
            if secret {
                "(not shown)".to_owned()
            } else {
                found.value.to_string()
            }
        });
        self.problems.push(Problem {
            key: key.to_owned(),
            origin: Some(match found {
                Some(found) => found.origin.to_string(),
                None => "not set".to_owned(),
            }),
            value,
            expected: expected.into(),
        });
    }

    fn keep<T>(&mut self, key: &'static str, judged: Judged<T>) -> Option<T> {
        match judged {
            Ok(value) => Some(value),
            Err(expected) => {
                self.reject(key, expected);
                None
            }
        }
    }
}
