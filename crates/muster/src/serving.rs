//! Starting a master: settings and data directory become its configuration.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result};
use ledger::Ledger;
use link::Certificate;
use link::trust::Trust;
use master::{Administration, Master};
use provider::ClusterId;
use store::sqlite::SqliteStore;
use tokio::task::JoinSet;
use tracing::warn;

use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::fleet::{Launching, Locals};
use crate::{administration, asking, certificates, page, renewing, token};

/// A running master and what people and nodes need to know of it.
pub struct Serving {
    #[allow(missing_docs)]
    pub master: Master,
    /// Password of the REST API.
    pub secret: String,
    /// By which its machines are known.
    pub cluster: ClusterId,
    /// Nodes that are processes of this machine.
    pub locals: Option<Arc<Locals>>,
    /// `https://HOST[:PORT]` as clients reach it.
    pub url: String,
    /// Reads the operator's certificate again.
    _renewing: JoinSet<()>,
}

impl Serving {
    /// Starts the master.
    ///
    /// # Errors
    /// When the data directory cannot be used or an address is taken.
    pub async fn start(settings: &Settings, data: &DataDir) -> Result<Self> {
        let trust = Trust {
            life: settings.link.certificate_life,
            ..Trust::open(data.path())?
        };
        let administration = administration::read(settings, data)?;
        let launching = Launching::of(settings, data, &trust, &administration)?;
        let (cluster, locals) = (launching.cluster.clone(), launching.locals.clone());
        let (tls, renewing) = certificate(settings, data)?;
        let config = config(settings, data, trust, administration, launching, tls)?;
        let secret = config.secret.clone();
        let master = master::start(config).await?;
        let links = token::links(settings, master.link_addr());
        token::remember(data, &links)?;
        asking::remember(data, master.https_addr())?;
        let port = settings.public_port.unwrap_or(master.https_addr().port());
        let url = format!("https://{}", authority(&settings.public_host, port));
        Ok(Self {
            master,
            secret,
            cluster,
            locals,
            url,
            _renewing: renewing,
        })
    }
}

fn certificate(settings: &Settings, data: &DataDir) -> Result<(Certificate, JoinSet<()>)> {
    match &settings.certificate {
        Some(own) => renewing::renewing(own).context("tls.cert, tls.key"),
        None => {
            let made = certificates::https(data, &settings.public_host)?;
            let made = Certificate::new(&made.cert_pem, &made.key_pem);
            Ok((made.context("https.crt, https.key")?, JoinSet::new()))
        }
    }
}

fn config(
    settings: &Settings,
    data: &DataDir,
    trust: Trust,
    administration: Administration,
    launching: Launching,
    tls: Certificate,
) -> Result<master::Config> {
    let secret = match &settings.secret {
        Some(secret) => secret.clone(),
        None => data.secret("secret")?,
    };
    let file = data.file("store.db");
    let store = SqliteStore::open(&file, &store::sqlite::Options::default())?;
    Ok(master::Config {
        listen: settings.https_listen,
        link_listen: settings.link.listen,
        public_host: settings.public_host.clone(),
        public_port: settings.public_port.unwrap_or(0),
        secret,
        tls,
        link_trust: trust,
        probe: settings.cluster.probe,
        ice_servers: settings.ice_servers.clone(),
        relay: settings.relay.clone(),
        metadata: settings.node.metadata.clone(),
        stun_servers: settings.node.stun_servers.clone(),
        forced_video_codec: settings.forced_video_codec,
        allow_transcoding: settings.allow_transcoding,
        bandwidth: settings.bandwidth,
        remedy: settings.node_lost,
        store: Some(Arc::new(store)),
        ledger: ledger(settings, data),
        garbage_interval: settings.garbage_interval,
        garbage_threshold: settings.garbage_threshold,
        cluster: launching.settings,
        fleet: launching.fleet,
        administration: Administration {
            policy: launching.policy,
            ..administration
        },
        call_page: settings.call_page,
        page: page::page(),
    })
}

/// Calls do without it: a disk that refuses is told and no more.
fn ledger(settings: &Settings, data: &DataDir) -> Option<Arc<Ledger>> {
    let opened = Ledger::open(&data.file("ledger.db"), settings.ledger.as_ref()?);
    let opened =
        opened.inspect_err(|error| warn!(%error, "there is no ledger; calls are not affected"));
    opened.ok().map(Arc::new)
}

/// `HOST` or `HOST:PORT`, with brackets where needed.
fn authority(host: &str, port: u16) -> String {
    let host = bracketed(host);
    match port {
        443 => host,
        port => format!("{host}:{port}"),
    }
}

/// A host as it is written before a port.
pub fn bracketed(host: &str) -> String {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V6(ip)) => format!("[{ip}]"),
        _ => host.to_owned(),
    }
}

/// `https://ADDRESS:PORT` by which nodes on this machine reach a master that listens there.
pub fn local_link(listening: SocketAddr) -> String {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    format!("https://{}", SocketAddr::new(ip, listening.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_have_brackets_and_ports_where_needed() {
        assert_eq!(authority("localhost", 4443), "localhost:4443");
        assert_eq!(authority("call.example.com", 443), "call.example.com");
        assert_eq!(authority("2001:db8::1", 8443), "[2001:db8::1]:8443");
    }

    #[test]
    fn nodes_on_this_machine_dial_an_address_that_is_listened_on() {
        let dialled = |listening: &str| local_link(listening.parse().expect("address"));
        assert_eq!(dialled("127.0.0.1:4442"), "https://127.0.0.1:4442");
        assert_eq!(dialled("0.0.0.0:4442"), "https://127.0.0.1:4442");
        assert_eq!(dialled("[::]:4442"), "https://[::1]:4442");
        assert_eq!(dialled("10.0.0.2:1"), "https://10.0.0.2:1");
    }
}
