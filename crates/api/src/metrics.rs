//! Figures in Prometheus' text format, version 0.0.4.

use std::fmt::{self, Write as _};

/// `Content-Type` of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How a figure behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It goes up and down.
    Gauge,
    /// It only grows, but for restarts. Its name ends in `_total`.
    Counter,
}

/// A text that is being written: families, one after the other.
#[derive(Debug, Default)]
pub struct Metrics {
    text: String,
}

/// Figures of one name.
#[derive(Debug)]
pub struct Family<'a> {
    name: &'a str,
    text: &'a mut String,
}

impl Metrics {
    /// Begins the family of this name. Each name once.
    pub fn family<'a>(&'a mut self, name: &'a str, kind: Kind, help: &str) -> Family<'a> {
        let kind = match kind {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
        };
        // Writing to a String cannot fail.
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        Family {
            name,
            text: &mut self.text,
        }
    }

    /// All that was written.
    pub fn into_text(self) -> String {
        self.text
    }
}

impl Family<'_> {
    /// One figure.
    pub fn sample(&mut self, labels: &[(&str, &str)], value: impl fmt::Display) -> &mut Self {
        self.text.push_str(self.name);
        for (index, (label, text)) in labels.iter().enumerate() {
            let before = if index == 0 { '{' } else { ',' };
            let _ = write!(self.text, "{before}{label}=\"{}\"", escaped(text));
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {value}");
        self
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_and_samples_are_written_as_prometheus_reads_them() {
        let mut metrics = Metrics::default();
        metrics
            .family("muster_nodes", Kind::Gauge, "Media nodes, by state.")
            .sample(&[("state", "serving"), ("odd", "a\"b\\c\nd")], 2)
            .sample(&[], 0.5);
        assert_eq!(
            metrics.into_text(),
            "# HELP muster_nodes Media nodes, by state.\n# TYPE muster_nodes gauge\n\
             muster_nodes{state=\"serving\",odd=\"a\\\"b\\\\c\\nd\"} 2\nmuster_nodes 0.5\n"
        );
    }
}
