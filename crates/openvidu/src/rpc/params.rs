//! Parameters of a request, read as leniently as the original's Gson does: the Android and iOS SDKs send numbers and
//! booleans as strings.

use serde_json::{Map, Value};

use super::refusal::Refusal;

/// The `params` object of one request.
#[derive(Debug)]
pub(super) struct Params<'a> {
    method: &'a str,
    values: &'a Map<String, Value>,
}

impl<'a> Params<'a> {
    pub fn new(method: &'a str, values: &'a Map<String, Value>) -> Self {
        Self { method, values }
    }

    /// The value, unless it is absent or null.
    pub fn value(&self, key: &str) -> Option<&'a Value> {
        self.values.get(key).filter(|value| !value.is_null())
    }

    pub fn required(&self, key: &'static str) -> Result<&'a Value, Refusal> {
        self.value(key).ok_or_else(|| self.refuse(key, "a value"))
    }

    /// Mandatory text. Numbers and booleans are taken for their text.
    pub fn text(&self, key: &'static str) -> Result<String, Refusal> {
        self.optional_text(key)?
            .ok_or_else(|| self.refuse(key, "a string"))
    }

    pub fn optional_text(&self, key: &'static str) -> Result<Option<String>, Refusal> {
        match self.value(key) {
            None => Ok(None),
            Some(value) => text_of(value)
                .map(Some)
                .ok_or_else(|| self.refuse(key, "a string")),
        }
    }

    /// Mandatory text of at most `most` bytes.
    pub fn short_text(&self, key: &'static str, most: usize) -> Result<String, Refusal> {
        self.optional_short_text(key, most)?
            .ok_or_else(|| self.refuse(key, "a string"))
    }

    pub fn optional_short_text(
        &self,
        key: &'static str,
        most: usize,
    ) -> Result<Option<String>, Refusal> {
        match self.optional_text(key)? {
            Some(text) if text.len() > most => {
                Err(self.refuse(key, &format!("at most {most} bytes, got {}", text.len())))
            }
            text => Ok(text),
        }
    }

    pub fn flag(&self, key: &'static str) -> Result<bool, Refusal> {
        self.optional_flag(key)?
            .ok_or_else(|| self.refuse(key, "a boolean"))
    }

    pub fn optional_flag(&self, key: &'static str) -> Result<Option<bool>, Refusal> {
        match self.value(key) {
            None => Ok(None),
            Some(value) => flag_of(value)
                .map(Some)
                .ok_or_else(|| self.refuse(key, "a boolean")),
        }
    }

    /// An optional whole number; fractions are cut off.
    pub fn optional_integer(&self, key: &'static str) -> Result<Option<i64>, Refusal> {
        match self.value(key) {
            None => Ok(None),
            Some(value) => integer_of(value)
                .map(Some)
                .ok_or_else(|| self.refuse(key, "a number")),
        }
    }

    /// An error that names the parameter.
    pub fn refuse(&self, key: &str, expected: &str) -> Refusal {
        Refusal::parameter(self.method, key, expected)
    }
}

/// Text of a scalar.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

pub(super) fn flag_of(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn integer_of(value: &Value) -> Option<i64> {
    let float = match value {
        Value::Number(number) => match number.as_i64() {
            Some(integer) => return Some(integer),
            None => number.as_f64()?,
        },
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    // A float cast saturates, so that no input can wrap.
    float.is_finite().then_some(float as i64)
}
