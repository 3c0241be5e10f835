//! `videoData`: what the client publishes, as it sees it. Informational.

use crate::rpc::params::Params;
use crate::rpc::refusal::Refusal;

pub(super) fn answer(_params: &Params<'_>) -> Result<(), Refusal> {
    Ok(())
}
