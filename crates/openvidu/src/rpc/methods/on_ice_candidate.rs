//! `onIceCandidate`: trickled by the client, often before its offer is answered. An empty candidate marks the end.

use conference::{ClientOperation, ConnectionId};

use crate::rpc::params::Params;
use crate::rpc::refusal::Refusal;

/// Longest candidate, bytes. Real ones have some 200; a session keeps those that come early.
const CANDIDATE_BYTES: usize = 8 << 10;

/// Longest `sdpMid`, bytes.
const SDP_MID_BYTES: usize = 256;

pub(super) fn read(params: &Params<'_>) -> Result<ClientOperation, Refusal> {
    Ok(ClientOperation::Candidate {
        endpoint: ConnectionId::new(params.text("endpointName")?),
        candidate: params.short_text("candidate", CANDIDATE_BYTES)?,
        sdp_mid: params.optional_short_text("sdpMid", SDP_MID_BYTES)?,
    })
}
