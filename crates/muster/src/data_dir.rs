//! What is kept between runs: secrets, certificates, names of nodes, and locks that say who is at work.
//!
//! | file | of | what |
//! |---|---|---|
//! | `secret` | master | password of the REST API |
//! | `https.crt`, `https.key` | master | self-signed certificate for browsers and applications |
//! | `ca.crt`, `ca.key` | master | the cluster's own certificate authority (`link::trust`) |
//! | `token.key`, `used-tokens`, `revoked` | master | which tokens and nodes it trusts (`link::trust`) |
//! | `links` | master | URLs for tokens: where it listened for nodes when it was last started |
//! | `cluster-id` | master | the permanent name of the cluster |
//! | `store.db`, `store.db-wal`, `store.db-shm`, `store.db.lock` | master | sessions, nodes, schedule, webhooks that wait (`store`) |
//! | `https-address` | master | where commands on this machine find it |
//! | `overrides.env` | master | what `POST /restart` changed |
//! | `master.lock` | master | held while it runs |
//! | `node-id` | node | its permanent name |
//! | `node.key`, `node.crt`, `masters`, `joined-by` | node | what it proves itself with (`link::dial`) |
//! | `last-boot` | node | when it was last started, so that its boots are in order whatever the clock says |
//! | `node.lock` | node | held while it runs, with its process id in it |
//! | `launches/` | master | locks of the nodes that run on its own machine |
//! | `nodes/ID/` | master | the data directory of its node ID |

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::random;

/// Length of generated secrets; 62^32 is more than 2^190.
const SECRET: usize = 32;

/// A data directory that exists.
#[derive(Clone, Debug)]
pub struct DataDir {
    path: PathBuf,
}

impl DataDir {
    /// Opens the directory, and makes it where it is missing, for its owner only.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(path: &Path) -> Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| format!("data directory {} cannot be made", path.display()))?;
        let path =
            fs::canonicalize(path).with_context(|| format!("data directory {}", path.display()))?;
        Ok(Self { path })
    }

    /// Where it lies, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where a file of it lies.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Where the nodes that the master starts on its own machine have their data directories.
    pub fn nodes(&self) -> PathBuf {
        self.path.join("nodes")
    }

    /// A secret that is drawn once and kept.
    ///
    /// # Errors
    /// When the file can neither be read nor written.
    pub fn secret(&self, name: &str) -> Result<String> {
        self.kept(name, || random::alphanumeric(SECRET))
    }

    /// The permanent name of the cluster.
    ///
    /// # Errors
    /// When the file can neither be read nor written.
    pub fn cluster_id(&self) -> Result<String> {
        self.kept("cluster-id", || random::alphanumeric(10))
    }

    /// The permanent name of the node whose directory this is.
    ///
    /// # Errors
    /// When the file can neither be read nor written.
    pub fn node_id(&self) -> Result<String> {
        self.kept("node-id", || {
            Ok(format!("media_{}", random::alphanumeric(10)?))
        })
    }

    fn kept(
        &self,
        name: &str,
        draw: impl FnOnce() -> Result<String, getrandom::Error>,
    ) -> Result<String> {
        if let Some(text) = self.read(name)? {
            let text = text.trim();
            if !text.is_empty() {
                return Ok(text.to_owned());
            }
        }
        let text = draw().context("the system gives no random numbers")?;
        self.write(name, &format!("{text}\n"))?;
        Ok(text)
    }

    /// The text of a file, `None` when it is missing.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<String>> {
        let path = self.file(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
        }
    }

    /// Removes a file if it is there.
    ///
    /// # Errors
    /// When it is there and stays.
    pub fn remove(&self, name: &str) -> Result<()> {
        let path = self.file(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("{} cannot be removed", path.display()))
            }
            _ => Ok(()),
        }
    }

    /// Writes a file for its owner only, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.file(name);
        let fresh = self.file(&format!("{name}.new"));
        let write = || -> std::io::Result<()> {
            // Left over from a write that was cut short; its mode may be wrong.
            let _ = fs::remove_file(&fresh);
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&fresh)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&fresh, &path)
        };
        write().with_context(|| format!("{} cannot be written", path.display()))
    }
}

/// A lock that the system takes back when its holder ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// What came of trying to take a lock.
#[derive(Debug)]
pub enum Locking {
    /// It is ours.
    Taken(Lock),
    /// Somebody else has it; its process id, where it could be read.
    Held(Option<i32>),
}

impl Lock {
    /// Tries to take the lock file and puts this process's id into it.
    ///
    /// # Errors
    /// When the file cannot be used at all.
    pub fn take(path: &Path) -> Result<Locking> {
        let shown = || format!("lock file {}", path.display());
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .with_context(shown)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0).with_context(shown)?;
                file.rewind().with_context(shown)?;
                writeln!(file, "{}", std::process::id()).with_context(shown)?;
                Ok(Locking::Taken(Self { _file: file }))
            }
            Err(fs::TryLockError::WouldBlock) => {
                let mut text = String::new();
                file.read_to_string(&mut text).with_context(shown)?;
                Ok(Locking::Held(text.trim().parse().ok()))
            }
            Err(fs::TryLockError::Error(error)) => Err(error).with_context(shown),
        }
    }

    /// Who holds the lock, without taking it: `None` when nobody does.
    ///
    /// # Errors
    /// When the file is there and cannot be used.
    pub fn holder(path: &Path) -> Result<Option<Holder>> {
        let shown = || format!("lock file {}", path.display());
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(shown),
        };
        // A shared lock, given back at once: it is refused only while the exclusive one is held.
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(fs::TryLockError::WouldBlock) => {
                let mut text = String::new();
                file.read_to_string(&mut text).with_context(shown)?;
                Ok(Some(Holder {
                    pid: text.trim().parse().ok(),
                }))
            }
            Err(fs::TryLockError::Error(error)) => Err(error).with_context(shown),
        }
    }
}

/// The process that has a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// `None` in the moment between taking the lock and writing the id.
    pub pid: Option<i32>,
}

#[cfg(test)]
mod tests;
