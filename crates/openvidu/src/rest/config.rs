//! `GET /config` and its single values.

use conference::ForcedVideoCodec;
use serde_json::{Map, Value};

use crate::stream::codec_name;

/// The configuration as applications see it, in the terms of OpenVidu CE.
#[derive(Clone, Debug)]
pub struct Config {
    /// The version of OpenVidu whose protocol is spoken.
    pub version: String,
    #[allow(missing_docs)]
    pub domain_or_public_ip: String,
    #[allow(missing_docs)]
    pub https_port: u16,
    /// `https://HOST[:PORT]/`
    pub public_url: String,
    /// Where the CDR is written; `None` when it is off.
    pub cdr_path: Option<String>,
    /// Client to server, kbit/s, 0 for no limit.
    pub video_max_recv_bandwidth: u32,
    /// Client to server, kbit/s, 0 for no limit.
    pub video_min_recv_bandwidth: u32,
    /// Server to client, kbit/s, 0 for no limit.
    pub video_max_send_bandwidth: u32,
    /// Server to client, kbit/s, 0 for no limit.
    pub video_min_send_bandwidth: u32,
    #[allow(missing_docs)]
    pub forced_video_codec: ForcedVideoCodec,
    #[allow(missing_docs)]
    pub allow_transcoding: bool,
    #[allow(missing_docs)]
    pub simulcast: bool,
    /// Seconds; 0 is off.
    pub sessions_garbage_interval: u64,
    /// Seconds.
    pub sessions_garbage_threshold: u64,
    /// `None` when recording is off.
    pub recording: Option<Recording>,
    /// `None` when webhooks are off.
    pub webhook: Option<Webhook>,
    /// The cluster's part, which OpenVidu shows in its Pro edition only.
    pub cluster: Option<Cluster>,
}

/// How the cluster is run.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Cluster {
    pub id: String,
    /// Nodes are launched here: `auto`, else `manual`.
    pub launches: bool,
    /// How many nodes are wanted, where that is a plain number.
    pub media_nodes: Option<u32>,
    /// Seconds after which a node that is silent counts as crashed.
    pub reconnection_timeout: u64,
    /// By which nodes are chosen for sessions: `streams`, `connections`, `sessions`, `cpu` or `memory`.
    pub load_strategy: String,
    /// Seconds between two reports of a node's load.
    pub load_interval: u64,
    /// `None` when it is off.
    pub autoscaling: Option<Autoscaling>,
}

/// Autoscaling's parameters.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Autoscaling {
    /// Seconds.
    pub interval: u64,
    pub min_nodes: u32,
    pub max_nodes: u32,
    /// Percent.
    pub min_load: f64,
    /// Percent.
    pub max_load: f64,
}

/// The recording module's part.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Recording {
    pub version: String,
    pub path: String,
    pub public_access: bool,
    /// `all`, `publisher_moderator`, `moderator` or `none`.
    pub notification: String,
    pub custom_layout: String,
    /// Seconds.
    pub autostop_timeout: u64,
    /// Base URL that the recorder opens, when it is set.
    pub composed_url: Option<String>,
}

/// The webhook's part.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Webhook {
    pub endpoint: String,
    /// `Name: value`
    pub headers: Vec<String>,
    pub events: Vec<String>,
}

impl Config {
    /// Body of `GET /config`.
    pub fn render(&self) -> String {
        let mut out = Map::new();
        let mut put = |key: &str, value: Value| {
            out.insert(key.to_owned(), value);
        };
        put("VERSION", self.version.as_str().into());
        put(
            "DOMAIN_OR_PUBLIC_IP",
            self.domain_or_public_ip.as_str().into(),
        );
        put("HTTPS_PORT", self.https_port.into());
        put("OPENVIDU_PUBLICURL", self.public_url.as_str().into());
        put("OPENVIDU_CDR", self.cdr_path.is_some().into());
        if let Some(path) = &self.cdr_path {
            put("OPENVIDU_CDR_PATH", path.as_str().into());
        }
        put(
            "OPENVIDU_STREAMS_VIDEO_MAX_RECV_BANDWIDTH",
            self.video_max_recv_bandwidth.into(),
        );
        put(
            "OPENVIDU_STREAMS_VIDEO_MIN_RECV_BANDWIDTH",
            self.video_min_recv_bandwidth.into(),
        );
        put(
            "OPENVIDU_STREAMS_VIDEO_MAX_SEND_BANDWIDTH",
            self.video_max_send_bandwidth.into(),
        );
        put(
            "OPENVIDU_STREAMS_VIDEO_MIN_SEND_BANDWIDTH",
            self.video_min_send_bandwidth.into(),
        );
        put(
            "OPENVIDU_STREAMS_FORCED_VIDEO_CODEC",
            codec_name(self.forced_video_codec).into(),
        );
        put(
            "OPENVIDU_STREAMS_ALLOW_TRANSCODING",
            self.allow_transcoding.into(),
        );
        put("OPENVIDU_WEBRTC_SIMULCAST", self.simulcast.into());
        put(
            "OPENVIDU_SESSIONS_GARBAGE_INTERVAL",
            self.sessions_garbage_interval.into(),
        );
        put(
            "OPENVIDU_SESSIONS_GARBAGE_THRESHOLD",
            self.sessions_garbage_threshold.into(),
        );
        put("OPENVIDU_RECORDING", self.recording.is_some().into());
        put("OPENVIDU_WEBHOOK", self.webhook.is_some().into());
        out.extend(self.recording.iter().flat_map(Recording::entries));
        out.extend(self.webhook.iter().flat_map(Webhook::entries));
        out.extend(self.cluster.iter().flat_map(Cluster::entries));
        Value::Object(out).to_string()
    }

    /// Body of `GET /config/{name}`, plain text; `None` for a name that does not exist.
    pub fn text(&self, name: &str) -> Option<String> {
        match name {
            "openvidu-version" => Some(self.version.clone()),
            "openvidu-publicurl" => Some(self.public_url.clone()),
            "openvidu-cdr" => Some(self.cdr_path.is_some().to_string()),
            "openvidu-recording" => Some(self.recording.is_some().to_string()),
            "openvidu-recording-path" => Some(
                self.recording
                    .as_ref()
                    .map(|recording| recording.path.clone())
                    .unwrap_or_default(),
            ),
            _ => None,
        }
    }
}

impl Recording {
    fn entries(&self) -> Vec<(String, Value)> {
        let mut entries = vec![
            ("OPENVIDU_RECORDING_VERSION", self.version.as_str().into()),
            ("OPENVIDU_RECORDING_PATH", self.path.as_str().into()),
            (
                "OPENVIDU_RECORDING_PUBLIC_ACCESS",
                self.public_access.into(),
            ),
            (
                "OPENVIDU_RECORDING_NOTIFICATION",
                self.notification.as_str().into(),
            ),
            (
                "OPENVIDU_RECORDING_CUSTOM_LAYOUT",
                self.custom_layout.as_str().into(),
            ),
            (
                "OPENVIDU_RECORDING_AUTOSTOP_TIMEOUT",
                self.autostop_timeout.into(),
            ),
        ];
        if let Some(url) = &self.composed_url {
            entries.push(("OPENVIDU_RECORDING_COMPOSED_URL", url.as_str().into()));
        }
        entries
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    }
}

impl Webhook {
    fn entries(&self) -> Vec<(String, Value)> {
        vec![
            (
                "OPENVIDU_WEBHOOK_ENDPOINT".to_owned(),
                self.endpoint.as_str().into(),
            ),
            (
                "OPENVIDU_WEBHOOK_HEADERS".to_owned(),
                self.headers.clone().into(),
            ),
            (
                "OPENVIDU_WEBHOOK_EVENTS".to_owned(),
                self.events.clone().into(),
            ),
        ]
    }
}

impl Cluster {
    fn entries(&self) -> Vec<(String, Value)> {
        let mode = if self.launches { "auto" } else { "manual" };
        let mut entries = vec![
            ("ID", self.id.as_str().into()),
            ("MODE", mode.into()),
            // `aws` would promise that nodes are instances there.
            ("ENVIRONMENT", "on_premise".into()),
            ("RECONNECTION_TIMEOUT", self.reconnection_timeout.into()),
            ("LOAD_STRATEGY", self.load_strategy.as_str().into()),
            ("LOAD_INTERVAL", self.load_interval.into()),
            ("AUTOSCALING", self.autoscaling.is_some().into()),
        ];
        if let Some(count) = self.media_nodes {
            entries.push(("MEDIA_NODES", count.into()));
        }
        if let Some(limits) = self.autoscaling {
            entries.extend([
                ("AUTOSCALING_INTERVAL", limits.interval.into()),
                ("AUTOSCALING_MIN_NODES", limits.min_nodes.into()),
                ("AUTOSCALING_MAX_NODES", limits.max_nodes.into()),
                ("AUTOSCALING_MIN_LOAD", limits.min_load.into()),
                ("AUTOSCALING_MAX_LOAD", limits.max_load.into()),
            ]);
        }
        entries
            .into_iter()
            .map(|(key, value)| (format!("OPENVIDU_PRO_CLUSTER_{key}"), value))
            .collect()
    }
}
