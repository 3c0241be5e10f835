//! Candidates as clients trickle them (RFC 8839).
#![no_main]

mod peer;

use libfuzzer_sys::fuzz_target;
use media::fuzzing::Transport;

fuzz_target!(
    init: peer::expect_fenced_panics(),
    |candidate: &str| {
        if Transport::is_candidate(candidate) {
            assert!(candidate.trim().len() <= 1024);
        }
    }
);
