//! What goes over the API and into the ledger.
#![allow(clippy::unwrap_used)]

use diagnosis::{Cause, Evidence, Finding, Outcome, Surroundings};

#[test]
fn nothing_is_required_and_nothing_unknown_is_refused() {
    let evidence: Evidence = serde_json::from_str("{}").unwrap();
    assert_eq!(evidence, Evidence::default());
    let around: Surroundings = serde_json::from_str(r#"{"later":1,"hosts":[{}]}"#).unwrap();
    assert_eq!(around.hosts.len(), 1);
    let evidence: Evidence =
        serde_json::from_str(r#"{"outcome":"sublimated","direction":"sideways"}"#).unwrap();
    assert_eq!(evidence.outcome, Outcome::Unknown);
}

#[test]
fn evidence_comes_back_as_it_went() {
    let text = r#"{
        "transport": "t1", "direction": "subscribe", "outcome": "failed",
        "local": [{"type": "host", "protocol": "udp", "ip": "10.0.0.5", "port": 40000}],
        "pairs": [{"remote": "[2001:db8::1]:5000", "protocol": "tcp", "checks": 3, "refused": {"401": 2}}],
        "relays": [{"relay": "master", "errors": {"508": 1}, "dropped": {"192.0.2.9": 7}}],
        "browser": {"gathered": {"serverReflexive": 2}, "errors": [{"url": "turn:x", "code": 701}]}
    }"#;
    let evidence: Evidence = serde_json::from_str(text).unwrap();
    assert_eq!(evidence.checks(), 3);
    assert_eq!(evidence.pairs[0].refused[&401], 2);
    let again = serde_json::to_string(&evidence).unwrap();
    assert_eq!(serde_json::from_str::<Evidence>(&again).unwrap(), evidence);
}

#[test]
fn codes_are_those_of_the_catalogue() {
    let numbers: Vec<u8> = Cause::ALL
        .iter()
        .filter_map(|cause| cause.number())
        .collect();
    assert_eq!(numbers, (1..=24).collect::<Vec<u8>>());
    for cause in Cause::ALL {
        let code = cause.code();
        assert!(
            code.chars().all(|c| c.is_ascii_lowercase() || c == '-'),
            "{code}"
        );
        assert_eq!(Cause::from_code(code), Some(*cause));
        assert_eq!(serde_json::to_value(cause).unwrap(), code);
    }
}

#[test]
fn a_finding_is_readable_by_others() {
    let text = r#"{"cause":"media-udp-blocked","confidence":95,"proof":"p","remedy":{"text":"r","step":"another-path"},
        "missingRule":{"protocol":"udp","to":"10.0.0.5:40000","from":"192.0.2.1"},"subject":"media_1","applied":"helped"}"#;
    let finding: Finding = serde_json::from_str(text).unwrap();
    assert_eq!(
        serde_json::to_value(&finding).unwrap(),
        serde_json::from_str::<serde_json::Value>(text).unwrap()
    );
}
