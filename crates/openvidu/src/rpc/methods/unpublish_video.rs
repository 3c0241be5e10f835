//! `unpublishVideo`: the client ends its stream.

use conference::ClientOperation;

use crate::rpc::params::Params;
use crate::rpc::refusal::Refusal;

pub(super) fn read(_params: &Params<'_>) -> Result<ClientOperation, Refusal> {
    Ok(ClientOperation::Unpublish)
}
