use media::TransportState;
use media::evidence::{Nominated, Srtp};

use super::*;

fn seen(occasion: Occasion, stage: Stage, age: u64) -> seen::Evidence {
    seen::Evidence {
        state: TransportState {
            transport: "con_A/1".into(),
            session: "ses_A".into(),
            stream: "str_A".into(),
            direction: media::Direction::Publish,
            stage,
            addresses: 1,
        },
        occasion,
        ufrag: "ufrag".into(),
        reason: "asked for",
        age: Duration::from_millis(age),
        stages: vec![
            (Stage::New, Duration::ZERO),
            (stage, Duration::from_millis(40)),
        ],
        local: Vec::new(),
        remote: Vec::new(),
        remote_unread: 0,
        described: Some(Duration::ZERO),
        first_candidate: None,
        pairs: vec![seen::Pair {
            tcp: false,
            remote: ([192, 0, 2, 1], 5).into(),
            local: None,
            received: 4,
            answered: 1,
            refused: 2,
            early: 1,
            errors: 0,
            error_code: 0,
            use_candidate: true,
            first: Duration::from_millis(10),
            last: Duration::from_millis(30),
        }],
        checks_elsewhere: 0,
        nominated: Some(Nominated {
            tcp: false,
            remote: ([192, 0, 2, 1], 5).into(),
            local: None,
            at: Duration::from_millis(20),
            changes: 0,
        }),
        dtls: seen::Dtls::default(),
        srtp: Srtp {
            first: Some(Duration::from_millis(50)),
            packets: 7,
            bytes: 700,
            unauthenticated: 0,
        },
        consent_losses: 0,
        consent_lost: None,
        source_packets: None,
        load: 1,
    }
}

#[test]
fn times_are_points_on_the_nodes_clock() {
    let evidence = translate(
        1_000_000,
        &seen(Occasion::Connected, Stage::Connected, 2_000),
    );
    let times = evidence.times;
    assert_eq!(times.created, Some(998_000));
    assert_eq!(times.first_check, Some(998_010));
    assert_eq!(times.nominated, Some(998_020));
    assert_eq!(times.first_packet_in, Some(998_050));
    assert_eq!((times.first_packet_out, times.closed), (None, None));
    let pair = &evidence.pairs[0];
    assert_eq!((pair.checks, pair.answered), (4, 1));
    assert_eq!(pair.refused.get(&401), Some(&2));
    assert!(pair.nominated);
    assert_eq!(
        (evidence.media.packets_in, evidence.media.bytes_in),
        (7, 700)
    );
}

#[test]
fn who_gave_up_before_it_was_connected_has_failed_and_who_came_and_went_has_not() {
    let told = |occasion, stage, age| translate(1_000_000, &seen(occasion, stage, age)).outcome;
    assert_eq!(told(Occasion::Closed, Stage::New, 12_000), Outcome::Failed);
    assert_eq!(told(Occasion::Closed, Stage::New, 1_000), Outcome::Ended);
    assert_eq!(
        told(Occasion::Closed, Stage::Connected, 12_000),
        Outcome::Ended
    );
    assert_eq!(told(Occasion::Failed, Stage::New, 30_000), Outcome::Failed);
    assert_eq!(told(Occasion::Late, Stage::New, 5_000), Outcome::Pending);
    assert!(was_lost(&seen(
        Occasion::Closed,
        Stage::Disconnected,
        9_000
    )));
    assert!(!was_lost(&seen(Occasion::Closed, Stage::Connected, 9_000)));
}

#[tokio::test]
async fn what_finds_no_room_is_counted_and_probes_are_not_told() {
    let (sink, mut evidences) = way("media_1", "boot");
    let mut probes = seen(Occasion::Late, Stage::New, 1);
    probes.state.session = "probe/media_1".into();
    assert!(sink(Seen::Transport(Box::new(probes))));
    let one = || Seen::Transport(Box::new(seen(Occasion::Late, Stage::New, 1)));
    let taken = (0..WAITING + 3).filter(|_| sink(one())).count();
    assert_eq!(taken, WAITING);
    let (at, seen) = evidences.next().await;
    let Message::Evidence(told) = evidences.message(at, seen) else {
        panic!("expected evidence");
    };
    assert_eq!((told.lost_total, told.ufrag.as_str()), (3, "ufrag"));
    let read: Evidence = serde_json::from_slice(&told.evidence).expect("JSON");
    assert_eq!(
        (read.node.as_str(), read.boot.as_str()),
        ("media_1", "boot")
    );
    assert_eq!(read.transport, "con_A/1");
}
