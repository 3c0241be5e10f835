//! `kurentoOptions` of a connection: checked, kept and shown, not interpreted.

use serde::Serialize;

use super::body::Body;
use super::refused::Refused;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KurentoOptions {
    #[serde(skip_serializing_if = "Option::is_none")]
    video_max_recv_bandwidth: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    video_min_recv_bandwidth: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    video_max_send_bandwidth: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    video_min_send_bandwidth: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_filters: Option<Vec<String>>,
}

/// The options as JSON text.
pub(super) fn parse(body: &Body) -> Result<Option<String>, Refused> {
    let Some(given) = body.object("kurentoOptions")? else {
        return Ok(None);
    };
    let options = KurentoOptions {
        video_max_recv_bandwidth: given.integer("videoMaxRecvBandwidth")?,
        video_min_recv_bandwidth: given.integer("videoMinRecvBandwidth")?,
        video_max_send_bandwidth: given.integer("videoMaxSendBandwidth")?,
        video_min_send_bandwidth: given.integer("videoMinSendBandwidth")?,
        allowed_filters: given.texts("allowedFilters")?,
    };
    Ok(serde_json::to_string(&options).ok())
}
