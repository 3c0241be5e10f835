//! The table of OpenVidu's parameters, 2.24 to 2.32.

/// What becomes of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Its value is the value of this key.
    Key(&'static str),
    /// Its list is the list of this key.
    List(&'static str),
    /// `DOMAIN_OR_PUBLIC_IP`.
    Host,
    /// `HTTPS_PORT`.
    Port,
    /// `OV_CE_DEBUG_LEVEL`.
    LogLevel,
    /// `CERTIFICATE_TYPE`.
    CertificateType,
    /// `MEDIA_NODES_PUBLIC_IPS`.
    PublicIps,
    /// `OPENVIDU_PRO_CLUSTER_RECONNECTION_TIMEOUT`, where -1 is for ever.
    Patience,
    /// It means nothing here, and why.
    Inapplicable(&'static str),
}

const PROXY: &str = "there is no separate web proxy";
const DASHBOARD: &str = "there is no access list; use a firewall";
const JVM: &str = "there is no JVM";
const CONTAINERS: &str = "there are no containers";
const RECORDING: &str = "recording does not exist yet";
const CDR: &str = "there is no CDR; webhooks tell the same";
const TURN: &str = "there is no TURN server yet; name yours in OPENVIDU_WEBRTC_ICE_SERVERS";
const NODES: &str = "media nodes dial the master by themselves";
const LICENCE: &str = "there is no licence";
const PROVIDER: &str = "say in [provider] where nodes come from";
const LOAD: &str = "nodes report their load every second";
const ELASTIC: &str = "Elasticsearch is not used";
const STATISTICS: &str = "statistics are not collected yet";
const SPEECH: &str = "speech to text does not exist";
const AWS: &str = "nothing is launched in a cloud";
const S3: &str = "nothing is stored in S3";
const HA: &str = "there is one master, without shared state";

use Fate::{
    CertificateType, Host, Inapplicable as No, Key, List, LogLevel, Patience, Port, PublicIps,
};

const PARAMETERS: &[(&str, Fate)] = &[
    ("DOMAIN_OR_PUBLIC_IP", Host),
    ("OPENVIDU_SECRET", Key("secret")),
    ("CERTIFICATE_TYPE", CertificateType),
    ("LETSENCRYPT_EMAIL", No("certificates are not fetched")),
    ("HTTPS_PORT", Port),
    ("HTTP_PORT", No("only HTTPS is served")),
    ("HTTPS_PROTOCOLS", No(PROXY)),
    ("HTTPS_CIPHERS", No(PROXY)),
    ("HTTPS_HSTS", No(PROXY)),
    ("REDIRECT_WWW", No(PROXY)),
    ("WORKER_CONNECTIONS", No(PROXY)),
    ("ALLOWED_ACCESS_TO_DASHBOARD", No(DASHBOARD)),
    ("ALLOWED_ACCESS_TO_RESTAPI", No(DASHBOARD)),
    (
        "SUPPORT_DEPRECATED_API",
        No("only paths under /openvidu/api are served"),
    ),
    ("PROXY_PUBLIC_IP", No(PROXY)),
    ("DOCKER_LOGS_MAX_SIZE", No(CONTAINERS)),
    ("JAVA_OPTIONS", No(JVM)),
    ("ES_JAVA_OPTS", No(JVM)),
    ("OV_CE_DEBUG_LEVEL", LogLevel),
    ("SERVER_PORT", No(PROXY)),
    ("SERVER_SSL_ENABLED", No(PROXY)),
    ("DOTENV_PATH", No("give the file with --openvidu-env")),
    ("OPENVIDU_CDR", No(CDR)),
    ("OPENVIDU_CDR_PATH", No(CDR)),
    ("OPENVIDU_RECORDING", No(RECORDING)),
    ("OPENVIDU_RECORDING_PATH", No(RECORDING)),
    ("OPENVIDU_RECORDING_PUBLIC_ACCESS", No(RECORDING)),
    ("OPENVIDU_RECORDING_NOTIFICATION", No(RECORDING)),
    ("OPENVIDU_RECORDING_CUSTOM_LAYOUT", No(RECORDING)),
    ("OPENVIDU_RECORDING_AUTOSTOP_TIMEOUT", No(RECORDING)),
    ("OPENVIDU_RECORDING_COMPOSED_URL", No(RECORDING)),
    ("OPENVIDU_RECORDING_COMPOSED_BASICAUTH", No(RECORDING)),
    ("OPENVIDU_RECORDING_DEBUG", No(RECORDING)),
    ("OPENVIDU_RECORDING_VERSION", No(RECORDING)),
    ("OPENVIDU_RECORDING_IMAGE", No(RECORDING)),
    ("OPENVIDU_RECORDING_ENABLE_GPU", No(RECORDING)),
    ("OPENVIDU_WEBHOOK", Key("webhook.enabled")),
    ("OPENVIDU_WEBHOOK_ENDPOINT", Key("webhook.endpoint")),
    ("OPENVIDU_WEBHOOK_HEADERS", List("webhook.headers")),
    ("OPENVIDU_WEBHOOK_EVENTS", List("webhook.events")),
    (
        "OPENVIDU_STREAMS_VIDEO_MAX_RECV_BANDWIDTH",
        Key("streams.video_max_recv_bandwidth"),
    ),
    (
        "OPENVIDU_STREAMS_VIDEO_MIN_RECV_BANDWIDTH",
        Key("streams.video_min_recv_bandwidth"),
    ),
    (
        "OPENVIDU_STREAMS_VIDEO_MAX_SEND_BANDWIDTH",
        Key("streams.video_max_send_bandwidth"),
    ),
    (
        "OPENVIDU_STREAMS_VIDEO_MIN_SEND_BANDWIDTH",
        Key("streams.video_min_send_bandwidth"),
    ),
    (
        "OPENVIDU_STREAMS_FORCED_VIDEO_CODEC",
        Key("streams.forced_video_codec"),
    ),
    (
        "OPENVIDU_STREAMS_ALLOW_TRANSCODING",
        Key("streams.allow_transcoding"),
    ),
    (
        "OPENVIDU_SESSIONS_GARBAGE_INTERVAL",
        Key("sessions.garbage_interval"),
    ),
    (
        "OPENVIDU_SESSIONS_GARBAGE_THRESHOLD",
        Key("sessions.garbage_threshold"),
    ),
    ("OPENVIDU_WEBRTC_ICE_SERVERS", List("webrtc.ice_servers")),
    (
        "OPENVIDU_WEBRTC_SIMULCAST",
        No("simulcast does not exist yet"),
    ),
    ("COTURN_IP", No(TURN)),
    ("COTURN_PORT", No(TURN)),
    ("COTURN_SHARED_SECRET_KEY", No(TURN)),
    ("COTURN_MIN_PORT", No(TURN)),
    ("COTURN_MAX_PORT", No(TURN)),
    ("COTURN_INTERNAL_RELAY", No(TURN)),
    ("MEDIA_NODES_PUBLIC_IPS", PublicIps),
    ("KMS_URIS", No(NODES)),
    ("KMS_IMAGE", No(CONTAINERS)),
    ("MEDIASOUP_IMAGE", No(CONTAINERS)),
    ("OPENVIDU_PRO_LICENSE", No(LICENCE)),
    ("OPENVIDU_PRO_LICENSE_HTTP_PROXY", No(LICENCE)),
    ("OPENVIDU_EDITION", No("there is one edition")),
    ("OPENVIDU_PRO_CLUSTER_ID", Key("cluster.id")),
    ("OPENVIDU_PRO_CLUSTER_MODE", No(PROVIDER)),
    ("OPENVIDU_PRO_CLUSTER_ENVIRONMENT", No(PROVIDER)),
    ("OPENVIDU_PRO_CLUSTER_MEDIA_NODES", Key("nodes")),
    ("OPENVIDU_PRO_CLUSTER_PATH", No(PROVIDER)),
    (
        "OPENVIDU_PRO_CLUSTER_TEST",
        No("every node is probed before it serves"),
    ),
    ("OPENVIDU_PRO_CLUSTER_RECONNECTION_TIMEOUT", Patience),
    (
        "OPENVIDU_PRO_CLUSTER_LOAD_STRATEGY",
        Key("cluster.load_strategy"),
    ),
    ("OPENVIDU_PRO_CLUSTER_LOAD_INTERVAL", No(LOAD)),
    (
        "OPENVIDU_PRO_CLUSTER_AUTOSCALING",
        Key("autoscaling.enabled"),
    ),
    (
        "OPENVIDU_PRO_CLUSTER_AUTOSCALING_INTERVAL",
        Key("autoscaling.interval"),
    ),
    (
        "OPENVIDU_PRO_CLUSTER_AUTOSCALING_MAX_NODES",
        Key("autoscaling.max_nodes"),
    ),
    (
        "OPENVIDU_PRO_CLUSTER_AUTOSCALING_MIN_NODES",
        Key("autoscaling.min_nodes"),
    ),
    (
        "OPENVIDU_PRO_CLUSTER_AUTOSCALING_MAX_LOAD",
        Key("autoscaling.max_load"),
    ),
    (
        "OPENVIDU_PRO_CLUSTER_AUTOSCALING_MIN_LOAD",
        Key("autoscaling.min_load"),
    ),
    ("OPENVIDU_PRO_ELASTICSEARCH", No(ELASTIC)),
    ("OPENVIDU_PRO_ELASTICSEARCH_HOST", No(ELASTIC)),
    ("OPENVIDU_PRO_ELASTICSEARCH_MAX_DAYS_DELETE", No(ELASTIC)),
    ("OPENVIDU_PRO_KIBANA_HOST", No(ELASTIC)),
    ("ELASTICSEARCH_USERNAME", No(ELASTIC)),
    ("ELASTICSEARCH_PASSWORD", No(ELASTIC)),
    ("OPENVIDU_PRO_STATS_SESSION_INTERVAL", No(STATISTICS)),
    ("OPENVIDU_PRO_STATS_SERVER_INTERVAL", No(STATISTICS)),
    ("OPENVIDU_PRO_STATS_MONITORING_INTERVAL", No(STATISTICS)),
    ("OPENVIDU_PRO_STATS_WEBRTC_INTERVAL", No(STATISTICS)),
    ("OPENVIDU_PRO_NETWORK_QUALITY", No(STATISTICS)),
    ("OPENVIDU_PRO_NETWORK_QUALITY_INTERVAL", No(STATISTICS)),
    (
        "OPENVIDU_BROWSER_LOGS",
        No("logs of browsers are not collected"),
    ),
    ("OPENVIDU_PRO_SPEECH_TO_TEXT", No(SPEECH)),
    ("OPENVIDU_PRO_SPEECH_TO_TEXT_AZURE_KEY", No(SPEECH)),
    ("OPENVIDU_PRO_SPEECH_TO_TEXT_AZURE_REGION", No(SPEECH)),
    ("OPENVIDU_PRO_SPEECH_TO_TEXT_IMAGE", No(SPEECH)),
    (
        "OPENVIDU_PRO_SPEECH_TO_TEXT_VOSK_MODEL_LOAD_STRATEGY",
        No(SPEECH),
    ),
    ("OPENVIDU_PRO_DOCKER_REGISTRIES", No(CONTAINERS)),
    ("OPENVIDU_PRO_RECORDING_STORAGE", No(RECORDING)),
    ("OPENVIDU_PRO_AWS_S3_BUCKET", No(S3)),
    ("OPENVIDU_PRO_AWS_S3_HEADERS", No(S3)),
    ("OPENVIDU_PRO_AWS_S3_SERVICE_ENDPOINT", No(S3)),
    ("OPENVIDU_PRO_AWS_S3_WITH_PATH_STYLE_ACCESS", No(S3)),
    ("OPENVIDU_PRO_AWS_ACCESS_KEY", No(S3)),
    ("OPENVIDU_PRO_AWS_SECRET_KEY", No(S3)),
    ("OPENVIDU_PRO_AWS_REGION", No(S3)),
    ("OPENVIDU_PRO_PRIVATE_IP", No(NODES)),
    ("OPENVIDU_PRO_COTURN_IN_MEDIA_NODES", No(TURN)),
    ("OPENVIDU_PRO_COTURN_PORT_MEDIA_NODES", No(TURN)),
    (
        "OPENVIDU_PRO_MEDIA_NODE_PUBLIC_IP_AUTODISCOVER",
        No("nodes announce the addresses of their interfaces, or node.public_addresses"),
    ),
    (
        "OPENVIDU_ENTERPRISE_MEDIA_SERVER",
        No("there is one media server"),
    ),
    ("OPENVIDU_ENTERPRISE_S3_CONFIG_AUTORESTART", No(S3)),
    (
        "CALL_OPENVIDU_CERTTYPE",
        No("the call page is part of the server"),
    ),
    (
        "CALL_PRIVATE_ACCESS",
        No("the call page has no accounts; call_page = false turns it off"),
    ),
    (
        "CALL_USER",
        No("the call page has no accounts; call_page = false turns it off"),
    ),
    (
        "CALL_SECRET",
        No("the call page has no accounts; call_page = false turns it off"),
    ),
    (
        "CALL_ADMIN_SECRET",
        No("the call page has no accounts; call_page = false turns it off"),
    ),
    ("CALL_RECORDING", No(RECORDING)),
    ("FOLLOW_OPENVIDU_LOGS", No("logs go to standard error")),
];

/// Parameters of which only the beginning is fixed.
const FAMILIES: &[(&str, Fate)] = &[
    ("KMS_DOCKER_ENV_", No(CONTAINERS)),
    ("AWS_", No(AWS)),
    ("OPENVIDU_ENTERPRISE_HA_", No(HA)),
];

/// What becomes of the parameter; `None` when OpenVidu does not know it either.
pub(super) fn fate(name: &str) -> Option<Fate> {
    let exact = PARAMETERS.iter().find(|(known, _)| *known == name);
    let family = || FAMILIES.iter().find(|(prefix, _)| name.starts_with(prefix));
    exact.or_else(family).map(|(_, fate)| *fate)
}

/// The names that OpenVidu knows.
pub(super) fn names() -> impl Iterator<Item = String> {
    PARAMETERS.iter().map(|(name, _)| (*name).to_owned())
}
