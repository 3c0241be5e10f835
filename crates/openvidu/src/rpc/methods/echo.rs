//! `echo`: proves that signalling lives, before a client re-creates a stream. It waits 3 s for the answer.

use crate::rpc::params::Params;
use crate::rpc::refusal::Refusal;

pub(super) fn answer(_params: &Params<'_>) -> Result<(), Refusal> {
    Ok(())
}
