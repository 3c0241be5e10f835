//! What a node proves itself with, in its data directory.
//!
//! | file | what |
//! |---|---|
//! | `node.key` | its private key, which never leaves it |
//! | `node.crt` | its certificate, and the authority's below it |
//! | `masters` | URLs of the masters' links, one in a line |
//! | `joined-by` | id of the token that brought the certificate |

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::ConfigError;
use crate::proto;
use crate::tls::{self, Shown};
use crate::trust::{self, BACKDATE, CaHash, Clock, Facts, NodeKey, Token};

/// What an enrolment brought.
#[derive(Clone)]
pub(super) struct Enrolled {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) authority: CertificateDer<'static>,
    pub(super) facts: Facts,
    pub(super) masters: Vec<String>,
    /// As in `joined-by`.
    pub(super) token: String,
}

impl Enrolled {
    /// When the certificate was made, seconds since the Unix epoch.
    pub(super) fn issued(&self) -> u64 {
        self.facts.not_before.saturating_add(BACKDATE.as_secs())
    }

    /// How long it is valid from then, seconds.
    pub(super) fn life(&self) -> u64 {
        self.facts.not_after.saturating_sub(self.issued())
    }
}

/// A node's key and, once it has enrolled, its certificate.
pub(super) struct Identity {
    directory: PathBuf,
    pub(super) key: NodeKey,
    enrolled: Mutex<Option<Enrolled>>,
    /// Why what is kept of an enrolment cannot be used. A token mends it.
    damage: Option<ConfigError>,
}

impl Identity {
    /// Reads what is kept, and makes the key where there is none.
    pub(super) fn open(directory: &Path) -> Result<Self, ConfigError> {
        let key = open_key(&directory.join("node.key"))?;
        let (enrolled, damage) = match read_enrolled(directory, &key) {
            Ok(enrolled) => (enrolled, None),
            Err(damage @ ConfigError::Identity { .. }) => (None, Some(damage)),
            Err(error) => return Err(error),
        };
        Ok(Self {
            directory: directory.to_owned(),
            key,
            enrolled: Mutex::new(enrolled),
            damage,
        })
    }

    /// Takes what is wrong with what is kept.
    pub(super) fn take_damage(&mut self) -> Option<ConfigError> {
        self.damage.take()
    }

    /// The present certificate and what belongs to it.
    pub(super) fn enrolled(&self) -> Option<Enrolled> {
        let enrolled = self.enrolled.lock();
        enrolled.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What to dial with.
    pub(super) fn tls(&self, enrolled: &Enrolled, clock: &Clock) -> Result<ClientConfig, String> {
        let shown = Shown {
            certificate: enrolled.certificate.clone(),
            key: self.key.der(),
        };
        tls::enrolled(&enrolled.authority, shown, clock).map_err(|error| error.to_string())
    }

    /// Checks and keeps what the token brought.
    pub(super) async fn enrol(
        &self,
        token: &Token,
        node_id: &str,
        brought: proto::Certificate,
    ) -> Result<(), String> {
        let terms = token.terms();
        if CaHash::of(&brought.authority) != terms.authority {
            return Err("the master sent the certificate of another authority".into());
        }
        let masters = terms.masters.clone();
        let enrolled = self.checked(node_id, brought, masters, terms.id.to_string())?;
        self.keep(enrolled).await
    }

    /// Checks and keeps a renewed certificate.
    pub(super) async fn renew(&self, brought: proto::Certificate) -> Result<(), String> {
        let Some(old) = self.enrolled() else {
            return Err("nothing to renew".into());
        };
        if brought.authority != old.authority.as_ref() {
            return Err("the master sent the certificate of another authority".into());
        }
        let enrolled = self.checked(&old.facts.node_id, brought, old.masters, old.token)?;
        self.keep(enrolled).await
    }

    fn checked(
        &self,
        node_id: &str,
        brought: proto::Certificate,
        masters: Vec<String>,
        token: String,
    ) -> Result<Enrolled, String> {
        let facts = Facts::read(&brought.certificate).map_err(|error| error.to_string())?;
        if facts.node_id != node_id {
            return Err(format!("the certificate is for node {}", facts.node_id));
        }
        let enrolled = Enrolled {
            certificate: brought.certificate.into(),
            authority: brought.authority.into(),
            facts,
            masters,
            token,
        };
        if is_of(&enrolled, &self.key) {
            Ok(enrolled)
        } else {
            Err("the certificate is for another key".into())
        }
    }

    async fn keep(&self, enrolled: Enrolled) -> Result<(), String> {
        let (directory, kept) = (self.directory.clone(), enrolled.clone());
        let written = tokio::task::spawn_blocking(move || write_enrolled(&directory, &kept)).await;
        let mut present = self.enrolled.lock().unwrap_or_else(PoisonError::into_inner);
        // What cannot be kept still serves until this process ends.
        *present = Some(enrolled);
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn is_of(enrolled: &Enrolled, key: &NodeKey) -> bool {
    trust::point(&enrolled.facts.public_key).is_some_and(|point| point == key.public())
}

fn open_key(path: &Path) -> Result<NodeKey, ConfigError> {
    let unusable = |reason: String| ConfigError::Identity {
        file: path.display().to_string(),
        reason,
    };
    if let Some(pem) = trust::read(path)? {
        let reason = |error| format!("{error}; remove it to have a new one made");
        return NodeKey::from_pem(&pem).map_err(|error| unusable(reason(error)));
    }
    let key = NodeKey::make().map_err(|error| unusable(error.to_string()))?;
    trust::write(path, &key.pem())?;
    Ok(key)
}

fn read_enrolled(directory: &Path, key: &NodeKey) -> Result<Option<Enrolled>, ConfigError> {
    let path = directory.join("node.crt");
    let Some(pem) = trust::read(&path)? else {
        return Ok(None);
    };
    let unusable = |reason: String| ConfigError::Identity {
        file: path.display().to_string(),
        reason,
    };
    let chain: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| unusable(error.to_string()))?;
    let [certificate, authority] = chain.as_slice() else {
        return Err(unusable(format!(
            "expected two certificates, got {}",
            chain.len()
        )));
    };
    let facts = Facts::read(certificate).map_err(|error| unusable(error.to_string()))?;
    let text = |name: &str| trust::read(&directory.join(name)).map(Option::unwrap_or_default);
    let enrolled = Enrolled {
        certificate: certificate.clone(),
        authority: authority.clone(),
        facts,
        masters: text("masters")?.lines().map(str::to_owned).collect(),
        token: text("joined-by")?.trim().to_owned(),
    };
    if is_of(&enrolled, key) {
        Ok(Some(enrolled))
    } else {
        Err(unusable("it is not for the key in node.key".into()))
    }
}

/// The certificate comes last: whatever is cut short leaves the old one, or none, with which a token starts anew.
fn write_enrolled(directory: &Path, enrolled: &Enrolled) -> io::Result<()> {
    let masters: String = enrolled.masters.iter().map(|m| format!("{m}\n")).collect();
    trust::write(&directory.join("masters"), &masters)?;
    trust::write(
        &directory.join("joined-by"),
        &format!("{}\n", enrolled.token),
    )?;
    let chain = [&enrolled.certificate, &enrolled.authority].map(|der| pem(der));
    trust::write(&directory.join("node.crt"), &chain.concat())
}

/// RFC 7468.
fn pem(der: &[u8]) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.extend(line.iter().copied().map(char::from));
        pem.push('\n');
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}
