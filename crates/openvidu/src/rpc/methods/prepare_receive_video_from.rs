//! `prepareReceiveVideoFrom`: the client wants an offer for somebody's stream.

use conference::{ClientOperation, StreamId};

use crate::rpc::params::Params;
use crate::rpc::refusal::Refusal;

pub(super) fn read(params: &Params<'_>) -> Result<ClientOperation, Refusal> {
    Ok(ClientOperation::PrepareReceive {
        stream: StreamId::new(params.text("sender")?),
        reconnect: params.flag("reconnect")?,
    })
}
