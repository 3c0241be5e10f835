//! `Authorization` headers: only the one right pair may open the gate.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use openvidu::auth::Gate;

/// `OPENVIDUAPP:MY_SECRET`
const RIGHT: &str = "T1BFTlZJRFVBUFA6TVlfU0VDUkVU";
static GATE: LazyLock<Gate> = LazyLock::new(|| Gate::new("MY_SECRET"));

fuzz_target!(|header: &str| {
    let right = header
        .split_once(' ')
        .is_some_and(|(scheme, pair)| scheme.eq_ignore_ascii_case("basic") && pair.trim() == RIGHT);
    assert_eq!(GATE.allows(Some(header)), right);
});
