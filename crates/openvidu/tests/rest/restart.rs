//! `POST /restart`: which properties, and which values.

use openvidu::rest::{Change, ChangedValue, parse_restart};

fn refusal(body: &str) -> String {
    let refused = parse_restart(body.as_bytes()).expect_err(body);
    assert_eq!(refused.status, 400, "{body}");
    refused.message
}

#[test]
fn nothing_at_all_is_a_plain_restart() {
    for body in ["", "{}", r#"{"OPENVIDU_CDR":null}"#] {
        assert_eq!(parse_restart(body.as_bytes()).unwrap(), []);
    }
}

#[test]
fn values_are_taken_as_they_would_stand_in_a_file() {
    let text = |name: &str, value: &str| Change {
        name: name.into(),
        value: ChangedValue::Text(value.into()),
    };
    let body = r#"{"OPENVIDU_WEBHOOK":true,"OPENVIDU_SESSIONS_GARBAGE_INTERVAL":60,
        "OPENVIDU_WEBHOOK_ENDPOINT":"https://w.example.com","OPENVIDU_WEBHOOK_EVENTS":["sessionCreated"]}"#;
    assert_eq!(
        parse_restart(body.as_bytes()).unwrap(),
        [
            text("OPENVIDU_SESSIONS_GARBAGE_INTERVAL", "60"),
            text("OPENVIDU_WEBHOOK", "true"),
            text("OPENVIDU_WEBHOOK_ENDPOINT", "https://w.example.com"),
            Change {
                name: "OPENVIDU_WEBHOOK_EVENTS".into(),
                value: ChangedValue::List(vec!["sessionCreated".into()]),
            },
        ]
    );
}

#[test]
fn what_decides_how_the_server_is_found_stays() {
    for name in [
        "DOMAIN_OR_PUBLIC_IP",
        "CERTIFICATE_TYPE",
        "HTTP_PORT",
        "HTTPS_PORT",
        "OPENVIDU_SECRET",
        "OPENVIDU_PRO_LICENSE",
        "OPENVIDU_PRO_STATS_MONITORING_INTERVAL",
        "OPENVIDU_PRO_CLUSTER_TEST",
        "ELASTICSEARCH_USERNAME",
        "ELASTICSEARCH_PASSWORD",
        "KMS_IMAGE",
        "MEDIASOUP_IMAGE",
        "OPENVIDU_EDITION",
        "OPENVIDU_ENTERPRISE_MEDIA_SERVER",
        "OPENVIDU_PRO_ELASTICSEARCH_HOST",
        "OPENVIDU_PRO_KIBANA_HOST",
        "COTURN_IP",
        "COTURN_PORT",
        "COTURN_INTERNAL_RELAY",
    ] {
        assert!(refusal(&format!(r#"{{"{name}":"x"}}"#)).contains(name));
    }
}

#[test]
fn nonsense_is_a_bad_request() {
    for body in [
        "[]",
        "{",
        r#"{"":1}"#,
        r#"{"openvidu_cdr":true}"#,
        r#"{"OPENVIDU_CDR":{}}"#,
        r#"{"OPENVIDU_WEBHOOK_EVENTS":[[]]}"#,
        r#"{"OPENVIDU_WEBHOOK_ENDPOINT":"x\ny"}"#,
    ] {
        refusal(body);
    }
}
