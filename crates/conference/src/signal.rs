//! Messages between participants, and from the application's server to them.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::conference::{Conference, Handled, Member};
use crate::effect::{Notification, Reply};
use crate::error::Error;
use crate::event::Happening;
use crate::ids::*;
use crate::input::Signal;
use crate::model::Session;
use crate::outbox::Outbox;

impl Conference {
    pub(crate) fn signal_by_client(
        &mut self,
        who: &Member,
        signal: Signal,
        out: &mut Outbox,
    ) -> Handled {
        let room = self.room(&who.session)?;
        deliver(room, Some(&who.connection), signal, out)
    }

    pub(crate) fn signal_by_server(
        &mut self,
        session: &SessionId,
        signal: Signal,
        out: &mut Outbox,
    ) -> Handled {
        let room = self.room(session)?;
        if room.participants().next().is_none() {
            return Err(Error::SessionNotActive(session.clone()));
        }
        deliver(room, None, signal, out)
    }
}

/// To all or to none: one unknown recipient refuses the whole signal. Who is named twice hears once.
fn deliver(
    room: &Session,
    from: Option<&ConnectionId>,
    mut signal: Signal,
    out: &mut Outbox,
) -> Handled {
    let named = std::mem::take(&mut signal.to);
    let recipients = if named.is_empty() {
        room.participants()
            .map(|(connection, _)| &connection.id)
            .collect()
    } else {
        addressed(room, &named)?
    };
    let signal = Arc::new(signal);
    let sent = Happening::SignalSent {
        from: from.cloned(),
        to: recipients.iter().map(|to| (*to).clone()).collect(),
        signal: signal.clone(),
    };
    out.event(room, sent);
    let message = Notification::Signal {
        from: from.cloned(),
        signal,
    };
    for to in recipients {
        out.notify(to, message.clone());
    }
    Ok(Some(Reply::Done))
}

fn addressed<'a>(
    room: &Session,
    named: &'a [ConnectionId],
) -> Result<BTreeSet<&'a ConnectionId>, Error> {
    match named.iter().find(|id| room.participant(id).is_none()) {
        Some(unknown) => Err(Error::SignalTo(unknown.clone())),
        None => Ok(named.iter().collect()),
    }
}
