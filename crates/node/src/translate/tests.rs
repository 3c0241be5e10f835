use proto::command::Command as Asked;

use super::*;

fn publish(codec: &str) -> Asked {
    Asked::Publish(proto::Publish {
        session_id: "s".into(),
        stream_id: "st".into(),
        transport_id: "t".into(),
        offer: "v=0".into(),
        forced_video_codec: codec.into(),
    })
}

#[test]
fn a_publish_keeps_every_field() {
    let Ok(Command::Publish {
        key,
        session,
        stream,
        transport,
        offer,
        forced_video_codec,
    }) = command(5, publish("H264"))
    else {
        panic!("expected a publish");
    };
    assert_eq!(key, 5);
    assert_eq!((&*session, &*stream, &*transport), ("s", "st", "t"));
    assert_eq!(offer, "v=0");
    assert_eq!(forced_video_codec, Some(VideoCodec::H264));
}

#[test]
fn a_subscribe_keeps_its_media() {
    let asked = Asked::Subscribe(proto::Subscribe {
        session_id: "s".into(),
        stream_id: "st".into(),
        transport_id: "t".into(),
        audio: true,
        video: false,
    });
    assert!(is_answered(&asked));
    assert!(matches!(
        command(6, asked),
        Ok(Command::Subscribe {
            key: 6,
            audio: true,
            video: false,
            ..
        })
    ));
}

#[test]
fn candidates_and_closes_are_not_answered() {
    let candidate = Asked::Candidate(proto::Candidate::default());
    let close = Asked::Close(proto::Close {
        transport_id: "t".into(),
    });
    assert!(!is_answered(&candidate) && !is_answered(&close));
    assert!(matches!(command(0, close), Ok(Command::Close { transport }) if &*transport == "t"));
}

#[test]
fn an_unknown_codec_is_refused_by_name() {
    assert!(matches!(
        command(1, publish("")),
        Ok(Command::Publish {
            forced_video_codec: None,
            ..
        })
    ));
    let failure = command(1, publish("THEORA")).expect_err("no such codec");
    assert_eq!(failure.kind(), proto::failure::Kind::CodecImpossible);
    assert!(failure.reason.contains("THEORA"), "{}", failure.reason);
}

#[test]
fn every_result_has_its_place_in_the_answer() {
    use proto::answer::Result as Brought;
    let brought = |result| answer(9, result).result.expect("set");
    assert_eq!(
        brought(Ok(Answer::Answer("a".into()))),
        Brought::AnswerSdp("a".into())
    );
    assert_eq!(
        brought(Ok(Answer::Offer("o".into()))),
        Brought::OfferSdp("o".into())
    );
    assert_eq!(
        brought(Ok(Answer::Accepted)),
        Brought::Accepted(proto::Accepted {})
    );
    let failed = refusal(Refusal::Unknown("no t".into()));
    assert_eq!(failed.kind(), proto::failure::Kind::Unknown);
    assert_eq!(brought(Err(failed.clone())), Brought::Failure(failed));
}

#[test]
fn a_snapshot_leaves_out_what_is_closed() {
    let state = |stage| TransportState {
        transport: "t".into(),
        session: "s".into(),
        stream: "st".into(),
        direction: Direction::Subscribe,
        stage,
    };
    let snapshot = snapshot(&[state(Stage::Connected), state(Stage::Closed)]);
    assert_eq!(snapshot.transports.len(), 1);
    assert_eq!(snapshot.transports[0].stage(), proto::Stage::Connected);
    assert_eq!(
        snapshot.transports[0].direction(),
        proto::Direction::Subscribe
    );
}
