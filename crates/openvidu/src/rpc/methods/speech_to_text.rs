//! `subscribeToSpeechToText`, `unsubscribeFromSpeechToText`: not served.

use crate::rpc::code;
use crate::rpc::params::Params;
use crate::rpc::refusal::Refusal;

pub(super) fn answer(_params: &Params<'_>) -> Result<(), Refusal> {
    Err(Refusal::new(
        code::SERVICE_NOT_ENABLED,
        "Speech To Text is not enabled on this server",
    ))
}
