//! `sessionStatus`: asked after a failed reconnection, and only by clients whose `joinRoom` result had `life`. Ours
//! never has.

use conference::Timestamp;

use crate::rpc::client::Client;
use crate::rpc::code;
use crate::rpc::effect::Effect;
use crate::rpc::frame::Id;
use crate::rpc::params::Params;
use crate::rpc::refusal::Refusal;

pub(super) fn handle(
    _client: &mut Client,
    _now: Timestamp,
    _id: &Id,
    _params: &Params<'_>,
) -> Result<Vec<Effect>, Refusal> {
    Err(Refusal::new(
        code::SERVICE_NOT_ENABLED,
        "Sessions of this server have no 'life' to compare",
    ))
}
