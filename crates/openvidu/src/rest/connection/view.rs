//! How connections are shown. Every key is always there, null where it does not apply.

use conference::{
    Active, Connection, MediaOptions, Publisher, Session, SessionId, StreamId, Subscriber,
    TransportId,
};
use serde::Serialize;
use serde_json::Value;

use crate::ice::{IceServerView, views};
use crate::rest::flags::Flags;
use crate::stream::{NoFilter, role_name, type_of_video_name};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::rest) struct ConnectionsView<'a> {
    number_of_elements: usize,
    content: Vec<ConnectionView<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConnectionView<'a> {
    id: &'a str,
    object: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
    connection_id: &'a str,
    session_id: &'a str,
    created_at: u64,
    active_at: Option<u64>,
    location: Option<&'static str>,
    ip: Option<&'a str>,
    platform: Option<&'a str>,
    token: &'a str,
    server_data: &'a str,
    record: bool,
    role: &'static str,
    kurento_options: Option<Value>,
    custom_ice_servers: Vec<IceServerView>,
    rtsp_uri: (),
    adaptative_bitrate: (),
    only_play_with_subscribers: (),
    network_cache: (),
    client_data: Option<&'a str>,
    publishers: Option<Vec<PublisherView<'a>>>,
    subscribers: Option<Vec<SubscriberView<'a>>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PublisherView<'a> {
    created_at: u64,
    stream_id: &'a str,
    media_options: MediaOptionsView<'a>,
    #[serde(flatten)]
    stats: Option<StatsView<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SubscriberView<'a> {
    created_at: u64,
    stream_id: &'a str,
    #[serde(flatten)]
    stats: Option<StatsView<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MediaOptionsView<'a> {
    has_audio: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_active: Option<bool>,
    has_video: bool,
    #[serde(flatten)]
    video: Option<VideoView<'a>>,
    filter: NoFilter,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VideoView<'a> {
    video_active: bool,
    type_of_video: Option<&'static str>,
    frame_rate: Option<i64>,
    video_dimensions: Option<&'a str>,
}

/// The keys that SDKs read with `webRtcStats=true`. What a transport says and hears is known to its node only, so that
/// these are empty but for its name.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatsView<'a> {
    webrtc_endpoint_name: &'a str,
    remote_sdp: (),
    local_sdp: (),
    client_ice_candidates: [(); 0],
    server_ice_candidates: [(); 0],
    local_candidate: (),
    remote_candidate: (),
    events: [(); 0],
}

/// One connection of a session.
pub fn render_connection(session: &SessionId, connection: &Connection) -> String {
    serde_json::to_string(&view(session, connection, Flags::CONNECTIONS)).unwrap_or_default()
}

/// `GET …/connection`.
pub fn render_connections(session: &Session, flags: Flags) -> String {
    serde_json::to_string(&connections(session, flags)).unwrap_or_default()
}

pub(in crate::rest) fn connections(session: &Session, flags: Flags) -> ConnectionsView<'_> {
    let content: Vec<_> = session
        .connections
        .values()
        .filter(|connection| flags.pending_connections || connection.active.is_some())
        .map(|connection| view(&session.id, connection, flags))
        .collect();
    ConnectionsView {
        number_of_elements: content.len(),
        content,
    }
}

fn view<'a>(
    session: &'a SessionId,
    connection: &'a Connection,
    flags: Flags,
) -> ConnectionView<'a> {
    let id = connection.id.as_str();
    let properties = &connection.properties;
    let active = connection.active.as_ref();
    ConnectionView {
        id,
        object: "connection",
        kind: "WEBRTC",
        status: if active.is_some() {
            "active"
        } else {
            "pending"
        },
        connection_id: id,
        session_id: session.as_str(),
        created_at: connection.created_at.0,
        active_at: active.map(|active| active.since.0),
        location: active.map(|_| "unknown"),
        ip: active.map(|active| active.ip.as_str()),
        platform: active.map(|active| active.platform.as_str()),
        token: connection.token.as_str(),
        server_data: &properties.server_data,
        record: properties.record,
        role: role_name(properties.role),
        kurento_options: properties
            .kurento_options
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok()),
        custom_ice_servers: views(&properties.ice_servers, connection.created_at, id),
        rtsp_uri: (),
        adaptative_bitrate: (),
        only_play_with_subscribers: (),
        network_cache: (),
        client_data: active.map(|active| active.client_data.as_str()),
        publishers: active.map(|active| publishers(active, flags)),
        subscribers: active.map(|active| subscribers(active, flags)),
    }
}

fn publishers(active: &Active, flags: Flags) -> Vec<PublisherView<'_>> {
    active
        .publisher
        .iter()
        .map(|publisher| publisher_view(publisher, flags))
        .collect()
}

fn publisher_view(publisher: &Publisher, flags: Flags) -> PublisherView<'_> {
    PublisherView {
        created_at: publisher.created_at.0,
        stream_id: publisher.stream.as_str(),
        media_options: media_options(&publisher.options),
        stats: flags
            .web_rtc_stats
            .then(|| stats(publisher.transport.as_ref())),
    }
}

/// Those whose client has answered the offer.
fn subscribers(active: &Active, flags: Flags) -> Vec<SubscriberView<'_>> {
    let established = active
        .subscribers
        .iter()
        .filter(|(_, subscriber)| subscriber.established);
    established
        .map(|(stream, subscriber)| subscriber_view(stream, subscriber, flags))
        .collect()
}

fn subscriber_view<'a>(
    stream: &'a StreamId,
    subscriber: &'a Subscriber,
    flags: Flags,
) -> SubscriberView<'a> {
    SubscriberView {
        created_at: subscriber.created_at.0,
        stream_id: stream.as_str(),
        stats: flags
            .web_rtc_stats
            .then(|| stats(subscriber.transport.as_ref())),
    }
}

fn media_options(options: &MediaOptions) -> MediaOptionsView<'_> {
    MediaOptionsView {
        has_audio: options.has_audio,
        audio_active: options.has_audio.then_some(options.audio_active),
        has_video: options.has_video,
        video: options.has_video.then(|| VideoView {
            video_active: options.video_active,
            type_of_video: options.type_of_video.map(type_of_video_name),
            frame_rate: options.frame_rate,
            video_dimensions: options.video_dimensions.as_deref(),
        }),
        filter: NoFilter {},
    }
}

/// The name is empty while the peer connection is lost.
fn stats(transport: Option<&TransportId>) -> StatsView<'_> {
    StatsView {
        webrtc_endpoint_name: transport.map_or("", TransportId::as_str),
        remote_sdp: (),
        local_sdp: (),
        client_ice_candidates: [],
        server_ice_candidates: [],
        local_candidate: (),
        remote_candidate: (),
        events: [],
    }
}
