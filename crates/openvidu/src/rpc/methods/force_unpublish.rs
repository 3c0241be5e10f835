//! `forceUnpublish`: a moderator ends somebody's stream.

use conference::{ClientOperation, StreamId};

use crate::rpc::params::Params;
use crate::rpc::refusal::Refusal;

pub(super) fn read(params: &Params<'_>) -> Result<ClientOperation, Refusal> {
    Ok(ClientOperation::ForceUnpublish {
        stream: StreamId::new(params.text("streamId")?),
    })
}
