//! Binding requests: whom they are for, and the answer to those that are for nobody.
#![no_main]

use std::net::SocketAddr;

use libfuzzer_sys::fuzz_target;
use media::fuzzing::{Request, is_binding_success};

fuzz_target!(|data: &[u8]| {
    let success = is_binding_success(data);
    let Some(request) = Request::parse(data) else {
        return;
    };
    assert!(!success, "a request and a success in one");
    for from in ["192.0.2.1:50000", "[2001:db8::1]:9"] {
        let from: SocketAddr = from.parse().expect("an address");
        let answer = request.answer(from);
        // Sent to whoever claims to be there: it must not be a means to flood somebody.
        assert!(answer.len() <= data.len() + 24);
        assert!(is_binding_success(&answer) && Request::parse(&answer).is_none());
        assert_eq!(answer[4..20], request.transaction);
        assert_eq!(
            usize::from(u16::from_be_bytes([answer[2], answer[3]])),
            answer.len() - 20
        );
    }
});
