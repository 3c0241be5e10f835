//! Where nodes are reached besides what clients were told.

use ::control::NewCandidates;
use conference::TransportId;
use link::proto;

/// Candidates of one message; the rest is left out.
const MOST: usize = 16;
/// Longest candidate and longest mid that are passed on, in bytes.
const LONGEST: (usize, usize) = (512, 64);

/// What is no candidate-attribute is left out: clients complain of it.
pub(in crate::control) fn new_candidates(added: proto::CandidatesAdded) -> NewCandidates {
    let is_one = |line: &String| line.starts_with("candidate:") && line.len() <= LONGEST.0;
    let fits = added.sdp_mid.len() <= LONGEST.1;
    let candidates = added
        .candidates
        .into_iter()
        .filter(|line| fits && is_one(line));
    NewCandidates {
        transport: TransportId::new(added.transport_id),
        addresses: added.addresses_version,
        told: conference::NewCandidates {
            candidates: candidates.take(MOST).collect(),
            sdp_mid: added.sdp_mid,
            sdp_m_line_index: u16::try_from(added.sdp_m_line_index).unwrap_or_default(),
        },
    }
}
