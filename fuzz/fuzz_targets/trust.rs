//! What strangers bring to the link: join tokens and certificates. The sources are taken in as they are, for the crate
//! would bring HTTP/2 and TLS along.
#![no_main]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;

#[allow(dead_code)]
#[path = "../../crates/link/src/trust/certificate.rs"]
mod certificate;
#[allow(dead_code)]
#[path = "../../crates/link/src/trust/token.rs"]
mod token;

use certificate::{Facts, node_uri};
use token::{Token, TokenKey};

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        judge(text);
    }
    judge(&format!("muster1.{}", URL_SAFE_NO_PAD.encode(data)));
    if let Ok(facts) = Facts::read(data) {
        assert!(token::is_node_id(&facts.node_id), "{facts:?}");
        assert!(
            data.windows(facts.node_id.len() + 12)
                .any(|w| w == node_uri(&facts.node_id).as_bytes())
        );
    }
});

fn judge(text: &str) {
    let Ok(token) = text.parse::<Token>() else {
        return;
    };
    // One text for one token: what is remembered as used cannot be spelled another way.
    assert_eq!(token.text(), text.trim());
    assert!(!token.terms().masters.is_empty());
    // Whoever seals is not the fuzzer.
    let key = TokenKey::new(&[7; 32]);
    assert!(!key.sealed(&token));
    // What is read can be written, and is the same.
    let again = key.seal(token.terms().clone()).expect("sound terms");
    assert_eq!(again.terms(), token.terms());
    assert!(key.sealed(&again));
}
