//! A publisher's SDP offer, up to the offer that its subscribers get.
#![no_main]

mod peer;

use std::cell::LazyCell;
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use media::VideoCodec;
use media::fuzzing::{Effect, Factory, Kind};

thread_local! {
    static FACTORY: LazyCell<Factory> = const { LazyCell::new(peer::factory) };
}

fuzz_target!(
    init: peer::expect_fenced_panics(),
    |offer: &str| FACTORY.with(|factory| publish(factory, offer))
);

fn publish(factory: &Factory, offer: &str) {
    let mut now = Instant::now();
    let forced = [
        None,
        Some(VideoCodec::Vp8),
        Some(VideoCodec::Vp9),
        Some(VideoCodec::H264),
        Some(VideoCodec::Av1),
    ];
    // As chosen by the input, so that one input always does the same.
    let forced = forced[offer.len() % forced.len()];
    let Ok((mut transport, answer, codecs)) = factory.publish(now, offer, forced) else {
        return;
    };
    assert!(
        answer.starts_with("v=0\r\n") && answer.ends_with("\r\n"),
        "{answer}"
    );
    assert!(
        !answer.contains("a=sendrecv") && !answer.contains("a=sendonly"),
        "we send nothing to a publisher: {answer}"
    );
    for _ in 0..4 {
        transport.drain(now, |effect| assert!(!matches!(effect, Effect::Packet(_))));
        now += Duration::from_secs(1);
        transport.elapse(now);
    }
    if let Ok(offered) = factory.subscribe(now, "str_CAM_A000_con_A", &Kind::ALL, &codecs) {
        assert_eq!(offered.sdp.matches("\nm=").count(), 2, "{}", offered.sdp);
    }
}
