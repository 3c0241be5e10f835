use ::link::proto::{self, command::Command as Asked, from_node};
use ::media::{Command, Refusal, VideoCodec};
use agent::{Ask, FailureKind, ToMaster};

use super::*;

fn asked(command: Asked) -> Ask {
    let command = proto::Command {
        command: Some(command),
        ..Default::default()
    };
    super::command(command).expect("known").ask
}

fn publish(codec: &str) -> Ask {
    asked(Asked::Publish(proto::Publish {
        session_id: "s".into(),
        stream_id: "st".into(),
        transport_id: "t".into(),
        offer: "v=0".into(),
        forced_video_codec: codec.into(),
    }))
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
    }) = submission(5, publish("H264"))
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
    let ask = asked(Asked::Subscribe(proto::Subscribe {
        session_id: "s".into(),
        stream_id: "st".into(),
        transport_id: "t".into(),
        audio: true,
        video: false,
    }));
    assert!(ask.is_answered());
    assert!(matches!(
        submission(6, ask),
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
    let candidate = asked(Asked::Candidate(proto::Candidate::default()));
    let close = asked(Asked::Close(proto::Close {
        transport_id: "t".into(),
    }));
    assert!(!candidate.is_answered() && !close.is_answered());
    assert!(matches!(submission(0, close), Ok(Command::Close { transport }) if &*transport == "t"));
}

#[test]
fn a_command_keeps_its_term_its_boot_and_its_key() {
    let command = proto::Command {
        key: 3,
        term: 4,
        boot_id: "boot".into(),
        command: Some(Asked::Close(proto::Close::default())),
    };
    let command = super::command(command).expect("known");
    assert_eq!(
        (command.key, command.term, command.boot_id.as_str()),
        (3, 4, "boot")
    );
    assert!(super::command(proto::Command::default()).is_none());
}

#[test]
fn an_unknown_codec_is_refused_by_name() {
    assert!(matches!(
        submission(1, publish("")),
        Ok(Command::Publish {
            forced_video_codec: None,
            ..
        })
    ));
    let failure = submission(1, publish("THEORA")).expect_err("no such codec");
    assert_eq!(failure.kind, FailureKind::CodecImpossible);
    assert!(failure.reason.contains("THEORA"), "{}", failure.reason);
}

#[test]
fn every_result_has_its_place_in_the_answer() {
    use proto::answer::Result as Brought;
    let brought = |result| {
        let result = answered(result);
        match message(ToMaster::Answer { key: 9, result }) {
            Some(from_node::Message::Answer(answer)) => answer.result.expect("set"),
            other => panic!("expected an answer, got {other:?}"),
        }
    };
    assert_eq!(
        brought(Ok(::media::Answer::Answer("a".into()))),
        Brought::AnswerSdp("a".into())
    );
    assert_eq!(
        brought(Ok(::media::Answer::Offer("o".into()))),
        Brought::OfferSdp("o".into())
    );
    assert_eq!(
        brought(Ok(::media::Answer::Accepted)),
        Brought::Accepted(proto::Accepted {})
    );
    let Brought::Failure(failure) = brought(Err(Refusal::Unknown("no t".into()))) else {
        panic!("expected a failure");
    };
    assert_eq!(failure.kind(), proto::failure::Kind::Unknown);
    assert_eq!(failure.reason, "no t");
}

#[test]
fn a_load_keeps_every_field() {
    let told = load(agent::Load {
        transports: 1,
        sessions: 2,
        connections: 3,
        streams: 4,
        cpu_percent: 5.0,
        memory_percent: 6.0,
    });
    let expected = proto::Load {
        transports: 1,
        sessions: 2,
        streams: 4,
        cpu_percent: 5.0,
        connections: 3,
        memory_percent: 6.0,
    };
    assert_eq!(told, expected);
}
