//! `connect`: a fresh RPC session, or the one that a dropped WebSocket belonged to.

use conference::Timestamp;

use crate::rpc::client::Client;
use crate::rpc::effect::Effect;
use crate::rpc::frame::Id;
use crate::rpc::params::Params;
use crate::rpc::refusal::Refusal;

pub(super) fn handle(
    client: &mut Client,
    _now: Timestamp,
    id: &Id,
    params: &Params<'_>,
) -> Result<Vec<Effect>, Refusal> {
    match params.optional_text("sessionId")? {
        None => Ok(client.deliver_value(id, "OK")),
        Some(session) => Ok(client.resume_as(id, &session)),
    }
}
