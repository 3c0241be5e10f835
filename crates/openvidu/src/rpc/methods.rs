//! What clients may call: one method, one file, one entry in the table.

mod close_session;
mod connect;
mod echo;
mod filters;
mod force_disconnect;
mod force_unpublish;
mod join_room;
mod leave_room;
mod on_ice_candidate;
mod ping;
mod prepare_receive_video_from;
mod publish_video;
mod receive_video_from;
mod reconnect_stream;
mod send_message;
mod session_status;
mod speech_to_text;
mod stream_property_changed;
mod unpublish_video;
mod unsubscribe_from_video;
mod video_data;

use conference::{ClientOperation, Timestamp};

use super::client::Client;
use super::effect::Effect;
use super::frame::Id;
use super::params::Params;
use super::refusal::Refusal;

pub(super) use ping::Ping;

/// Reads a request's parameters.
pub(super) type Read = fn(&Params<'_>) -> Result<ClientOperation, Refusal>;

/// Answers a request by the state of the RPC session.
pub(super) type Act = fn(&mut Client, Timestamp, &Id, &Params<'_>) -> Result<Vec<Effect>, Refusal>;

/// Who answers a method.
#[derive(Clone, Copy)]
pub(super) enum Handler {
    /// The conference. Only for joined clients.
    Operation(Read),
    /// This crate, at once, whatever else of the client is under way. Only for joined clients.
    Answer(fn(&Params<'_>) -> Result<(), Refusal>),
    /// Concerns the RPC session itself; at any time.
    Session(Act),
}

const TABLE: &[(&str, Handler)] = &[
    ("addFilterEventListener", Handler::Answer(filters::listener)),
    ("applyFilter", Handler::Answer(filters::filter)),
    ("closeSession", Handler::Session(close_session::handle)),
    ("connect", Handler::Session(connect::handle)),
    ("echo", Handler::Answer(echo::answer)),
    ("execFilterMethod", Handler::Answer(filters::filter)),
    (
        "forceDisconnect",
        Handler::Operation(force_disconnect::read),
    ),
    ("forceUnpublish", Handler::Operation(force_unpublish::read)),
    ("joinRoom", Handler::Session(join_room::handle)),
    ("leaveRoom", Handler::Operation(leave_room::read)),
    ("onIceCandidate", Handler::Operation(on_ice_candidate::read)),
    ("ping", Handler::Session(ping::handle)),
    (
        "prepareReceiveVideoFrom",
        Handler::Operation(prepare_receive_video_from::read),
    ),
    ("publishVideo", Handler::Operation(publish_video::read)),
    (
        "receiveVideoFrom",
        Handler::Operation(receive_video_from::read),
    ),
    (
        "reconnectStream",
        Handler::Operation(reconnect_stream::read),
    ),
    ("removeFilter", Handler::Answer(filters::filter)),
    (
        "removeFilterEventListener",
        Handler::Answer(filters::listener),
    ),
    ("sendMessage", Handler::Operation(send_message::read)),
    ("sessionStatus", Handler::Session(session_status::handle)),
    (
        "streamPropertyChanged",
        Handler::Operation(stream_property_changed::read),
    ),
    (
        "subscribeToSpeechToText",
        Handler::Answer(speech_to_text::answer),
    ),
    ("unpublishVideo", Handler::Operation(unpublish_video::read)),
    (
        "unsubscribeFromSpeechToText",
        Handler::Answer(speech_to_text::answer),
    ),
    (
        "unsubscribeFromVideo",
        Handler::Operation(unsubscribe_from_video::read),
    ),
    ("videoData", Handler::Answer(video_data::answer)),
];

pub(super) fn find(method: &str) -> Option<Handler> {
    TABLE
        .iter()
        .find(|(name, _)| *name == method)
        .map(|(_, handler)| *handler)
}
