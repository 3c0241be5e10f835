//! Muster's words and etcd's.

use etcd_client::{Compare, CompareOp, Error, KeyValue, PutOptions, ResponseHeader, TxnOp};
use tonic::Code;

use crate::entry::{Entry, LeaseId, Rev};
use crate::error::StoreError;
use crate::key::{Key, Prefix};
use crate::transaction::{Guard, Op};

/// What all keys of this cluster begin with in etcd.
#[derive(Clone, Debug)]
pub(super) struct Root(String);

impl Root {
    pub fn new(root: String) -> Self {
        Self(root)
    }

    /// The first key that the prefix could cover.
    pub fn start(&self, prefix: &Prefix) -> Vec<u8> {
        let start = format!("{}{prefix}", self.0);
        // etcd's way to say "from the very first key".
        if start.is_empty() {
            vec![0]
        } else {
            start.into_bytes()
        }
    }

    /// The first key after all that the prefix covers.
    pub fn end(&self, prefix: &Prefix) -> Vec<u8> {
        let mut end = format!("{}{prefix}", self.0).into_bytes();
        match end.last_mut() {
            // The last byte of UTF-8 is never 255.
            Some(last) => *last += 1,
            // etcd's way to say "to the very last key".
            None => end.push(0),
        }
        end
    }

    pub fn compare(&self, guard: &Guard) -> Compare {
        let equal = CompareOp::Equal;
        match guard {
            Guard::Absent(key) => Compare::create_revision(self.wire(key), equal, 0),
            Guard::Unchanged(key, rev) => {
                Compare::mod_revision(self.wire(key), equal, rev.cast_signed())
            }
            Guard::Generation(key, rev) => {
                Compare::create_revision(self.wire(key), equal, rev.cast_signed())
            }
        }
    }

    pub fn op(&self, op: Op) -> TxnOp {
        match op {
            Op::Put { key, value, lease } => {
                let options = lease.map(|lease| PutOptions::new().with_lease(lease.0));
                TxnOp::put(self.wire(&key), value.to_vec(), options)
            }
            Op::Delete { key } => TxnOp::delete(self.wire(&key), None),
        }
    }

    /// `None` for a key that Muster did not write and cannot name.
    pub fn entry(&self, kv: &KeyValue) -> Option<Entry> {
        Some(Entry {
            key: self.key(kv.key())?,
            value: kv.value().into(),
            created: kv.create_revision().cast_unsigned(),
            modified: kv.mod_revision().cast_unsigned(),
            lease: (kv.lease() != 0).then_some(LeaseId(kv.lease())),
        })
    }

    /// As [`Root::entry`].
    pub fn key(&self, wire: &[u8]) -> Option<Key> {
        let text = std::str::from_utf8(wire).ok()?;
        let key = text
            .strip_prefix(&self.0)
            .and_then(|text| Key::new(text).ok());
        if key.is_none() {
            tracing::debug!(key = text, "a foreign key under the root of the cluster");
        }
        key
    }

    fn wire(&self, key: &Key) -> String {
        format!("{}{key}", self.0)
    }
}

pub(super) fn revision(header: Option<&ResponseHeader>) -> Rev {
    header.map_or(0, |header| header.revision().cast_unsigned())
}

/// What a failed call means. What is not certainly refused before it was proposed to the cluster is unknown.
pub(super) fn failure(error: Error) -> StoreError {
    match error {
        Error::LeaseKeepAliveError(text) if text.contains("lease not found") => {
            StoreError::LeaseGone
        }
        Error::GRpcStatus(status) => match status.code() {
            Code::NotFound if status.message().contains("lease not found") => StoreError::LeaseGone,
            Code::OutOfRange if status.message().contains("compacted") => {
                StoreError::Compacted { floor: 0 }
            }
            Code::ResourceExhausted
            | Code::InvalidArgument
            | Code::PermissionDenied
            | Code::Unauthenticated => StoreError::Unavailable(status.message().into()),
            _ => StoreError::Unknown(format!("{}: {}", status.code(), status.message())),
        },
        Error::InvalidArgs(text) => StoreError::Unavailable(text),
        Error::InvalidUri(error) => StoreError::Unavailable(error.to_string()),
        error => StoreError::Unknown(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_the_next_sibling() {
        let root = Root::new("muster/".into());
        let nodes = Prefix::new("nodes/");
        assert_eq!(root.start(&nodes), b"muster/nodes/");
        assert_eq!(root.end(&nodes), b"muster/nodes0");
        let all = Prefix::new("");
        assert_eq!(Root::new(String::new()).start(&all), [0]);
        assert_eq!(Root::new(String::new()).end(&all), [0]);
    }

    #[test]
    fn foreign_keys_are_none() {
        let root = Root::new("muster/".into());
        assert_eq!(
            root.key(b"muster/nodes/a"),
            Some(Key::new("nodes/a").unwrap())
        );
        for foreign in [
            &b"other/nodes/a"[..],
            b"muster/",
            b"muster/a//b",
            b"muster/\xff",
        ] {
            assert_eq!(root.key(foreign), None, "{foreign:?}");
        }
    }

    #[test]
    fn only_what_was_certainly_not_done_is_unavailable() {
        let status = |code, text: &str| failure(Error::GRpcStatus(tonic::Status::new(code, text)));
        let full = status(
            Code::ResourceExhausted,
            "etcdserver: mvcc: database space exceeded",
        );
        assert!(matches!(full, StoreError::Unavailable(_)));
        let gone = status(Code::NotFound, "etcdserver: requested lease not found");
        assert_eq!(gone, StoreError::LeaseGone);
        for code in [
            Code::Unavailable,
            Code::DeadlineExceeded,
            Code::Cancelled,
            Code::Internal,
        ] {
            let unknown = status(code, "etcdserver: request timed out");
            assert!(matches!(unknown, StoreError::Unknown(_)), "{code:?}");
        }
    }
}
