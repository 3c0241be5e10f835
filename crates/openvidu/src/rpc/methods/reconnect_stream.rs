//! `reconnectStream`: a new offer for the client's own stream, or the answer to the last offer for somebody else's.
//! Publishers name it `sdpOffer` or `sdpString`, subscribers `sdpString`.

use conference::{ClientOperation, StreamId};

use crate::rpc::params::Params;
use crate::rpc::refusal::Refusal;

pub(super) fn read(params: &Params<'_>) -> Result<ClientOperation, Refusal> {
    let sdp = match params.optional_text("sdpOffer")? {
        Some(offer) => offer,
        None => params.text("sdpString")?,
    };
    Ok(ClientOperation::Reconnect {
        stream: StreamId::new(params.text("stream")?),
        sdp,
    })
}
