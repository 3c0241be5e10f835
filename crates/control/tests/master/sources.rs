//! What nodes tell of the transports that feed streams.

use cluster::AttachmentId;
use conference::ClientOperation;
use control::{Direction, Input, Says, Stage as Step, Told, TransportState};
use openvidu::rpc::ClientNumber;

use crate::stage::{Stage, publish};

/// Ann publishes in a call of her own.
fn on_air() -> (Stage, ClientNumber) {
    let mut stage = Stage::new();
    stage.attach(1, "media_1", 1);
    stage.create("room");
    stage.connection("room", "ann");
    let ann = stage.join("room", "ann");
    stage.operate(ann, 2, "ann", publish());
    (stage, ann)
}

fn source(stage: &Stage) -> TransportState {
    let mut carried = stage.carried.values();
    let source = carried.find(|it| it.direction == Direction::Publish);
    source.expect("a publisher").clone()
}

fn says(stage: &mut Stage, step: Step) {
    let transport = TransportState {
        stage: step,
        ..source(stage)
    };
    let reason = "nobody was there for too long".to_owned();
    stage.handle(Input::Says {
        attachment: AttachmentId(1),
        says: Says::Transport { transport, reason },
    });
}

fn redials(stage: &Stage, client: ClientNumber) -> usize {
    let told = stage.told(client);
    told.iter().filter(|it| matches!(it, Told::Redial)).count()
}

#[test]
fn a_publisher_whose_source_the_node_gave_up_dials_again() {
    let (mut stage, ann) = on_air();
    says(&mut stage, Step::Connected);
    says(&mut stage, Step::Closed);
    stage.pass(1_900);
    assert_eq!(redials(&stage, ann), 0);
    stage.pass(200);
    assert_eq!(redials(&stage, ann), 1);
    let stream = stage.stream("ann");
    let sdp = "v=0".to_owned();
    stage.operate(ann, 3, "ann", ClientOperation::Reconnect { stream, sdp });
    stage.pass(60_000);
    assert_eq!(redials(&stage, ann), 1);
}

#[test]
fn a_publisher_who_never_came_through_is_left_alone() {
    let (mut stage, ann) = on_air();
    says(&mut stage, Step::Closed);
    stage.pass(60_000);
    assert_eq!(redials(&stage, ann), 0);
}
