//! Asking for the machine's addresses: its interfaces, the cloud's metadata service, STUN servers, name servers. What is
//! asked when, and what an answer is worth, is decided by `addresses`.
//!
//! Each question is a task of its own with a deadline, and leads to one answer. The system says by itself when an
//! interface or an address comes or goes; then the interfaces are read at once. Nodes and the master ask with it.

mod ec2;
mod kept;
mod metadata;
mod names;
mod netlink;
mod stun;

use std::path::Path;

use addresses::{Finding, InterfaceAddress, Query};
use tokio::task::JoinSet;

pub use kept::Kept;
pub use names::resolve;

use metadata::Metadata;
use netlink::Watcher;

/// Whether the cloud's metadata service is asked, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MetadataService {
    /// Where the firmware says that the machine is one of Amazon EC2, at the usual place. Nowhere else.
    #[default]
    Auto,
    #[allow(missing_docs)]
    Off,
    /// Something that speaks as Amazon's does (IMDSv2).
    At(client::Target),
}

/// Reads the addresses of the machine's interfaces. The error is a sentence for the operator.
pub type Interfaces = Box<dyn FnMut() -> Result<Vec<InterfaceAddress>, String> + Send>;

/// The questions that are under way.
pub struct Discovery {
    interfaces: Interfaces,
    metadata: Option<Metadata>,
    watcher: Option<Watcher>,
    asked: JoinSet<Finding>,
}

impl Discovery {
    /// Asks nothing yet.
    pub fn new(interfaces: Interfaces, metadata: Option<client::Target>) -> Self {
        let watcher = Watcher::new().inspect_err(|error| {
            tracing::warn!(%error, "the system does not tell of changed interfaces; they are read every few seconds");
        });
        Self {
            interfaces,
            metadata: metadata.and_then(Metadata::new),
            watcher: watcher.ok(),
            asked: JoinSet::new(),
        }
    }

    /// Asks. [`Discovery::next`] has the answer.
    pub fn ask(&mut self, query: Query) {
        match query {
            Query::Interfaces => {
                let found = Finding::Interfaces((self.interfaces)());
                self.asked.spawn(std::future::ready(found));
            }
            Query::Metadata => {
                if let Some(metadata) = self.metadata.clone() {
                    let asked = async move { Finding::Metadata(metadata.ask().await) };
                    self.asked.spawn(asked);
                }
            }
            Query::Stun { server } => {
                self.asked.spawn(async move {
                    let result = stun::ask(&server).await;
                    Finding::Stun { server, result }
                });
            }
            Query::Name { name } => {
                self.asked.spawn(async move {
                    let result = names::resolve(&name).await;
                    Finding::Name { name, result }
                });
            }
        }
    }

    /// The next answer, or what the interfaces have after a change. Nothing is lost when this is given up.
    pub async fn next(&mut self) -> Finding {
        loop {
            tokio::select! {
                Some(done) = self.asked.join_next() => match done {
                    Ok(finding) => return finding,
                    // It is asked again after a while, like anything that is not answered.
                    Err(error) => tracing::error!(%error, "a question for an address failed"),
                },
                () = changed(&mut self.watcher) => {
                    return Finding::Interfaces((self.interfaces)());
                }
            }
        }
    }
}

async fn changed(watcher: &mut Option<Watcher>) {
    match watcher {
        Some(watcher) => watcher.changed().await,
        None => std::future::pending().await,
    }
}

/// Where the metadata service is, if there is one to ask.
pub fn service(wanted: &MetadataService) -> Option<client::Target> {
    match wanted {
        MetadataService::Off => None,
        MetadataService::At(target) => Some(target.clone()),
        MetadataService::Auto => ec2::is_ec2(Path::new("/sys")).then(ec2::service),
    }
}

/// Reads the addresses of the interfaces that are up.
///
/// # Errors
/// A sentence for the operator, when the system does not tell.
pub fn interfaces() -> Result<Vec<InterfaceAddress>, String> {
    let interfaces = if_addrs::get_if_addrs()
        .map_err(|e| format!("the interfaces of this machine cannot be read: {e}"))?;
    let up = interfaces
        .into_iter()
        .filter(|i| i.is_oper_up() || i.is_loopback());
    Ok(up
        .map(|i| InterfaceAddress {
            ip: i.ip(),
            interface: i.name,
        })
        .collect())
}

#[cfg(test)]
mod tests;
