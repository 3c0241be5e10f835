//! `receiveVideoFrom`: the client's answer to the offer it got from `prepareReceiveVideoFrom`.

use conference::{ClientOperation, StreamId};

use crate::rpc::code;
use crate::rpc::params::Params;
use crate::rpc::refusal::Refusal;

pub(super) fn read(params: &Params<'_>) -> Result<ClientOperation, Refusal> {
    if params.value("sdpOffer").is_some() {
        let text = "This server makes the offer: call 'prepareReceiveVideoFrom' and answer with 'sdpAnswer'";
        return Err(Refusal::new(code::MEDIA_SDP, text));
    }
    Ok(ClientOperation::Receive {
        stream: StreamId::new(params.text("sender")?),
        answer: params.text("sdpAnswer")?,
    })
}
