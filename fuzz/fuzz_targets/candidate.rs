//! Candidates as clients trickle them (RFC 8839).
#![no_main]

mod peer;

use libfuzzer_sys::fuzz_target;
use media::evidence::{Candidate, Candidates};
use media::fuzzing::Transport;

fuzz_target!(
    init: peer::expect_fenced_panics(),
    |candidate: &str| {
        if Transport::is_candidate(candidate) {
            assert!(candidate.trim().len() <= 1024);
        }
        if let Ok(read) = Candidate::parse(candidate) {
            // It is kept and shown: nothing but an address may stand there.
            assert!(read.address.len() <= 64 && read.address.is_ascii());
            assert!(!read.address.contains(['<', '\u{0}', '\n', '"']));
        }
        let mut all = Candidates::default();
        all.describe(candidate);
        assert!(all.known().len() <= 32);
    }
);
