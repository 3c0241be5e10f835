//! An OpenVidu 2.x `.env` file: what can be taken over is, the rest is accounted for by name.
//!
//! Everything in it is overruled by Muster's own file, environment and flags.

mod parameters;

use std::fmt;
use std::net::IpAddr;
use std::path::Path;

use super::keys;
use super::layers::{Layers, Origin, Value};
use super::report::Problem;
use super::values::split_list;
use parameters::Fate;

/// What became of each parameter that the file sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// For messages.
    pub path: String,
    /// Taken over.
    pub used: Vec<String>,
    /// Known to OpenVidu, without meaning here, and why.
    pub inapplicable: Vec<(String, String)>,
    /// Known to nobody, and what may have been meant.
    pub unknown: Vec<(String, Option<String>)>,
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "OpenVidu parameters from {}", self.path)?;
        if !self.used.is_empty() {
            writeln!(f, "  used: {}", self.used.join(", "))?;
        }
        for (name, why) in &self.inapplicable {
            writeln!(f, "  not applicable here: {name} ({why})")?;
        }
        for (name, nearest) in &self.unknown {
            match nearest {
                Some(nearest) => writeln!(f, "  unknown: {name} (did you mean {nearest}?)")?,
                None => writeln!(f, "  unknown: {name}")?,
            }
        }
        Ok(())
    }
}

/// Reads the file into the layers.
pub(super) fn read(
    path: &Path,
    layers: &mut Layers,
    problems: &mut Vec<Problem>,
) -> Option<Account> {
    let shown = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => Some(parse(&shown, &text, layers, problems)),
        Err(error) => {
            problems.push(Problem {
                key: "OpenVidu .env file".into(),
                value: Some(shown),
                origin: None,
                expected: format!("a file that can be read ({error})"),
            });
            None
        }
    }
}

/// Reads `text` into the layers; `path` is for messages.
pub(super) fn parse(
    path: &str,
    text: &str,
    layers: &mut Layers,
    problems: &mut Vec<Problem>,
) -> Account {
    let mut file = File {
        layers,
        problems,
        account: Account {
            path: path.to_owned(),
            ..Account::default()
        },
    };
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let origin = |name: Option<&str>| Origin::File {
            path: path.to_owned(),
            line: index + 1,
            name: name.map(str::to_owned),
        };
        match line.split_once('=') {
            // OpenVidu treats an empty value as not set.
            Some((_, value)) if value.trim().is_empty() => {}
            Some((name, value)) => {
                let name = name.trim();
                file.take(name, value.trim(), &origin(Some(name)));
            }
            None => file.problems.push(Problem {
                key: "OpenVidu .env file".into(),
                value: None,
                origin: Some(origin(None).to_string()),
                expected: "NAME=value, a comment or an empty line".into(),
            }),
        }
    }
    file.account
}

struct File<'a> {
    layers: &'a mut Layers,
    problems: &'a mut Vec<Problem>,
    account: Account,
}

impl File<'_> {
    fn take(&mut self, name: &str, value: &str, origin: &Origin) {
        match parameters::fate(name) {
            Some(Fate::Key(key)) => {
                self.set(key, Value::Text(value.to_owned()), origin);
                self.used(name);
            }
            Some(Fate::List(key)) => {
                self.set(key, Value::List(split_list(value)), origin);
                self.used(name);
            }
            Some(Fate::Inapplicable(why)) => self.inapplicable(name, why),
            Some(Fate::Host) => self.host(name, value, origin),
            Some(Fate::Port) => {
                self.set("https.listen", Value::Text(format!("[::]:{value}")), origin);
                self.used(name);
            }
            Some(Fate::LogLevel) => {
                self.set("log", Value::Text(value.to_ascii_lowercase()), origin);
                self.used(name);
            }
            Some(Fate::Patience) => {
                let value = if value == "-1" { "0" } else { value };
                let value = Value::Text(value.to_owned());
                self.set("cluster.come_back", value, origin);
                self.used(name);
            }
            Some(Fate::CertificateType) => self.certificate_type(name, value, origin),
            Some(Fate::PublicIps) => self.public_ips(name, value, origin),
            None => {
                let nearest = keys::nearest(name, parameters::names());
                self.account.unknown.push((name.to_owned(), nearest));
            }
        }
    }

    fn set(&mut self, key: &'static str, value: Value, origin: &Origin) {
        self.layers.set(key, value, origin.clone());
    }

    fn used(&mut self, name: &str) {
        self.account.used.push(name.to_owned());
    }

    fn inapplicable(&mut self, name: &str, why: &str) {
        self.account
            .inapplicable
            .push((name.to_owned(), why.to_owned()));
    }

    /// An address as the public host is also where media arrives, unless `MEDIA_NODES_PUBLIC_IPS` says otherwise.
    fn host(&mut self, name: &str, value: &str, origin: &Origin) {
        self.set("public_host", Value::Text(value.to_owned()), origin);
        let is_address = value.parse::<IpAddr>().is_ok();
        if is_address && self.layers.get("node.public_addresses").is_none() {
            let list = Value::List(vec![value.to_owned()]);
            self.set("node.public_addresses", list, origin);
        }
        self.used(name);
    }

    fn certificate_type(&mut self, name: &str, value: &str, origin: &Origin) {
        match value {
            "selfsigned" => self.used(name),
            "owncert" => self.inapplicable(
                name,
                "set tls.cert and tls.key to owncert/certificate.cert and owncert/certificate.key",
            ),
            "letsencrypt" => self.inapplicable(
                name,
                "let an ACME client fetch the certificate and set tls.cert and tls.key",
            ),
            other => self.problems.push(Problem {
                key: name.to_owned(),
                value: Some(format!("{other:?}")),
                origin: Some(origin.to_string()),
                expected: "selfsigned, owncert or letsencrypt".into(),
            }),
        }
    }

    /// `["privateIp:publicIp"]`. One pair is this machine's; of several nobody can tell here which.
    fn public_ips(&mut self, name: &str, value: &str, origin: &Origin) {
        let pairs = split_list(value);
        match pairs.as_slice() {
            [] => {}
            [pair] => {
                let public = pair.rsplit(':').next().unwrap_or(pair).to_owned();
                self.set("node.public_addresses", Value::List(vec![public]), origin);
                self.used(name);
            }
            _ => self.inapplicable(name, "set node.public_addresses on each node"),
        }
    }
}

#[cfg(test)]
mod tests;
