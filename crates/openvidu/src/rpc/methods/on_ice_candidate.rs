//! `onIceCandidate`: trickled by the client, often before its offer is answered. An empty candidate marks the end.

use conference::{ClientOperation, ConnectionId};

use crate::rpc::params::Params;
use crate::rpc::refusal::Refusal;

pub(super) fn read(params: &Params<'_>) -> Result<ClientOperation, Refusal> {
    Ok(ClientOperation::Candidate {
        endpoint: ConnectionId::new(params.text("endpointName")?),
        candidate: params.text("candidate")?,
        sdp_mid: params.optional_text("sdpMid")?,
    })
}
