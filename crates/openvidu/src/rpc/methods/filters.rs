//! `applyFilter`, `removeFilter`, `execFilterMethod` and the filter event listeners: filters are not served, so no
//! stream ever has one.

use crate::rpc::code;
use crate::rpc::params::Params;
use crate::rpc::refusal::Refusal;

pub(super) fn filter(_params: &Params<'_>) -> Result<(), Refusal> {
    Err(not_served())
}

pub(super) fn listener(_params: &Params<'_>) -> Result<(), Refusal> {
    let text = "There is no filter to listen to: this server does not serve filters";
    Err(Refusal::new(code::FILTER_LISTENER_NOT_FOUND, text))
}

pub(super) fn not_served() -> Refusal {
    Refusal::new(
        code::FILTER_NOT_APPLIED,
        "No filter is applied: this server does not serve filters",
    )
}
