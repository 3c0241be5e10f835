//! What comes back to a probe: whatever it is, the probe ends in time, and passes only by an answer that knows what was
//! drawn for it.
#![no_main]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use probe::{Channel, Depth, Frames, Limits, Output, Plan, Probe, Route};

const SECRET: [u8; 10] = *b"unguessed!";
const NODE: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 40000);
const OURS: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 50000);

// Packets, each after a byte of its length. What the lowest bit of that says comes by UDP, the others over TCP, framed.
fuzz_target!(|data: &[u8]| {
    let begun = Instant::now();
    let plan = Plan {
        relays: Vec::new(),
        routes: vec![Route {
            ip: NODE.ip(),
            local: Ok(OURS),
        }],
        ports: vec![NODE.port()],
        stun_port: 3478,
        depth: Depth::Echo,
        limits: Limits::default(),
        secret: SECRET,
    };
    let whole = plan.limits.whole;
    let mut probe = Probe::new(begun, plan);
    let (mut now, mut rest, mut known) = (begun, data, false);
    let mut frames = Frames::default();
    loop {
        match probe.poll(now) {
            Output::Send { .. } | Output::Insist { .. } => {}
            Output::Open { channel, .. } => {
                assert!(matches!(channel, Channel::Knock(_)));
                probe.opened(now, channel, Ok(OURS));
            }
            Output::Dial { .. } => panic!("there is no relay"),
            Output::Say { .. } => {}
            Output::Publish { .. } | Output::Subscribe { .. } | Output::Accept { .. } => {
                panic!("an echo publishes")
            }
            Output::Wait(until) => {
                assert!(until > now && until <= begun + whole);
                now = match rest.split_first() {
                    Some((len, after)) => {
                        let (datagram, after) = after.split_at(after.len().min((*len).into()));
                        known |= datagram.windows(SECRET.len()).any(|it| it == SECRET);
                        if len % 2 == 0 {
                            probe.receive(now, NODE, datagram);
                        } else {
                            frames.feed(datagram);
                            while let Ok(Some(packet)) = frames.take() {
                                known |= packet.windows(SECRET.len()).any(|it| it == SECRET);
                                probe.heard(now, Channel::Knock(0), &packet);
                            }
                        }
                        rest = after;
                        now + Duration::from_millis(1)
                    }
                    None => until,
                };
            }
            Output::Done => break,
        }
    }
    let passed = probe.report(now).verdict().is_ok();
    assert!(known || !passed, "passed by an answer that knows nothing");
});
