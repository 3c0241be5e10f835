use super::*;
use crate::config::Role;
use crate::config::settings::{Settings, validate};

fn read(text: &str) -> (Account, Settings, Vec<Problem>) {
    let mut layers = Layers::default();
    let mut problems = Vec::new();
    let account = parse(".env", text, &mut layers, &mut problems);
    let settings = validate(&layers, Role::Up, &mut problems);
    (account, settings, problems)
}

#[test]
fn an_ordinary_deployment_is_taken_over() {
    let (account, settings, problems) = read(
        "# OpenVidu configuration\n\nDOMAIN_OR_PUBLIC_IP=call.example.com\nOPENVIDU_SECRET=MY_SECRET\n\
         CERTIFICATE_TYPE=selfsigned\nHTTPS_PORT=443\nOPENVIDU_STREAMS_FORCED_VIDEO_CODEC=VP8\n\
         OPENVIDU_STREAMS_ALLOW_TRANSCODING=true\nOPENVIDU_SESSIONS_GARBAGE_INTERVAL=60\n\
         OPENVIDU_SESSIONS_GARBAGE_THRESHOLD=120\nOPENVIDU_STREAMS_VIDEO_MAX_RECV_BANDWIDTH=0\n\
         OPENVIDU_WEBRTC_ICE_SERVERS=[\"url=turn:t.example.com:3478,staticAuthSecret=s\"]\n\
         OV_CE_DEBUG_LEVEL=DEBUG\nOPENVIDU_WEBHOOK_ENDPOINT=\n",
    );
    assert_eq!(problems, []);
    assert_eq!(account.inapplicable, []);
    assert_eq!(account.unknown, []);
    assert_eq!(account.used.len(), 11);
    assert_eq!(settings.public_host, "call.example.com");
    assert_eq!(settings.secret.as_deref(), Some("MY_SECRET"));
    assert_eq!(settings.https_listen.port(), 443);
    assert_eq!(
        settings.forced_video_codec,
        conference::ForcedVideoCodec::Vp8
    );
    assert!(settings.allow_transcoding);
    assert_eq!(settings.garbage_interval.as_secs(), 60);
    assert_eq!(settings.garbage_threshold.as_secs(), 120);
    assert_eq!(settings.bandwidth.max_recv, 0);
    assert_eq!(settings.ice_servers.len(), 1);
    assert_eq!(settings.log, "debug");
    assert!(settings.node.public_addresses.is_empty());
}

#[test]
fn a_public_address_is_also_where_media_arrives() {
    let (_, settings, _) = read("DOMAIN_OR_PUBLIC_IP=203.0.113.5");
    assert_eq!(
        settings.node.public_addresses,
        [node::PublicAddress::Ip("203.0.113.5".parse().expect("ip"))]
    );
    for text in [
        "DOMAIN_OR_PUBLIC_IP=203.0.113.5\nMEDIA_NODES_PUBLIC_IPS=[\"10.0.0.1:203.0.113.9\"]",
        "MEDIA_NODES_PUBLIC_IPS=[\"10.0.0.1:203.0.113.9\"]\nDOMAIN_OR_PUBLIC_IP=203.0.113.5",
    ] {
        let (_, settings, _) = read(text);
        assert_eq!(settings.public_host, "203.0.113.5");
        assert_eq!(
            settings.node.public_addresses,
            [node::PublicAddress::Ip("203.0.113.9".parse().expect("ip"))]
        );
    }
}

#[test]
fn everything_else_is_accounted_for_by_name() {
    let (account, _, problems) = read(
        "CERTIFICATE_TYPE=letsencrypt\nCOTURN_PORT=3478\nKMS_DOCKER_ENV_GST_DEBUG=3\nAWS_SUBNET_ID=s\n\
         OPENVIDU_RECODING=true\nNONSENSE=1\nMEDIA_NODES_PUBLIC_IPS=[\"a:1.2.3.4\",\"b:1.2.3.5\"]\n",
    );
    assert_eq!(problems, []);
    assert_eq!(account.used, [""; 0]);
    let names: Vec<_> = account
        .inapplicable
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "CERTIFICATE_TYPE",
            "COTURN_PORT",
            "KMS_DOCKER_ENV_GST_DEBUG",
            "AWS_SUBNET_ID",
            "MEDIA_NODES_PUBLIC_IPS"
        ]
    );
    assert_eq!(
        account.unknown,
        [
            (
                "OPENVIDU_RECODING".to_owned(),
                Some("OPENVIDU_RECORDING".to_owned())
            ),
            ("NONSENSE".to_owned(), None)
        ]
    );
    let shown = account.to_string();
    assert!(
        shown.contains("unknown: OPENVIDU_RECODING (did you mean OPENVIDU_RECORDING?)"),
        "{shown}"
    );
    assert!(
        shown.contains("not applicable here: COTURN_PORT (there is no TURN server yet"),
        "{shown}"
    );
}

#[test]
fn a_cluster_of_openvidu_is_taken_over() {
    let (account, settings, problems) = read(
        "OPENVIDU_PRO_CLUSTER_ID=my-cluster\nOPENVIDU_PRO_CLUSTER_MODE=auto\nOPENVIDU_PRO_CLUSTER_MEDIA_NODES=3\n\
         OPENVIDU_PRO_CLUSTER_LOAD_STRATEGY=cpu\nOPENVIDU_PRO_CLUSTER_RECONNECTION_TIMEOUT=-1\n\
         OPENVIDU_PRO_CLUSTER_AUTOSCALING=true\nOPENVIDU_PRO_CLUSTER_AUTOSCALING_INTERVAL=10\n\
         OPENVIDU_PRO_CLUSTER_AUTOSCALING_MAX_NODES=6\nOPENVIDU_PRO_CLUSTER_AUTOSCALING_MIN_NODES=2\n\
         OPENVIDU_PRO_CLUSTER_AUTOSCALING_MAX_LOAD=80\nOPENVIDU_PRO_CLUSTER_AUTOSCALING_MIN_LOAD=15\n",
    );
    assert_eq!(problems, []);
    assert_eq!(account.used.len(), 10);
    assert_eq!(account.inapplicable[0].0, "OPENVIDU_PRO_CLUSTER_MODE");
    let cluster = settings.cluster;
    assert_eq!(settings.cluster_id.as_deref(), Some("my-cluster"));
    assert_eq!((cluster.nodes, cluster.come_back), (3, None));
    let limits = settings.autoscaling.expect("on");
    assert_eq!(limits.nodes.maximum, 6);
    assert_eq!(limits.interval.as_secs(), 10);
}

#[test]
fn wrong_values_name_the_parameter_and_the_line() {
    let (_, _, problems) =
        read("\nHTTPS_PORT=70000\nCERTIFICATE_TYPE=own\nrubbish\nOPENVIDU_SECRET=a b\n");
    let report = crate::config::Report { problems }.to_string();
    for expected in [
        "HTTPS_PORT in .env line 2",
        "CERTIFICATE_TYPE in .env line 3",
        "selfsigned, owncert or letsencrypt",
        ".env line 4",
        "OPENVIDU_SECRET in .env line 5",
    ] {
        assert!(report.contains(expected), "{expected} in {report}");
    }
    assert!(!report.contains("a b"), "the secret is not shown: {report}");
}

#[test]
fn every_key_that_parameters_map_to_exists() {
    for name in parameters::names() {
        if let Some(Fate::Key(key) | Fate::List(key)) = parameters::fate(&name) {
            assert!(keys::find(key).is_some(), "{name} maps to {key}");
        }
    }
}
