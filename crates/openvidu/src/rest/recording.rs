//! `defaultRecordingProperties` of a session: checked, completed with defaults, kept and shown.

use serde::Serialize;
use serde_json::Value;

use super::body::Body;
use super::refused::Refused;

/// In the form in which it is shown: what does not apply to the output mode is left out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RecordingProperties {
    name: String,
    has_audio: bool,
    has_video: bool,
    output_mode: &'static str,
    #[serde(flatten)]
    composed: Option<Composed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ignore_failed_streams: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_node: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Composed {
    recording_layout: &'static str,
    resolution: String,
    frame_rate: i64,
    shm_size: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_layout: Option<String>,
}

const OUTPUT_MODES: [&str; 3] = ["COMPOSED", "COMPOSED_QUICK_START", "INDIVIDUAL"];
const LAYOUTS: [&str; 5] = [
    "BEST_FIT",
    "PICTURE_IN_PICTURE",
    "VERTICAL_PRESENTATION",
    "HORIZONTAL_PRESENTATION",
    "CUSTOM",
];

/// The properties as JSON text; `None` for the defaults.
pub(super) fn parse(body: &Body) -> Result<Option<String>, Refused> {
    let Some(given) = body.object("defaultRecordingProperties")? else {
        return Ok(None);
    };
    Ok(serde_json::to_string(&properties(&given)?).ok())
}

/// What a session without the property shows.
pub(super) fn defaults() -> Value {
    let empty = Body::from(&serde_json::Map::new());
    properties(&empty)
        .ok()
        .and_then(|properties| serde_json::to_value(properties).ok())
        .unwrap_or_default()
}

fn properties(given: &Body) -> Result<RecordingProperties, Refused> {
    let name = given.text("name")?.unwrap_or_default();
    if !name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"_-~".contains(&b))
    {
        return Err(Refused::bad(format!(
            "Parameter 'name' is wrong. Must be an alphanumeric string [a-zA-Z0-9_-~], not '{name}'"
        )));
    }
    let has_audio = given.flag("hasAudio")?.unwrap_or(true);
    let has_video = given.flag("hasVideo")?.unwrap_or(true);
    if !has_audio && !has_video {
        return Err(Refused::bad(
            "Cannot record with both 'hasAudio' and 'hasVideo' set to false",
        ));
    }
    let output_mode = one_of(given, "outputMode", &OUTPUT_MODES)?.unwrap_or("COMPOSED");
    let individual = output_mode == "INDIVIDUAL";
    let composed = composed(given)?;
    let ignore_failed_streams = given.flag("ignoreFailedStreams")?.unwrap_or(false);
    Ok(RecordingProperties {
        name,
        has_audio,
        has_video,
        output_mode,
        composed: (!individual && has_video).then_some(composed),
        ignore_failed_streams: individual.then_some(ignore_failed_streams),
        media_node: media_node(given)?,
    })
}

fn composed(given: &Body) -> Result<Composed, Refused> {
    let recording_layout = one_of(given, "recordingLayout", &LAYOUTS)?.unwrap_or("BEST_FIT");
    let resolution = given
        .text("resolution")?
        .unwrap_or_else(|| "1280x720".into());
    if !is_resolution(&resolution) {
        return Err(Refused::bad(
            "Wrong 'resolution' parameter. Acceptable values from 100 to 1999 for both width and height",
        ));
    }
    let frame_rate = given.integer("frameRate")?.unwrap_or(25);
    if !(1..=120).contains(&frame_rate) {
        return Err(Refused::bad(
            "Wrong 'frameRate' parameter. Acceptable values are within range [1,120]",
        ));
    }
    let shm_size = given.integer("shmSize")?.unwrap_or(536_870_912);
    if shm_size < 134_217_728 {
        return Err(Refused::bad(
            "Wrong 'shmSize' parameter. Must be 134217728 (128 MB) minimum",
        ));
    }
    let custom_layout = given.text("customLayout")?.unwrap_or_default();
    Ok(Composed {
        recording_layout,
        resolution,
        frame_rate,
        shm_size,
        custom_layout: (recording_layout == "CUSTOM").then_some(custom_layout),
    })
}

fn one_of(
    given: &Body,
    key: &str,
    names: &'static [&'static str],
) -> Result<Option<&'static str>, Refused> {
    let Some(text) = given.text(key)? else {
        return Ok(None);
    };
    match names.iter().find(|name| **name == text) {
        Some(name) => Ok(Some(name)),
        None => Err(Refused::bad(format!(
            "Invalid value for parameter '{key}': '{text}' is not one of {}",
            names.join(", ")
        ))),
    }
}

/// `WxH`, each from 100 to 1999.
fn is_resolution(text: &str) -> bool {
    let side = |side: &str| {
        (side.len() == 3 && !side.starts_with('0') || side.len() == 4 && side.starts_with('1'))
            && side.bytes().all(|b| b.is_ascii_digit())
    };
    text.split_once('x')
        .is_some_and(|(width, height)| side(width) && side(height))
}

/// A node's id, as `{id: "…"}` or as it is.
fn media_node(given: &Body) -> Result<Option<String>, Refused> {
    match given.value("mediaNode") {
        Some(Value::String(id)) => Ok(Some(id.clone())),
        _ => match given.object("mediaNode")? {
            Some(node) => node.text("id"),
            None => Ok(None),
        },
    }
}
