//! The operator's own certificates are read again while they are in use: whoever renews them need not restart anything.

use std::time::Duration;

use link::{Certificate, CertificateError};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{info, warn};

use crate::config::CertificateFiles;

/// Between two looks at the files.
const EVERY: Duration = Duration::from_secs(10);

/// Renews the certificate when its files have changed, as long as what is returned lives.
///
/// # Errors
/// When what was read of the files cannot be used.
pub fn renewing(files: &CertificateFiles) -> Result<(Certificate, JoinSet<()>), CertificateError> {
    let certificate = Certificate::new(&files.cert_pem, &files.key_pem)?;
    let mut task = JoinSet::new();
    task.spawn(follow(certificate.clone(), files.clone()));
    Ok((certificate, task))
}

async fn follow(certificate: Certificate, files: CertificateFiles) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut problem = Problem::default();
    loop {
        ticks.tick().await;
        let (held, files) = (certificate.clone(), files.clone());
        let looked = tokio::task::spawn_blocking(move || look(&held, &files)).await;
        // A panic there has been told of, and this task has nothing to add.
        let Ok((name, looked)) = looked else { return };
        match looked {
            Ok(true) => info!(certificate = name, "renewed: new handshakes show it"),
            Ok(false) => {}
            Err(ref error) if problem.is_to_be_told(error) => warn!(
                certificate = name,
                "the one in use stays, for its files cannot be used now: {error}"
            ),
            Err(_) => continue,
        }
        if looked.is_ok() {
            problem = Problem::default();
        }
    }
}

fn look(certificate: &Certificate, files: &CertificateFiles) -> (String, Result<bool, String>) {
    let name = files.cert.display().to_string();
    let read = |path: &std::path::Path| {
        std::fs::read_to_string(path)
            .map_err(|error| format!("expected to read {}, got: {error}", path.display()))
    };
    let renewed = read(&files.cert)
        .and_then(|cert| Ok((cert, read(&files.key)?)))
        .and_then(|(cert, key)| {
            let renewed = certificate.renew(&cert, &key);
            renewed.map_err(|error| error.to_string())
        });
    (name, renewed)
}

/// Of two files one is written first: what is wrong at one look only is not told, and what stays wrong once.
#[derive(Debug, Default)]
struct Problem {
    last: String,
    told: bool,
}

impl Problem {
    fn is_to_be_told(&mut self, error: &str) -> bool {
        if self.last != error {
            *self = Self {
                last: error.to_owned(),
                told: false,
            };
            return false;
        }
        !std::mem::replace(&mut self.told, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_not_told_and_what_stays_is_told_once() {
        let mut problem = Problem::default();
        assert!(!problem.is_to_be_told("half written"));
        assert!(problem.is_to_be_told("half written"));
        assert!(!problem.is_to_be_told("half written"));
        assert!(!problem.is_to_be_told("gone"));
        assert!(problem.is_to_be_told("gone"));
    }

    #[test]
    fn files_that_change_renew_the_certificate() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let files = |cert: &str, key: &str| {
            let files = CertificateFiles {
                cert: directory.path().join("cert.pem"),
                key: directory.path().join("key.pem"),
                cert_pem: cert.to_owned(),
                key_pem: key.to_owned(),
            };
            std::fs::write(&files.cert, cert).expect("written");
            std::fs::write(&files.key, key).expect("written");
            files
        };
        let made = || {
            let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
            (made.cert.pem(), made.signing_key.serialize_pem())
        };
        let (cert, key) = made();
        let first = files(&cert, &key);
        let held = Certificate::new(&cert, &key).expect("read");
        assert_eq!(look(&held, &first).1, Ok(false));
        let (renewed, renewed_key) = made();
        files(&renewed, &key);
        assert!(look(&held, &first).1.is_err(), "the key is not its own yet");
        files(&renewed, &renewed_key);
        assert_eq!(look(&held, &first).1, Ok(true));
        assert_eq!(look(&held, &first).1, Ok(false));
    }
}
