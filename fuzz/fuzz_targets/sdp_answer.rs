//! A subscriber's SDP answer. `%0` and `%1` in the input stand for the mids of our offer, which are drawn at random.
#![no_main]

mod peer;

use std::cell::LazyCell;
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use media::fuzzing::{Codecs, Factory, Kind};

struct Publisher {
    factory: Factory,
    codecs: Codecs,
}

thread_local! {
    static PUBLISHER: LazyCell<Publisher> = const { LazyCell::new(|| {
        let factory = peer::factory();
        let (_, _, codecs) = peer::publisher(&factory, Instant::now());
        Publisher { factory, codecs }
    }) };
}

fuzz_target!(
    init: peer::expect_fenced_panics(),
    |answer: &str| PUBLISHER.with(|publisher| accept(publisher, answer))
);

fn accept(publisher: &Publisher, answer: &str) {
    let mut now = Instant::now();
    let offered =
        publisher
            .factory
            .subscribe(now, "str_CAM_A000_con_A", &Kind::ALL, &publisher.codecs);
    let Ok(mut offered) = offered else {
        panic!("two media are offered");
    };
    let mut mids = offered
        .sdp
        .lines()
        .filter_map(|line| line.strip_prefix("a=mid:"));
    let (audio, video) = (
        mids.next().unwrap_or_default(),
        mids.next().unwrap_or_default(),
    );
    let answer = answer.replace("%0", audio).replace("%1", video);

    let accepted = offered.transport.accept(&answer);
    if let Ok(Some(media)) = &accepted {
        assert!(media.len() <= 2);
    }
    // Said twice: taken once.
    let again = offered.transport.accept(&answer);
    assert!(!matches!(again, Ok(Some(_))));
    for _ in 0..4 {
        offered.transport.drain(now, |_| {});
        now += Duration::from_secs(1);
        offered.transport.elapse(now);
    }
}
