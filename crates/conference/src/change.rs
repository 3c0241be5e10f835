//! Changes that a publisher makes to its own stream: mute, rotation, another track.

use crate::conference::{Conference, Handled, Member};
use crate::effect::{Notification, Reply};
use crate::error::Error;
use crate::ids::*;
use crate::input::{StreamChange, StreamProperty};
use crate::lately::News;
use crate::model::MediaOptions;
use crate::outbox::Outbox;

impl Conference {
    /// Only the owner, whatever the role of others. Later joiners and REST see the new value too.
    pub(crate) fn change_stream(
        &mut self,
        who: &Member,
        stream: &StreamId,
        change: StreamChange,
        reason: String,
        out: &mut Outbox,
    ) -> Handled {
        let room = self.room_mut(&who.session)?;
        let (owner, _) = room.owner_of(stream)?;
        if *owner != who.connection {
            return Err(Error::Unauthorized(
                "Unable to change stream property. The user is not the owner of the stream",
            ));
        }
        let own = room
            .active_mut(&who.connection)
            .and_then(|active| active.publisher.as_mut());
        if let Some(publisher) = own {
            apply(&mut publisher.options, &change.property);
        }
        room.remember(out.now(), &who.connection, News::Changed);
        let news = Notification::StreamPropertyChanged {
            connection: who.connection.clone(),
            stream: stream.clone(),
            property: name(&change.property),
            new_value: change.new_value,
            reason,
        };
        for other in room.others(&who.connection) {
            out.notify(other, news.clone());
        }
        Ok(Some(Reply::Done))
    }
}

/// A replaced track changes nothing that the server keeps.
fn apply(options: &mut MediaOptions, property: &StreamProperty) {
    match property {
        StreamProperty::AudioActive(active) => options.audio_active = *active,
        StreamProperty::VideoActive(active) => options.video_active = *active,
        StreamProperty::VideoDimensions(size) => options.video_dimensions = Some(size.clone()),
        StreamProperty::AudioTrack | StreamProperty::VideoTrack => {}
    }
}

fn name(property: &StreamProperty) -> &'static str {
    match property {
        StreamProperty::AudioActive(_) => "audioActive",
        StreamProperty::VideoActive(_) => "videoActive",
        StreamProperty::VideoDimensions(_) => "videoDimensions",
        StreamProperty::AudioTrack => "audioTrack",
        StreamProperty::VideoTrack => "videoTrack",
    }
}
