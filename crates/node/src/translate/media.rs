//! The media plane's words.

use agent::{Answer, Ask, Failure, FailureKind, NewCandidates};
use media::{Command, Refusal, VideoCodec};

/// A command for the media plane, to be answered with `key` where it is answered at all.
pub(crate) fn submission(key: u64, ask: Ask) -> Result<Command, Failure> {
    Ok(match ask {
        Ask::Publish {
            session,
            stream,
            transport,
            offer,
            forced_video_codec,
        } => Command::Publish {
            key,
            session,
            stream,
            transport,
            forced_video_codec: video_codec(&forced_video_codec)?,
            offer,
        },
        Ask::Subscribe {
            session,
            stream,
            transport,
            audio,
            video,
        } => Command::Subscribe {
            key,
            session,
            stream,
            transport,
            audio,
            video,
        },
        Ask::Accept { transport, answer } => Command::Accept {
            key,
            transport,
            answer,
        },
        Ask::Candidate {
            transport,
            candidate,
        } => Command::Candidate {
            transport,
            candidate,
        },
        Ask::Close { transport } => Command::Close { transport },
    })
}

/// What the client of a transport is to be told of changed addresses.
pub(crate) fn candidates_told(told: media::NewCandidates) -> NewCandidates {
    NewCandidates {
        transport: told.transport,
        addresses: told.addresses,
        sdp_mid: told.mid,
        sdp_m_line_index: told.index,
        candidates: told.candidates,
    }
}

fn video_codec(name: &str) -> Result<Option<VideoCodec>, Failure> {
    Ok(Some(match name {
        "" => return Ok(None),
        "VP8" => VideoCodec::Vp8,
        "VP9" => VideoCodec::Vp9,
        "H264" => VideoCodec::H264,
        "AV1" => VideoCodec::Av1,
        other => {
            let reason =
                format!("expected VP8, VP9, H264 or AV1 as the forced codec, got `{other:.20}`");
            return Err(Failure::new(FailureKind::CodecImpossible, reason));
        }
    }))
}

/// What a command brought.
pub(crate) fn answered(result: Result<media::Answer, Refusal>) -> Result<Answer, Failure> {
    match result {
        Ok(media::Answer::Answer(sdp)) => Ok(Answer::Answer(sdp)),
        Ok(media::Answer::Offer(sdp)) => Ok(Answer::Offer(sdp)),
        Ok(media::Answer::Accepted) => Ok(Answer::Accepted),
        Err(refusal) => Err(self::refusal(refusal)),
    }
}

fn refusal(refusal: Refusal) -> Failure {
    let (kind, reason) = match refusal {
        Refusal::Sdp(reason) => (FailureKind::Sdp, reason),
        Refusal::CodecImpossible(reason) => (FailureKind::CodecImpossible, reason),
        Refusal::Unknown(reason) => (FailureKind::Unknown, reason),
        Refusal::Unavailable(reason) => (FailureKind::Unavailable, reason),
    };
    Failure { kind, reason }
}

/// A transport as the node's mind knows it.
pub(crate) fn transport(state: media::TransportState) -> agent::Transport {
    agent::Transport {
        transport: state.transport,
        session: state.session,
        stream: state.stream,
        direction: match state.direction {
            media::Direction::Publish => agent::Direction::Publish,
            media::Direction::Subscribe => agent::Direction::Subscribe,
        },
        stage: match state.stage {
            media::Stage::New => agent::Stage::New,
            media::Stage::IceConnected => agent::Stage::IceConnected,
            media::Stage::Connected => agent::Stage::Connected,
            media::Stage::Disconnected => agent::Stage::Disconnected,
            media::Stage::Closed => agent::Stage::Closed,
        },
        addresses: state.addresses,
    }
}

/// What the relay is to do. `clock_ahead_ms` is that of the master, which dates credentials.
pub(crate) fn relay(relay: &agent::RelaySettings, clock_ahead_ms: i64) -> media::relay::Settings {
    let secrets = relay.secrets.iter();
    let unlimited = |limit: u32| if limit == 0 { u32::MAX } else { limit };
    media::relay::Settings {
        secrets: secrets
            .map(|it| media::relay::Secret::new(&it.secret))
            .collect(),
        peers: relay.peers.iter().copied().collect(),
        quotas: media::relay::Quotas {
            per_label: unlimited(relay.allocations_per_user),
            total: unlimited(relay.allocations),
        },
        clock_offset_ms: clock_ahead_ms,
    }
}
