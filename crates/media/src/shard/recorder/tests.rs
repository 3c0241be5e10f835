use std::net::SocketAddr;

use super::*;
use crate::api::Direction;

fn peer(port: u16) -> Peer {
    let addr: SocketAddr = ([198, 51, 100, 7], port).into();
    Peer {
        via: Via::Udp,
        addr,
    }
}

fn evidence(recorder: &Recorder, now: Instant) -> Evidence {
    let state = TransportState {
        transport: "t".into(),
        session: "s".into(),
        stream: "x".into(),
        direction: Direction::Publish,
        stage: Stage::New,
        addresses: 1,
    };
    recorder.evidence(now, state, Occasion::Asked)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn checks_are_counted_by_where_they_come_from() {
    let start = Instant::now();
    let mut recorder = Recorder::new(start, "");
    recorder.check(start + ms(10), peer(1), None, false);
    recorder.check_unanswered(peer(1));
    recorder.describe(start + ms(15), "");
    recorder.check(start + ms(20), peer(1), None, false);
    recorder.check_unanswered(peer(1));
    recorder.check(start + ms(30), peer(1), None, true);
    recorder.check_answered(peer(1));
    recorder.check(start + ms(40), peer(2), None, false);
    recorder.check_failed(peer(2), 487);
    for port in 3..=30 {
        recorder.check(start, peer(port), None, false);
    }
    let evidence = evidence(&recorder, start + ms(50));
    let pair = evidence.pairs[0];
    assert_eq!((pair.received, pair.early), (3, 1));
    assert_eq!((pair.refused, pair.answered), (1, 1));
    assert_eq!((pair.first, pair.last), (ms(10), ms(30)));
    assert!(pair.use_candidate);
    assert_eq!(
        (evidence.pairs[1].errors, evidence.pairs[1].error_code),
        (1, 487)
    );
    assert_eq!(evidence.pairs.len(), PAIRS);
    assert_eq!(evidence.checks_elsewhere, 14);
}

#[test]
fn the_pair_that_is_nominated_first_gives_the_time() {
    let start = Instant::now();
    let mut recorder = Recorder::new(start, "");
    let route = |port| Route {
        peer: peer(port),
        local: None,
    };
    recorder.nominate(start + ms(5), route(1));
    recorder.nominate(start + ms(6), route(1));
    recorder.nominate(start + ms(7), route(2));
    let nominated = evidence(&recorder, start).nominated.unwrap();
    assert_eq!(nominated.remote, peer(2).addr);
    assert_eq!((nominated.at, nominated.changes), (ms(5), 1));
}

#[test]
fn dtls_is_read_as_far_as_it_is_in_the_clear() {
    let record = |kind: u8, epoch: u8, body: &[u8]| {
        let mut record = vec![
            kind,
            254,
            253,
            0,
            epoch,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            body.len() as u8,
        ];
        record.extend(body);
        record
    };
    let start = Instant::now();
    let mut recorder = Recorder::new(start, "");
    for nonsense in [&[][..], &[22], &[22; 13], &record(21, 1, &[2, 40])] {
        recorder.dtls_received(start, nonsense);
    }
    assert_eq!(evidence(&recorder, start).dtls.hello, None);
    assert_eq!(evidence(&recorder, start).dtls.alert, None);
    recorder.dtls_received(start + ms(3), &record(22, 0, &[1, 0, 0, 9]));
    recorder.dtls_received(start + ms(9), &record(22, 0, &[1, 0, 0, 9]));
    recorder.dtls_received(start + ms(9), &record(21, 0, &[2, 40]));
    let dtls = evidence(&recorder, start).dtls;
    assert_eq!((dtls.hello, dtls.alert), (Some(ms(3)), Some(40)));
    assert_eq!((dtls.received, dtls.hellos), (7, 2));
}

#[test]
fn losses_of_consent_are_counted_and_stages_have_the_time_of_the_first() {
    let start = Instant::now();
    let mut recorder = Recorder::new(start, "");
    recorder.stage(start, Stage::New, "a");
    recorder.stage(start + ms(1), Stage::Connected, "b");
    recorder.stage(start + ms(2), Stage::Disconnected, "c");
    recorder.stage(start + ms(3), Stage::Connected, "d");
    recorder.stage(start + ms(4), Stage::Disconnected, "e");
    let evidence = evidence(&recorder, start);
    assert_eq!(evidence.consent_losses, 2);
    assert_eq!(evidence.dtls.done, Some(ms(1)));
    assert_eq!(
        evidence.stages,
        [
            (Stage::New, ms(0)),
            (Stage::Connected, ms(1)),
            (Stage::Disconnected, ms(2))
        ]
    );
    assert_eq!(evidence.reason, "e");
}
