//! The TOML file.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys;
use super::layers::{Layers, Origin, Row, Value};
use super::report::Problem;

/// Puts what the file says into the layers.
pub(super) fn read(path: &Path, layers: &mut Layers, problems: &mut Vec<Problem>) {
    let shown = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&shown, &text, layers, problems),
        Err(error) => problems.push(Problem {
            key: "configuration file".into(),
            value: Some(shown),
            origin: None,
            expected: format!("a file that can be read ({error})"),
        }),
    }
}

/// Puts what `text` says into the layers; `path` is for messages.
pub(super) fn parse(path: &str, text: &str, layers: &mut Layers, problems: &mut Vec<Problem>) {
    let mut file = File {
        path,
        text,
        layers,
        problems,
    };
    match DeTable::parse(text) {
        Ok(table) => file.take_table("", table.get_ref()),
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            let origin = file.origin(at).to_string();
            file.problems.push(Problem {
                key: "configuration file".into(),
                value: None,
                origin: Some(origin),
                expected: format!("TOML: {}", error.message()),
            });
        }
    }
}

struct File<'a> {
    path: &'a str,
    text: &'a str,
    layers: &'a mut Layers,
    problems: &'a mut Vec<Problem>,
}

impl File<'_> {
    fn origin(&self, at: usize) -> Origin {
        let before = self.text.get(..at).unwrap_or(self.text);
        Origin::File {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            name: None,
        }
    }

    fn take_table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let full = if prefix.is_empty() {
                name.get_ref().to_string()
            } else {
                format!("{prefix}.{}", name.get_ref())
            };
            match value.get_ref() {
                DeValue::Table(inner) if keys::find(&full).is_none() => {
                    self.take_table(&full, inner);
                }
                _ => self.take_value(&full, name.span().start, value),
            }
        }
    }

    fn take_value(&mut self, name: &str, at: usize, value: &Spanned<DeValue<'_>>) {
        let origin = self.origin(at);
        let Some(key) = keys::find(name) else {
            return self.problems.push(Problem {
                key: name.to_owned(),
                value: None,
                origin: Some(origin.to_string()),
                expected: keys::unknown_key(name),
            });
        };
        if let DeValue::Array(items) = value.get_ref()
            && let Some(rows) = self.rows(items)
        {
            return self.layers.set(key.name, Value::Rows(rows), origin);
        }
        match plain(value.get_ref()) {
            Some(value) => self.layers.set(key.name, value, origin),
            None => self.problems.push(Problem {
                key: name.to_owned(),
                value: None,
                origin: Some(origin.to_string()),
                expected: format!(
                    "text, a number, true or false, or a list of texts, not {}",
                    value.get_ref().type_str()
                ),
            }),
        }
    }

    /// What is a list of tables, and of nothing else.
    fn rows(&self, items: &[Spanned<DeValue<'_>>]) -> Option<Vec<Row>> {
        let row = |item: &Spanned<DeValue<'_>>| {
            let DeValue::Table(table) = item.get_ref() else {
                return None;
            };
            let field = |(name, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
                let name: &std::borrow::Cow<'_, str> = name.get_ref();
                Some((name.to_string(), plain(value.get_ref())?))
            };
            Some(Row {
                origin: self.origin(item.span().start).to_string(),
                fields: table.iter().map(field).collect::<Option<_>>()?,
            })
        };
        if items.is_empty() {
            return None;
        }
        items.iter().map(row).collect()
    }
}

fn plain(value: &DeValue<'_>) -> Option<Value> {
    match value {
        DeValue::Array(items) => items
            .iter()
            .map(|item| scalar(item.get_ref()))
            .collect::<Option<Vec<_>>>()
            .map(Value::List),
        other => scalar(other).map(Value::Text),
    }
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(yes) => Some(yes.to_string()),
        _ => None,
    }
}
