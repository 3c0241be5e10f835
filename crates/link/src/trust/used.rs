//! Which tokens were used, so that they are not used again.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};

use super::authority::octets;
use super::{TokenId, file};

/// Uses that are remembered at once; more than any cluster has nodes.
const MOST: usize = 100_000;

/// Who used a token: a node and its key. The same node with another key is somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claimant(pub [u8; 32]);

impl Claimant {
    /// Of a node's id and its public key.
    pub fn new(node_id: &str, public_key: &[u8]) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(node_id.as_bytes());
        context.update(&[0]);
        context.update(public_key);
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        Self(hash)
    }
}

/// One use of a token.
#[derive(Clone, Copy, Debug)]
pub struct Spending {
    #[allow(missing_docs)]
    pub token: TokenId,
    /// When it may be forgotten, seconds since the Unix epoch.
    pub expires: u64,
    /// How many claimants may use it; at least 1.
    pub uses: u16,
    #[allow(missing_docs)]
    pub by: Claimant,
    /// Seconds since the Unix epoch.
    pub now: u64,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// It counts; or this claimant has used it before, and that counts once.
    Counted,
    /// As many others have used it as may.
    UsedUp,
}

/// The use cannot be remembered, so it must not count.
#[derive(Debug, thiserror::Error)]
#[error("the use of the token cannot be kept: {0}")]
pub struct UsedError(pub String);

/// Remembers uses of tokens until the tokens expire. What it says is on disk.
#[tonic::async_trait]
pub trait Used: Send + Sync {
    /// Uses a token.
    async fn spend(&self, spending: Spending) -> Result<Spent, UsedError>;
}

/// Keeps uses in a file to which each is added.
#[derive(Debug)]
pub struct UsedFile(Arc<Mutex<Book>>);

#[derive(Debug)]
struct Book {
    file: File,
    uses: BTreeMap<TokenId, Entry>,
    count: usize,
    /// Something was written in part: nothing is added behind it.
    torn: bool,
}

#[derive(Debug, Default)]
struct Entry {
    expires: u64,
    by: Vec<Claimant>,
}

impl UsedFile {
    /// The one of the directory, made where it is missing. What has expired by `now` is left out.
    ///
    /// # Errors
    /// When the file can be neither used nor made.
    pub fn open(directory: &Path, now: u64) -> io::Result<Self> {
        let path = directory.join("used-tokens");
        let text = file::read(&path)?.unwrap_or_default();
        // The last line may have been cut short; then it was not answered either.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let (mut uses, mut count, mut kept) = (BTreeMap::<_, Entry>::new(), 0, String::new());
        for line in whole.lines() {
            let Some((token, expires, by)) = read(line) else {
                continue;
            };
            if expires >= now && count < MOST {
                let entry = uses.entry(token).or_default();
                entry.expires = expires;
                entry.by.push(by);
                count += 1;
                kept.push_str(&write(token, expires, by));
            }
        }
        file::write(&path, &kept)?;
        let file = OpenOptions::new().append(true).mode(0o600).open(&path)?;
        Ok(Self(Arc::new(Mutex::new(Book {
            file,
            uses,
            count,
            torn: false,
        }))))
    }
}

fn read(line: &str) -> Option<(TokenId, u64, Claimant)> {
    let mut words = line.split(' ');
    let token = TokenId(octets(words.next()?)?);
    let expires = words.next()?.parse().ok()?;
    let by = Claimant(octets(words.next()?)?);
    words.next().is_none().then_some((token, expires, by))
}

fn write(token: TokenId, expires: u64, by: Claimant) -> String {
    let by: String = by.0.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{token} {expires} {by}\n")
}

#[tonic::async_trait]
impl Used for UsedFile {
    async fn spend(&self, spending: Spending) -> Result<Spent, UsedError> {
        let book = self.0.clone();
        let task = tokio::task::spawn_blocking(move || {
            let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
            book.spend(spending)
        });
        match task.await {
            Ok(spent) => spent,
            Err(error) => Err(UsedError(error.to_string())),
        }
    }
}

impl Book {
    fn spend(&mut self, spending: Spending) -> Result<Spent, UsedError> {
        if self.count >= MOST {
            self.forget(spending.now);
        }
        let entry = self.uses.get(&spending.token);
        let by = entry.map_or(&[][..], |entry| &entry.by);
        if by.contains(&spending.by) {
            return Ok(Spent::Counted);
        }
        if by.len() >= usize::from(spending.uses) {
            return Ok(Spent::UsedUp);
        }
        if self.torn || self.count >= MOST {
            let why = "the file of used tokens is damaged or full; restart the master";
            return Err(UsedError(why.into()));
        }
        let line = write(spending.token, spending.expires, spending.by);
        let written = self.file.write_all(line.as_bytes());
        if let Err(error) = written.and_then(|()| self.file.sync_data()) {
            self.torn = true;
            return Err(UsedError(error.to_string()));
        }
        let entry = self.uses.entry(spending.token).or_default();
        entry.expires = spending.expires;
        entry.by.push(spending.by);
        self.count += 1;
        Ok(Spent::Counted)
    }

    fn forget(&mut self, now: u64) {
        self.uses.retain(|_, entry| entry.expires >= now);
        self.count = self.uses.values().map(|entry| entry.by.len()).sum();
    }
}

#[cfg(test)]
mod tests;
