//! Reading a request's body strictly, with errors that name the key.

use serde_json::{Map, Value};

use super::refused::Refused;

/// A JSON object of a body.
#[derive(Debug)]
pub(super) struct Body {
    values: Map<String, Value>,
}

impl Body {
    /// Reads a body; an empty one is `{}`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refused> {
        if bytes.trim_ascii().is_empty() {
            return Ok(Self { values: Map::new() });
        }
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(values)) => Ok(Self { values }),
            Ok(other) => Err(Refused::bad(format!(
                "The body must be a JSON object, not {}",
                kind(&other)
            ))),
            Err(error) => Err(Refused::bad(format!("The body is not JSON: {error}"))),
        }
    }

    /// The object under a key.
    pub fn object(&self, key: &str) -> Result<Option<Self>, Refused> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Object(values)) => Ok(Some(Self {
                values: values.clone(),
            })),
            Some(other) => Err(wrong_type(key, "an object", other)),
        }
    }

    pub fn text(&self, key: &str) -> Result<Option<String>, Refused> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(wrong_type(key, "a string", other)),
        }
    }

    pub fn flag(&self, key: &str) -> Result<Option<bool>, Refused> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(other) => Err(wrong_type(key, "a boolean", other)),
        }
    }

    /// A whole number. `25.0` is one.
    pub fn integer(&self, key: &str) -> Result<Option<i64>, Refused> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        let whole =
            |float: f64| (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as i64);
        value
            .as_i64()
            .or_else(|| value.as_f64().and_then(whole))
            .map(Some)
            .ok_or_else(|| wrong_type(key, "a whole number", value))
    }

    pub fn list(&self, key: &str) -> Result<Option<&[Value]>, Refused> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(other) => Err(wrong_type(key, "an array", other)),
        }
    }

    pub fn texts(&self, key: &str) -> Result<Option<Vec<String>>, Refused> {
        let Some(items) = self.list(key)? else {
            return Ok(None);
        };
        let text = |item: &Value| {
            item.as_str()
                .map(str::to_owned)
                .ok_or_else(|| wrong_type(key, "an array of strings", item))
        };
        items.iter().map(text).collect::<Result<_, _>>().map(Some)
    }

    /// One of an enumeration's names.
    pub fn choice<T>(
        &self,
        key: &str,
        parse: fn(&str) -> Option<T>,
        expected: &str,
    ) -> Result<Option<T>, Refused> {
        let Some(name) = self.text(key)? else {
            return Ok(None);
        };
        parse(&name).map(Some).ok_or_else(|| {
            Refused::bad(format!(
                "Invalid value for parameter '{key}': '{name}' is not one of {expected}"
            ))
        })
    }

    /// Every key whose value is not null.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Value)> {
        let given = self.values.iter().filter(|(_, value)| !value.is_null());
        given.map(|(key, value)| (key.as_str(), value))
    }

    /// The value, unless it is absent or null.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.values.get(key).filter(|value| !value.is_null())
    }
}

impl From<&Map<String, Value>> for Body {
    fn from(values: &Map<String, Value>) -> Self {
        Self {
            values: values.clone(),
        }
    }
}

pub(super) fn wrong_type(key: &str, expected: &str, value: &Value) -> Refused {
    Refused::bad(format!(
        "Type error in parameter '{key}': expected {expected}, not {}",
        kind(value)
    ))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
