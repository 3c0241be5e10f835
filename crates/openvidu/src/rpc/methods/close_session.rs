//! `closeSession`: the client library says goodbye. What ends the connection is `leaveRoom` or the grace.

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
    _params: &Params<'_>,
) -> Result<Vec<Effect>, Refusal> {
    Ok(client.deliver_value(id, "bye"))
}
