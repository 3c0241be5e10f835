//! `GET /config` and `GET /health`: the keys and types of OpenVidu's `restApiTest`.

use conference::{ForcedVideoCodec, NodeId};
use openvidu::rest::{Autoscaling, Cluster, Config, Recording, Webhook, render_health};
use serde_json::json;

use crate::state::{json_of, keys};

fn config() -> Config {
    Config {
        version: "2.32.1".into(),
        domain_or_public_ip: "localhost".into(),
        https_port: 4443,
        public_url: "https://localhost:4443/".into(),
        cdr_path: None,
        video_max_recv_bandwidth: 1000,
        video_min_recv_bandwidth: 300,
        video_max_send_bandwidth: 1000,
        video_min_send_bandwidth: 300,
        forced_video_codec: ForcedVideoCodec::MediaServerPreferred,
        allow_transcoding: false,
        simulcast: false,
        sessions_garbage_interval: 900,
        sessions_garbage_threshold: 3600,
        recording: None,
        webhook: None,
        cluster: None,
    }
}

#[test]
fn with_everything_off() {
    assert_eq!(
        json_of(&config().render()),
        json!({
            "VERSION":"2.32.1","DOMAIN_OR_PUBLIC_IP":"localhost","HTTPS_PORT":4443,
            "OPENVIDU_PUBLICURL":"https://localhost:4443/","OPENVIDU_CDR":false,
            "OPENVIDU_STREAMS_VIDEO_MAX_RECV_BANDWIDTH":1000,"OPENVIDU_STREAMS_VIDEO_MIN_RECV_BANDWIDTH":300,
            "OPENVIDU_STREAMS_VIDEO_MAX_SEND_BANDWIDTH":1000,"OPENVIDU_STREAMS_VIDEO_MIN_SEND_BANDWIDTH":300,
            "OPENVIDU_STREAMS_FORCED_VIDEO_CODEC":"MEDIA_SERVER_PREFERRED",
            "OPENVIDU_STREAMS_ALLOW_TRANSCODING":false,"OPENVIDU_WEBRTC_SIMULCAST":false,
            "OPENVIDU_SESSIONS_GARBAGE_INTERVAL":900,"OPENVIDU_SESSIONS_GARBAGE_THRESHOLD":3600,
            "OPENVIDU_RECORDING":false,"OPENVIDU_WEBHOOK":false,
        })
    );
}

#[test]
fn with_everything_on() {
    let recording = Recording {
        version: "2.32.1".into(),
        path: "/opt/openvidu/recordings".into(),
        public_access: false,
        notification: "publisher_moderator".into(),
        custom_layout: "/opt/openvidu/custom-layout".into(),
        autostop_timeout: 120,
        composed_url: Some("https://r.example.com".into()),
    };
    let webhook = Webhook {
        endpoint: "https://w.example.com".into(),
        headers: vec!["Authorization: x".into()],
        events: vec!["sessionCreated".into()],
    };
    let cdr_path = Some("/opt/openvidu/cdr".into());
    let view = json_of(
        &Config {
            recording: Some(recording),
            webhook: Some(webhook),
            cdr_path,
            ..config()
        }
        .render(),
    );
    let off = json_of(&config().render());
    let extra: Vec<&str> = keys(&view)
        .into_iter()
        .filter(|key| !keys(&off).contains(key))
        .collect();
    assert_eq!(
        extra,
        [
            "OPENVIDU_CDR_PATH",
            "OPENVIDU_RECORDING_AUTOSTOP_TIMEOUT",
            "OPENVIDU_RECORDING_COMPOSED_URL",
            "OPENVIDU_RECORDING_CUSTOM_LAYOUT",
            "OPENVIDU_RECORDING_NOTIFICATION",
            "OPENVIDU_RECORDING_PATH",
            "OPENVIDU_RECORDING_PUBLIC_ACCESS",
            "OPENVIDU_RECORDING_VERSION",
            "OPENVIDU_WEBHOOK_ENDPOINT",
            "OPENVIDU_WEBHOOK_EVENTS",
            "OPENVIDU_WEBHOOK_HEADERS",
        ]
    );
    assert_eq!(view["OPENVIDU_RECORDING"], true);
    assert_eq!(view["OPENVIDU_RECORDING_PUBLIC_ACCESS"], false);
    assert_eq!(view["OPENVIDU_RECORDING_AUTOSTOP_TIMEOUT"], 120);
    assert_eq!(
        view["OPENVIDU_WEBHOOK_HEADERS"],
        json!(["Authorization: x"])
    );
}

#[test]
fn single_values_are_text() {
    let config = config();
    assert_eq!(config.text("openvidu-version").as_deref(), Some("2.32.1"));
    assert_eq!(
        config.text("openvidu-publicurl").as_deref(),
        Some("https://localhost:4443/")
    );
    assert_eq!(config.text("openvidu-recording").as_deref(), Some("false"));
    assert_eq!(config.text("openvidu-recording-path").as_deref(), Some(""));
    assert_eq!(config.text("openvidu-cdr").as_deref(), Some("false"));
    assert_eq!(config.text("openvidu-secret"), None);
}

#[test]
fn health_follows_the_nodes() {
    let gone = [NodeId::new("media_1")];
    for (connected, disconnected, status, name) in [
        (2, &gone[..0], 200, "UP"),
        (1, &gone[..], 409, "UNSTABLE"),
        (0, &gone[..], 503, "DOWN"),
        (0, &gone[..0], 503, "DOWN"),
    ] {
        let ids: Vec<&str> = disconnected.iter().map(NodeId::as_str).collect();
        let (code, body) = render_health(connected, disconnected);
        assert_eq!(
            (code, json_of(&body)),
            (status, json!({"status":name,"disconnectedMediaNodes":ids}))
        );
    }
}

#[test]
fn a_cluster_shows_its_keys_with_types() {
    let cluster = Cluster {
        id: "c1".into(),
        launches: true,
        media_nodes: Some(3),
        reconnection_timeout: 10,
        load_strategy: "streams".into(),
        load_interval: 1,
        autoscaling: None,
    };
    let shown = |cluster: Cluster| {
        let with = Config {
            cluster: Some(cluster),
            ..config()
        };
        let mut view = json_of(&with.render());
        for key in keys(&json_of(&config().render())) {
            view.as_object_mut().unwrap().remove(key);
        }
        view
    };
    assert_eq!(
        shown(cluster.clone()),
        json!({
            "OPENVIDU_PRO_CLUSTER_ID":"c1","OPENVIDU_PRO_CLUSTER_MODE":"auto",
            "OPENVIDU_PRO_CLUSTER_ENVIRONMENT":"on_premise","OPENVIDU_PRO_CLUSTER_MEDIA_NODES":3,
            "OPENVIDU_PRO_CLUSTER_RECONNECTION_TIMEOUT":10,"OPENVIDU_PRO_CLUSTER_LOAD_STRATEGY":"streams",
            "OPENVIDU_PRO_CLUSTER_LOAD_INTERVAL":1,"OPENVIDU_PRO_CLUSTER_AUTOSCALING":false,
        })
    );
    let autoscaling = Autoscaling {
        interval: 30,
        min_nodes: 1,
        max_nodes: 4,
        min_load: 20.0,
        max_load: 70.5,
    };
    let view = shown(Cluster {
        launches: false,
        media_nodes: None,
        autoscaling: Some(autoscaling),
        ..cluster
    });
    assert_eq!(view["OPENVIDU_PRO_CLUSTER_MODE"], "manual");
    assert_eq!(view.get("OPENVIDU_PRO_CLUSTER_MEDIA_NODES"), None);
    assert_eq!(view["OPENVIDU_PRO_CLUSTER_AUTOSCALING"], true);
    assert_eq!(view["OPENVIDU_PRO_CLUSTER_AUTOSCALING_INTERVAL"], 30);
    assert_eq!(view["OPENVIDU_PRO_CLUSTER_AUTOSCALING_MIN_NODES"], 1);
    assert_eq!(view["OPENVIDU_PRO_CLUSTER_AUTOSCALING_MAX_NODES"], 4);
    assert_eq!(view["OPENVIDU_PRO_CLUSTER_AUTOSCALING_MIN_LOAD"], 20.0);
    assert_eq!(view["OPENVIDU_PRO_CLUSTER_AUTOSCALING_MAX_LOAD"], 70.5);
}
