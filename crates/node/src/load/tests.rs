use std::time::Duration;

use media::Direction;

use super::*;

fn transport(session: &str, stream: &str, direction: Direction, stage: Stage) -> TransportState {
    TransportState {
        transport: format!("{session}/{stream}/{direction:?}").into(),
        session: session.into(),
        stream: stream.into(),
        direction,
        stage,
    }
}

#[test]
fn counts_each_publication_and_each_subscription_once() {
    let transports = [
        transport("a", "1", Direction::Publish, Stage::Connected),
        transport("a", "1", Direction::Subscribe, Stage::New),
        transport("a", "1", Direction::Subscribe, Stage::Disconnected),
        transport("b", "2", Direction::Publish, Stage::IceConnected),
        transport("c", "3", Direction::Publish, Stage::Closed),
    ];
    let load = count(&transports, 12.5);
    assert_eq!((load.transports, load.sessions, load.streams), (4, 2, 4));
    assert!((load.cpu_percent - 12.5).abs() < f64::EPSILON);
}

#[test]
fn reads_times_behind_a_hostile_process_name() {
    let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 30 12 0 0 20 0 4 0 100 1000 200";
    assert_eq!(ticks(stat), Some(42));
    assert_eq!(ticks("7 (a) S 1"), None);
    assert_eq!(ticks(""), None);
}

#[test]
fn percent_is_of_the_whole_machine() {
    let start = Instant::now();
    let meter = CpuMeter::new(4);
    let second = start + Duration::from_secs(1);
    assert!((meter.percent((start, 100), second, 200) - 25.0).abs() < 1e-9);
    assert!(meter.percent((start, 100), start, 200).abs() < 1e-9);
    assert!(meter.percent((start, 200), second, 100).abs() < 1e-9);
}

#[test]
fn a_busy_process_is_seen() {
    let mut meter = CpuMeter::new(1);
    let start = Instant::now();
    assert!(meter.look(start).abs() < f64::EPSILON);
    while start.elapsed() < Duration::from_millis(300) {
        std::hint::spin_loop();
    }
    assert!(meter.look(Instant::now()) > 0.0);
}
