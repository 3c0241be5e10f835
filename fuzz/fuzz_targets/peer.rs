//! The node's side of a peer connection, without sockets.

use std::time::Instant;

use media::fuzzing::{Codecs, Factory, Transport};

/// The media plane fences the ICE, DTLS and SDP library: what it throws closes one transport. The fuzzer must not
/// take a fenced panic for a fall, so its hook is taken out; a panic that leaves the target is still found.
pub fn expect_fenced_panics() {
    drop(std::panic::take_hook());
}

/// One that advertises an address of each family.
#[allow(dead_code, reason = "candidates need no transport")]
pub fn factory() -> Factory {
    let mut factory = Factory::new().expect("a certificate can be made");
    let addresses = ["192.0.2.1", "2001:db8::1"].map(|ip| ip.parse().expect("an address"));
    factory.set_addresses(1, addresses, 40_000);
    factory
}

/// Chromium's offer of audio and video.
#[allow(dead_code, reason = "not all targets need a publisher")]
pub const OFFER: &str = include_str!("../corpus/sdp_offer/chromium");

/// The value of the first line that starts so.
#[allow(dead_code, reason = "not all targets look into SDP")]
pub fn line<'a>(sdp: &'a str, start: &str) -> &'a str {
    let value = sdp.lines().find_map(|line| line.strip_prefix(start));
    value.expect("the SDP has such a line")
}

/// What answering Chromium's offer of audio and video brings.
#[allow(dead_code, reason = "not all targets need a publisher")]
pub fn publisher(factory: &Factory, now: Instant) -> (Transport, String, Codecs) {
    factory
        .publish(now, OFFER, None)
        .unwrap_or_else(|refusal| panic!("Chromium's offer: {refusal}"))
}
