//! `unsubscribeFromVideo`. Its `sender` is a connection, unlike that of `receiveVideoFrom`, which is a stream.

use conference::{ClientOperation, ConnectionId};

use crate::rpc::params::Params;
use crate::rpc::refusal::Refusal;

pub(super) fn read(params: &Params<'_>) -> Result<ClientOperation, Refusal> {
    Ok(ClientOperation::Unsubscribe {
        sender: ConnectionId::new(params.text("sender")?),
    })
}
