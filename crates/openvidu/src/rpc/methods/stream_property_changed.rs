//! `streamPropertyChanged`: the client muted, rotated or replaced what it publishes. Others get the JSON text of the
//! new value, as a string.

use conference::{ClientOperation, StreamChange, StreamId, StreamProperty};
use serde_json::Value;

use super::publish_video::{DIMENSIONS, is_dimensions};
use crate::rpc::params::{Params, flag_of};
use crate::rpc::refusal::Refusal;

/// Longest `newValue` as JSON, bytes. Everybody in the session gets a copy.
const VALUE_BYTES: usize = 16 << 10;

/// Longest `reason`, bytes. Likewise.
const REASON_BYTES: usize = 1 << 10;

pub(super) fn read(params: &Params<'_>) -> Result<ClientOperation, Refusal> {
    let value = params.required("newValue")?;
    let property = property(params, value)?;
    let new_value = match property {
        StreamProperty::AudioActive(active) | StreamProperty::VideoActive(active) => {
            active.to_string()
        }
        _ => value.to_string(),
    };
    if new_value.len() > VALUE_BYTES {
        let got = new_value.len();
        let expected = format!("at most {VALUE_BYTES} bytes, got {got}");
        return Err(params.refuse("newValue", &expected));
    }
    Ok(ClientOperation::ChangeStream {
        stream: StreamId::new(params.text("streamId")?),
        change: StreamChange {
            property,
            new_value,
        },
        reason: params.short_text("reason", REASON_BYTES)?,
    })
}

fn property(params: &Params<'_>, value: &Value) -> Result<StreamProperty, Refusal> {
    let flag = || flag_of(value).ok_or_else(|| params.refuse("newValue", "a boolean"));
    match params.text("property")?.as_str() {
        "audioActive" => flag().map(StreamProperty::AudioActive),
        "videoActive" => flag().map(StreamProperty::VideoActive),
        "videoDimensions" => match value.as_str() {
            Some(text) if is_dimensions(text) => {
                Ok(StreamProperty::VideoDimensions(text.to_owned()))
            }
            _ => Err(params.refuse("newValue", DIMENSIONS)),
        },
        "audioTrack" => Ok(StreamProperty::AudioTrack),
        "videoTrack" => Ok(StreamProperty::VideoTrack),
        _ => Err(params.refuse(
            "property",
            "audioActive, videoActive, videoDimensions, audioTrack or videoTrack",
        )),
    }
}
