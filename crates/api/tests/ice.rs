//! Reports of browsers: anybody may send anything.

#![allow(clippy::unwrap_used)]

use api::IceReport;
use serde_json::json;

fn report() -> serde_json::Value {
    json!({
        "token": "wss://localhost:4443?sessionId=ses_A&token=tok_B",
        "ufrag": "abcd",
        "browser": {
            "gathered": {"host": 2, "serverReflexive": 1},
            "errors": [{"url": "turn:192.0.2.1:3478", "code": 701, "text": "timed out"}],
            "iceState": "failed",
        },
    })
}

#[test]
fn a_report_is_read() {
    let report = IceReport::parse(report().to_string().as_bytes()).unwrap();
    assert_eq!(report.session(), Some("ses_A"));
    assert_eq!(report.browser.errors[0].code, 701);
    assert_eq!(report.browser.gathered.len(), 2);
}

#[test]
fn what_is_too_much_is_cut() {
    let mut long = report();
    let error = json!({"url": "x".repeat(300), "code": 701, "text": "a\u{7}b"});
    long["browser"]["errors"] = vec![error; 40].into();
    let report = IceReport::parse(long.to_string().as_bytes()).unwrap();
    assert_eq!(report.browser.errors.len(), 32);
    assert_eq!(report.browser.errors[0].url.len(), 64);
    assert_eq!(report.browser.errors[0].text, "ab");
    let huge = vec![b' '; api::REPORT_BYTES + 1];
    assert_eq!(IceReport::parse(&huge).unwrap_err().status, 413);
}

#[test]
fn nonsense_is_refused() {
    for ufrag in ["", "abc", "ab cd", &"a".repeat(257)] {
        let mut bad = report();
        bad["ufrag"] = ufrag.into();
        let refused = IceReport::parse(bad.to_string().as_bytes());
        assert_eq!(refused.unwrap_err().status, 400, "{ufrag}");
    }
    for body in ["", "[]", "null", "{\"token\":1}", "\u{0}"] {
        assert_eq!(IceReport::parse(body.as_bytes()).unwrap_err().status, 400);
    }
}
