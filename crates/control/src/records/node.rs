//! A node that has dialled in.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use cluster::addresses::{Entry, Proof, Source};
use cluster::{
    Addresses, Boot, BootId, Capacity, Environment, Known, Moment, NodeId, Purpose, SessionId,
};
use serde::{Deserialize, Serialize};

use super::part;
use crate::input::Now;

/// A node as it was when the master last knew it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeRecord {
    id: String,
    boot: String,
    boot_started: u64,
    program: String,
    addresses_version: u64,
    ips: Vec<IpAddr>,
    ports: Vec<u16>,
    stun_port: u16,
    #[serde(default)]
    relay_tls: String,
    problem: String,
    #[serde(default)]
    entries: Vec<EntryRecord>,
    #[serde(default)]
    remarks: Vec<String>,
    shards: u32,
    environment: Option<String>,
    environment_ip: Option<IpAddr>,
    served: bool,
    purpose: PurposeRecord,
}

/// An address of it. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct EntryRecord {
    ip: IpAddr,
    source: String,
    name: String,
    local: Option<IpAddr>,
    found: u64,
    confirmed: u64,
    proof: String,
    advertised: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PurposeRecord {
    Stay,
    Drain {
        /// Milliseconds since the Unix epoch: moments mean nothing to a later run of the master.
        until: u64,
        by_operator: bool,
    },
    Terminate,
}

impl NodeRecord {
    /// Where it lies.
    pub(crate) fn key(node: &NodeId) -> String {
        format!("known/{}", part(node.as_str()))
    }

    pub(crate) fn of(now: Now, known: Known) -> Self {
        let told = known.addresses_told.unwrap_or(now.moment);
        let ago = Duration::from_millis(now.moment.0.saturating_sub(told.0));
        let entries = known.addresses.entries.into_iter();
        let entries = entries.map(|entry| EntryRecord::of(now, entry.aged(ago)));
        Self {
            entries: entries.collect(),
            remarks: known.addresses.remarks,
            id: known.node.as_str().to_owned(),
            boot: known.boot.id.as_str().to_owned(),
            boot_started: known.boot.started,
            program: known.version,
            addresses_version: known.addresses.version,
            ips: known.addresses.ips,
            ports: known.addresses.ports,
            stun_port: known.addresses.stun_port,
            relay_tls: known.addresses.relay_tls.clone(),
            problem: known.addresses.problem,
            shards: known.capacity.shards,
            environment: known.environment.id,
            environment_ip: known.environment.ip,
            served: known.served,
            purpose: match known.purpose {
                Purpose::Stay => PurposeRecord::Stay,
                Purpose::Drain { until, by_operator } => PurposeRecord::Drain {
                    until: (now.timestamp.0 + until.0).saturating_sub(now.moment.0),
                    by_operator,
                },
                Purpose::Terminate => PurposeRecord::Terminate,
            },
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn known(self, now: Now, sessions: BTreeSet<SessionId>) -> Known {
        Known {
            node: NodeId::new(self.id),
            boot: Boot {
                id: BootId::new(self.boot),
                started: self.boot_started,
            },
            version: self.program,
            addresses: Addresses {
                version: self.addresses_version,
                ips: self.ips,
                ports: self.ports,
                stun_port: self.stun_port,
                relay_tls: self.relay_tls,
                problem: self.problem,
                entries: self.entries.into_iter().map(|it| it.entry(now)).collect(),
                remarks: self.remarks,
            },
            addresses_told: Some(now.moment),
            capacity: Capacity {
                shards: self.shards,
            },
            environment: Environment {
                id: self.environment,
                ip: self.environment_ip,
            },
            served: self.served,
            purpose: match self.purpose {
                PurposeRecord::Stay => Purpose::Stay,
                PurposeRecord::Drain { until, by_operator } => Purpose::Drain {
                    until: Moment((now.moment.0 + until).saturating_sub(now.timestamp.0)),
                    by_operator,
                },
                PurposeRecord::Terminate => Purpose::Terminate,
            },
            sessions,
        }
    }
}

impl EntryRecord {
    fn of(now: Now, entry: Entry) -> Self {
        let millis = |ago: Duration| u64::try_from(ago.as_millis()).unwrap_or(u64::MAX);
        let at = |ago| now.timestamp.0.saturating_sub(millis(ago));
        Self {
            ip: entry.ip,
            source: entry.source.as_str().to_owned(),
            name: entry.name,
            local: entry.local,
            found: at(entry.found_ago),
            confirmed: at(entry.confirmed_ago),
            proof: entry.proof.as_str().to_owned(),
            advertised: entry.advertised,
        }
    }

    fn entry(self, now: Now) -> Entry {
        let ago = |at: u64| Duration::from_millis(now.timestamp.0.saturating_sub(at));
        Entry {
            ip: self.ip,
            source: Source::from_text(&self.source),
            name: self.name,
            local: self.local,
            found_ago: ago(self.found),
            confirmed_ago: ago(self.confirmed),
            proof: Proof::from_text(&self.proof),
            advertised: self.advertised,
        }
    }
}
