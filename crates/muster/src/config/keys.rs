//! The table of all settings.

/// One setting.
#[derive(Debug)]
pub(super) struct Key {
    /// As in the TOML file, tables joined by dots.
    pub(super) name: &'static str,
    /// Its value is never shown.
    pub(super) secret: bool,
}

const fn key(name: &'static str) -> Key {
    Key {
        name,
        secret: false,
    }
}

const fn secret(name: &'static str) -> Key {
    Key { name, secret: true }
}

/// Every setting there is, in the order of `muster.example.toml`.
pub(super) const KEYS: [Key; 74] = [
    key("data_dir"),
    key("log"),
    secret("secret"),
    key("public_host"),
    key("nodes"),
    key("call_page"),
    key("schedule"),
    key("https.listen"),
    key("https.public_port"),
    key("tls.cert"),
    key("tls.key"),
    key("link.listen"),
    secret("link.join"),
    key("link.join_file"),
    key("link.master"),
    key("link.certificate_life"),
    key("node.id"),
    key("node.public_addresses"),
    key("node.metadata"),
    key("node.stun_servers"),
    key("node.media_ports"),
    key("node.relay_port"),
    key("node.relay_host"),
    key("node.relay_cert"),
    key("node.relay_key"),
    key("node.shards"),
    key("node.allow_loopback"),
    key("node.exit_when_orphaned"),
    key("node.evidence"),
    key("cluster.probe"),
    key("cluster.node_lost"),
    key("cluster.id"),
    key("cluster.load_strategy"),
    key("cluster.suspicion"),
    key("cluster.come_back"),
    key("cluster.drain"),
    key("autoscaling.enabled"),
    key("autoscaling.interval"),
    key("autoscaling.min_nodes"),
    key("autoscaling.max_nodes"),
    key("autoscaling.min_load"),
    key("autoscaling.max_load"),
    key("provider.kind"),
    key("provider.command"),
    key("provider.arguments"),
    key("provider.launch_timeout"),
    key("provider.terminate_timeout"),
    key("provider.list_timeout"),
    key("provider.list_every"),
    key("provider.dial_in"),
    secret("provider.settings"),
    key("provider.wishes"),
    key("webhook.enabled"),
    key("webhook.endpoint"),
    secret("webhook.headers"),
    key("webhook.events"),
    key("webhook.authorities"),
    secret("webrtc.ice_servers"),
    key("ledger.keep"),
    key("ledger.size"),
    key("relay.enabled"),
    key("relay.master"),
    key("relay.port"),
    key("relay.rotate"),
    key("relay.allocations_per_user"),
    key("relay.allocations"),
    key("sessions.garbage_interval"),
    key("sessions.garbage_threshold"),
    key("streams.forced_video_codec"),
    key("streams.allow_transcoding"),
    key("streams.video_max_recv_bandwidth"),
    key("streams.video_min_recv_bandwidth"),
    key("streams.video_max_send_bandwidth"),
    key("streams.video_min_send_bandwidth"),
];

/// The setting of this name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// `MUSTER_HTTPS_LISTEN` for `https.listen`.
pub(super) fn variable(key: &Key) -> String {
    format!("MUSTER_{}", key.name.replace('.', "_").to_uppercase())
}

/// The setting that an environment variable sets.
pub(super) fn of_variable(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| variable(key) == name)
}

/// What is expected instead of an unknown key.
pub(super) fn unknown_key(name: &str) -> String {
    expected(
        "a known key",
        nearest(name, KEYS.iter().map(|k| k.name.to_owned())),
    )
}

/// What is expected instead of an unknown environment variable.
pub(super) fn unknown_variable(name: &str) -> String {
    expected("a known variable", nearest(name, KEYS.iter().map(variable)))
}

fn expected(what: &str, nearest: Option<String>) -> String {
    match nearest {
        Some(nearest) => format!("{what}; did you mean {nearest}?"),
        None => format!("{what}; muster.example.toml lists them all"),
    }
}

/// The candidate that was most likely meant.
pub(super) fn nearest(name: &str, candidates: impl Iterator<Item = String>) -> Option<String> {
    candidates
        .map(|candidate| {
            (
                strsim::normalized_damerau_levenshtein(name, &candidate),
                candidate,
            )
        })
        .filter(|(likeness, _)| *likeness >= 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
