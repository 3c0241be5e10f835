//! The engine of several masters: an etcd cluster, 3.5.30 or later.
//!
//! Keys lie under a root, so that one etcd can serve several clusters. History is bounded by etcd's own
//! auto-compaction, which must be on (`--auto-compaction-retention`).

mod translate;
mod version;
mod watch;

use std::future::Future;
use std::time::Duration;

use async_trait::async_trait;
use etcd_client::{Client, ConnectOptions, GetOptions, GetResponse, Txn};

use crate::contract::{Store, Watch, check_ttl};
use crate::entry::{LeaseId, Rev, Snapshot};
use crate::error::StoreError;
use crate::key::Prefix;
use crate::transaction::{Guard, Op, Outcome, check};

pub use version::{OLDEST, Version};

use translate::{Root, failure};

/// After this a caller is told that there is no answer.
const DEADLINE: Duration = Duration::from_secs(5);

/// How often a silent connection is pinged, and how long the answer may take. Without pings a frozen member holds its
/// clients for minutes.
const PING: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(2));

/// Entries per page of a list: with the largest values it must stay below the limit on a message.
const PAGE: i64 = 250;

/// The largest message taken from etcd: a page of the largest values.
const LARGEST_MESSAGE: usize = 288 * 1024 * 1024;

/// How often a list is begun anew because it was compacted between two pages.
const LIST_ATTEMPTS: usize = 5;

/// Which etcd, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Members as `http://host:port`; at least one. Without TLS and without a user so far, so that etcd belongs on a
    /// network of its own.
    pub endpoints: Vec<String>,
    /// What all keys begin with, such as `muster/`.
    pub root: String,
}

/// Why the cluster cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody answered.
    #[error("no etcd answered at {endpoints}: {reason}; start it, or correct the endpoints")]
    Unreachable {
        /// All of them.
        endpoints: String,
        /// What the last one failed with.
        reason: String,
    },
    /// A member is too old to be relied on.
    #[error(
        "etcd at {endpoint} is version {found}; Muster needs {OLDEST} or later, because older ones lose changes and \
         keep ended leases: upgrade it (Debian 12's 3.4 is too old)"
    )]
    TooOld {
        /// The member.
        endpoint: String,
        /// What it says.
        found: String,
    },
}

/// A [`Store`] over etcd.
#[derive(Clone)]
pub struct EtcdStore {
    client: Client,
    root: Root,
}

impl EtcdStore {
    /// Connects, and refuses members that are too old. Members that do not answer now are used when they do.
    ///
    /// # Errors
    /// When no member answers, or one is too old.
    pub async fn connect(options: Options) -> Result<Self, ConnectError> {
        let mut reason = "there are no endpoints".to_string();
        let mut answered = false;
        for endpoint in &options.endpoints {
            match version_of(endpoint).await {
                Ok(found) => {
                    refuse_old(endpoint, &found)?;
                    answered = true;
                }
                Err(error) => {
                    tracing::warn!(%endpoint, %error, "an etcd member does not answer; the others are used");
                    reason = error.to_string();
                }
            }
        }
        let unreachable = |reason| ConnectError::Unreachable {
            endpoints: options.endpoints.join(", "),
            reason,
        };
        if !answered {
            return Err(unreachable(reason));
        }
        let client = Client::connect(&options.endpoints, Some(connection()));
        Ok(Self {
            client: client.await.map_err(|e| unreachable(e.to_string()))?,
            root: Root::new(options.root.clone()),
        })
    }

    async fn page(
        &self,
        prefix: &Prefix,
        from: Vec<u8>,
        at: Option<Rev>,
    ) -> Result<GetResponse, StoreError> {
        let mut options = GetOptions::new()
            .with_range(self.root.end(prefix))
            .with_limit(PAGE);
        if let Some(at) = at {
            options = options.with_revision(at.cast_signed());
        }
        let kv = self.client.kv_client();
        let mut kv = kv.max_decoding_message_size(LARGEST_MESSAGE);
        answer(kv.get(from, Some(options))).await
    }

    /// All pages at the revision of the first.
    async fn pages(&self, prefix: &Prefix) -> Result<Snapshot, StoreError> {
        let mut from = self.root.start(prefix);
        let mut snapshot: Option<Snapshot> = None;
        loop {
            let at = snapshot.as_ref().map(|snapshot| snapshot.at);
            let page = self.page(prefix, from, at).await?;
            let snapshot = snapshot.get_or_insert_with(|| Snapshot {
                at: translate::revision(page.header()),
                entries: Vec::new(),
            });
            let entries = page.kvs().iter();
            snapshot
                .entries
                .extend(entries.filter_map(|kv| self.root.entry(kv)));
            match page.kvs().last().filter(|_| page.more()) {
                Some(last) => from = [last.key(), b"\0"].concat(),
                None => return Ok(snapshot.clone()),
            }
        }
    }
}

async fn version_of(endpoint: &str) -> Result<String, StoreError> {
    let mut client = answer(Client::connect([endpoint], Some(connection()))).await?;
    let status = answer(client.status()).await?;
    Ok(status.version().to_string())
}

fn refuse_old(endpoint: &str, found: &str) -> Result<(), ConnectError> {
    match Version::read(found) {
        Some(version) if version >= OLDEST => Ok(()),
        _ => Err(ConnectError::TooOld {
            endpoint: endpoint.into(),
            found: found.into(),
        }),
    }
}

fn connection() -> ConnectOptions {
    ConnectOptions::new()
        .with_connect_timeout(Duration::from_secs(2))
        .with_keep_alive(PING.0, PING.1)
        .with_keep_alive_while_idle(true)
        .with_require_leader(true)
}

/// What etcd answers before the deadline.
async fn answer<T>(
    call: impl Future<Output = Result<T, etcd_client::Error>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(DEADLINE, call).await {
        Ok(result) => result.map_err(failure),
        Err(_) => Err(StoreError::Unknown(format!("no answer in {DEADLINE:?}"))),
    }
}

#[async_trait]
impl Store for EtcdStore {
    async fn grant(&self, ttl: Duration) -> Result<LeaseId, StoreError> {
        check_ttl(ttl)?;
        let seconds = ttl.as_millis().div_ceil(1000);
        let seconds = i64::try_from(seconds).expect("at most a day");
        let mut client = self.client.lease_client();
        Ok(LeaseId(answer(client.grant(seconds, None)).await?.id()))
    }

    /// One short stream each. A lasting one would have to be mended by hand after every failure of a member.
    async fn renew(&self, lease: LeaseId) -> Result<(), StoreError> {
        let mut client = self.client.lease_client();
        answer(client.keep_alive(lease.0)).await.map(drop)
    }

    async fn revoke(&self, lease: LeaseId) -> Result<(), StoreError> {
        let mut client = self.client.lease_client();
        answer(client.revoke(lease.0)).await.map(drop)
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot, StoreError> {
        let mut result = self.pages(prefix).await;
        for _ in 1..LIST_ATTEMPTS {
            if !matches!(result, Err(StoreError::Compacted { .. })) {
                break;
            }
            result = self.pages(prefix).await;
        }
        result
    }

    async fn commit(&self, guards: Vec<Guard>, ops: Vec<Op>) -> Result<Outcome, StoreError> {
        check(&guards, &ops)?;
        let when: Vec<_> = guards
            .iter()
            .map(|guard| self.root.compare(guard))
            .collect();
        let then: Vec<_> = ops.into_iter().map(|op| self.root.op(op)).collect();
        let mut kv = self.client.kv_client();
        let response = answer(kv.txn(Txn::new().when(when).and_then(then))).await?;
        Ok(if response.succeeded() {
            Outcome::Applied(translate::revision(response.header()))
        } else {
            Outcome::Refused
        })
    }

    fn watch(&self, prefix: &Prefix, after: Rev) -> Watch {
        watch::watch(self.client.watch_client(), self.root.clone(), prefix, after)
    }
}
