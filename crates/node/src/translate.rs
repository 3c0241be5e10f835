//! The link's words in the media plane's, and back.

use link::proto;
use media::{Answer, Command, Direction, Refusal, Stage, TransportState, VideoCodec};

/// A command for the media plane, to be answered with `key` where it is answered at all.
pub(crate) fn command(
    key: u64,
    command: proto::command::Command,
) -> Result<Command, proto::Failure> {
    use proto::command::Command as Asked;
    Ok(match command {
        Asked::Publish(c) => Command::Publish {
            key,
            session: c.session_id.into(),
            stream: c.stream_id.into(),
            transport: c.transport_id.into(),
            forced_video_codec: video_codec(&c.forced_video_codec)?,
            offer: c.offer,
        },
        Asked::Subscribe(c) => Command::Subscribe {
            key,
            session: c.session_id.into(),
            stream: c.stream_id.into(),
            transport: c.transport_id.into(),
            audio: c.audio,
            video: c.video,
        },
        Asked::Accept(c) => Command::Accept {
            key,
            transport: c.transport_id.into(),
            answer: c.answer,
        },
        Asked::Candidate(c) => Command::Candidate {
            transport: c.transport_id.into(),
            candidate: c.candidate,
        },
        Asked::Close(c) => Command::Close {
            transport: c.transport_id.into(),
        },
    })
}

/// Whether the link's contract promises an answer to it.
pub(crate) fn is_answered(command: &proto::command::Command) -> bool {
    use proto::command::Command as Asked;
    match command {
        Asked::Publish(_) | Asked::Subscribe(_) | Asked::Accept(_) => true,
        Asked::Candidate(_) | Asked::Close(_) => false,
    }
}

fn video_codec(name: &str) -> Result<Option<VideoCodec>, proto::Failure> {
    Ok(Some(match name {
        "" => return Ok(None),
        "VP8" => VideoCodec::Vp8,
        "VP9" => VideoCodec::Vp9,
        "H264" => VideoCodec::H264,
        "AV1" => VideoCodec::Av1,
        other => {
            return Err(failure(
                proto::failure::Kind::CodecImpossible,
                format!("expected VP8, VP9, H264 or AV1 as the forced codec, got `{other}`"),
            ));
        }
    }))
}

/// A failure with its sentence.
pub(crate) fn failure(kind: proto::failure::Kind, reason: String) -> proto::Failure {
    proto::Failure {
        kind: kind.into(),
        reason,
    }
}

/// The answer to the master's command `key`.
pub(crate) fn answer(key: u64, result: Result<Answer, proto::Failure>) -> proto::Answer {
    use proto::answer::Result as Brought;
    let result = match result {
        Ok(Answer::Answer(sdp)) => Brought::AnswerSdp(sdp),
        Ok(Answer::Offer(sdp)) => Brought::OfferSdp(sdp),
        Ok(Answer::Accepted) => Brought::Accepted(proto::Accepted {}),
        Err(failure) => Brought::Failure(failure),
    };
    proto::Answer {
        key,
        result: Some(result),
    }
}

/// Why the media plane refused.
pub(crate) fn refusal(refusal: Refusal) -> proto::Failure {
    use proto::failure::Kind;
    let (kind, reason) = match refusal {
        Refusal::Sdp(reason) => (Kind::Sdp, reason),
        Refusal::CodecImpossible(reason) => (Kind::CodecImpossible, reason),
        Refusal::Unknown(reason) => (Kind::Unknown, reason),
        Refusal::Unavailable(reason) => (Kind::Unavailable, reason),
    };
    failure(kind, reason)
}

/// A transport as the master sees it.
pub(crate) fn transport(state: &TransportState) -> proto::TransportState {
    let direction = match state.direction {
        Direction::Publish => proto::Direction::Publish,
        Direction::Subscribe => proto::Direction::Subscribe,
    };
    let stage = match state.stage {
        Stage::New => proto::Stage::New,
        Stage::IceConnected => proto::Stage::IceConnected,
        Stage::Connected => proto::Stage::Connected,
        Stage::Disconnected => proto::Stage::Disconnected,
        Stage::Closed => proto::Stage::Closed,
    };
    proto::TransportState {
        transport_id: state.transport.to_string(),
        session_id: state.session.to_string(),
        stream_id: state.stream.to_string(),
        direction: direction.into(),
        stage: stage.into(),
    }
}

/// All that the node carries.
pub(crate) fn snapshot(transports: &[TransportState]) -> proto::Snapshot {
    let carried = transports.iter().filter(|t| t.stage != Stage::Closed);
    proto::Snapshot {
        transports: carried.map(transport).collect(),
    }
}

#[cfg(test)]
mod tests;
