//! Many failures at once.

use cluster::AttachmentId;
use control::{Direction, Input, Says, Stage as Step, TransportState};

use crate::stage::Stage;

fn says(stage: &mut Stage, transport: &TransportState, step: Step) {
    let transport = TransportState {
        stage: step,
        ..transport.clone()
    };
    let says = Says::Transport {
        transport,
        reason: "ICE consent was lost".to_owned(),
    };
    let attachment = AttachmentId(1);
    stage.handle(Input::Says { attachment, says });
}

#[test]
fn hundreds_of_failures_are_told_of_in_a_few_lines() {
    let mut stage = Stage::new();
    stage.attach(1, "media_1", 1);
    let names = [
        "ann", "bob", "cyd", "dan", "eve", "fay", "gus", "hal", "ida", "joe", "kim", "lee",
    ];
    stage.call("room", &names);
    let carried: Vec<TransportState> = stage.carried.values().cloned().collect();
    for transport in &carried {
        says(&mut stage, transport, Step::Connected);
    }
    stage.warnings.clear();
    let received = carried
        .iter()
        .filter(|it| it.direction == Direction::Subscribe);
    let received: Vec<&TransportState> = received.collect();
    for transport in &received {
        says(&mut stage, transport, Step::Disconnected);
    }
    stage.pass(9_000);
    let told = |stage: &Stage, text: &str| {
        let lines = stage.warnings.iter().filter(|line| line.contains(text));
        lines.count()
    };
    assert_eq!(stage.control.failures().count(), received.len());
    assert_eq!(told(&stage, "no media for"), 5, "{:#?}", stage.warnings);
    stage.pass(3_000);
    assert_eq!(told(&stage, "more failures within 10 s"), 1);
    let many = stage
        .warnings
        .iter()
        .find(|line| line.contains("more failures"));
    let many = many.expect("told").clone();
    let rest = received.len() - 5;
    assert!(many.starts_with(&format!("{rest} more failures")), "{many}");
    assert!(
        many.contains("on 1 nodes") && many.contains("remedy:"),
        "{many}"
    );
    let counts = stage.control.failure_counts();
    let counted: u64 = counts.failed.values().sum();
    assert_eq!(counted, received.len() as u64);
    assert!(
        stage.logged("no media for"),
        "each is still told at another level"
    );
}
