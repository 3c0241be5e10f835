//! `publishVideo`: the client offers its stream.

use conference::{ClientOperation, MediaOptions};
use serde_json::Value;

use super::filters;
use crate::rpc::code;
use crate::rpc::params::Params;
use crate::rpc::refusal::Refusal;
use crate::stream::parse_type_of_video;

pub(super) fn read(params: &Params<'_>) -> Result<ClientOperation, Refusal> {
    let offer = params.text("sdpOffer")?;
    let options = options(params)?;
    if params.flag("doLoopback")? {
        let text = "Receiving one's own stream back from the server (doLoopback) is not enabled on this server";
        return Err(Refusal::new(code::SERVICE_NOT_ENABLED, text));
    }
    if params.value("filter").is_some() {
        return Err(filters::not_served());
    }
    Ok(ClientOperation::Publish {
        offer,
        options,
        nonce: String::new(),
    })
}

/// What a medium that is not there says of itself is left out.
fn options(params: &Params<'_>) -> Result<MediaOptions, Refusal> {
    let has_audio = params.flag("hasAudio")?;
    let has_video = params.flag("hasVideo")?;
    let mut options = MediaOptions {
        has_audio,
        has_video,
        audio_active: has_audio && params.optional_flag("audioActive")?.unwrap_or(true),
        video_active: has_video && params.optional_flag("videoActive")?.unwrap_or(true),
        type_of_video: None,
        frame_rate: None,
        video_dimensions: None,
    };
    if has_video {
        options.type_of_video = match params.optional_text("typeOfVideo")? {
            None => None,
            Some(name) => Some(
                parse_type_of_video(&name)
                    .ok_or_else(|| params.refuse("typeOfVideo", "CAMERA, SCREEN or CUSTOM"))?,
            ),
        };
        options.frame_rate = params.optional_integer("frameRate")?;
        options.video_dimensions = dimensions(params)?;
    }
    Ok(options)
}

fn dimensions(params: &Params<'_>) -> Result<Option<String>, Refusal> {
    match params.optional_text("videoDimensions")? {
        None => Ok(None),
        Some(text) if is_dimensions(&text) => Ok(Some(text)),
        Some(text) if text == "null" => Ok(None),
        Some(_) => Err(params.refuse("videoDimensions", DIMENSIONS)),
    }
}

/// What `videoDimensions` must be.
pub(super) const DIMENSIONS: &str = "a JSON object with width and height, as a string";

/// Whether other clients, who parse this text without a safety net, can parse it.
pub(super) fn is_dimensions(text: &str) -> bool {
    text.len() <= 256 && matches!(serde_json::from_str(text), Ok(Value::Object(_)))
}
