//! `reconnectStream`, the clients' one way to repair media: a new peer connection for a stream they publish or
//! receive. The old one may still look alive, and the request may come again; neither matters.

use crate::conference::{Conference, Handled, Member};
use crate::ids::*;
use crate::outbox::Outbox;

impl Conference {
    pub(crate) fn reconnect(
        &mut self,
        now: Timestamp,
        request: RequestId,
        who: &Member,
        stream: StreamId,
        sdp: String,
        out: &mut Outbox,
    ) -> Handled {
        let (owner, _) = self.room(&who.session)?.owner_of(&stream)?;
        if *owner == who.connection {
            return self.publish_again(now, request, who, stream, sdp, out);
        }
        match self.receive(request, who, stream.clone(), sdp, out) {
            Err(error) => {
                out.reply(request, Err(error));
                self.renew_if_received(now, who, &stream, out);
                Ok(None)
            }
            handled => handled,
        }
    }
}
