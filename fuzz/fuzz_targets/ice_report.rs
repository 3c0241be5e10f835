//! What browsers tell of their peer connections, which anybody can send.
#![no_main]

use api::IceReport;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok(report) = IceReport::parse(body) else {
        return;
    };
    // It is kept and shown: what a person reads is short and plain, and what is read is what is written.
    assert!(report.browser.errors.len() <= 32);
    for error in &report.browser.errors {
        assert!(error.url.len() <= 256 && !error.url.contains(char::is_control));
        assert!(error.text.len() <= 256 && !error.text.contains(char::is_control));
    }
    assert!(report.browser.ice_state.len() <= 256);
    assert!(
        report
            .session()
            .is_none_or(|session| report.token.contains(session))
    );
    let written = serde_json::to_vec(&report).expect("JSON");
    if written.len() <= api::REPORT_BYTES {
        assert_eq!(IceReport::parse(&written), Ok(report));
    }
});
