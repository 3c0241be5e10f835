//! `forceDisconnect`: a moderator puts somebody out.

use conference::{ClientOperation, ConnectionId};

use crate::rpc::params::Params;
use crate::rpc::refusal::Refusal;

pub(super) fn read(params: &Params<'_>) -> Result<ClientOperation, Refusal> {
    Ok(ClientOperation::ForceDisconnect {
        connection: ConnectionId::new(params.text("connectionId")?),
    })
}
