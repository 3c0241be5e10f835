//! One rule per cause: what must be seen for it to be suspected.

mod addresses;
mod crowding;
mod identity;
mod media;
mod paths;
mod relays;
mod silent;
mod startup;
mod trust;

use crate::cause::Cause;
use crate::finding::MissingRule;
use crate::scene::Scene;

pub use addresses::is_public;

/// A rule's word.
#[derive(Debug)]
pub(crate) struct Suspicion {
    /// How sure, 0 to 100. [`DIRECT`], [`STRONG`], [`FITTING`] and [`FAINT`] are the usual ones.
    pub weight: u8,
    pub proof: String,
    /// Id of the host or relay that has it; empty if none does.
    pub subject: String,
    pub rule: Option<MissingRule>,
}

/// It was seen itself.
pub(crate) const DIRECT: u8 = 95;
/// What was seen has hardly another reason.
pub(crate) const STRONG: u8 = 85;
/// What was seen fits, and could have other reasons.
pub(crate) const FITTING: u8 = 60;
/// Only where nothing better is known.
pub(crate) const FAINT: u8 = 30;

impl Suspicion {
    pub fn new(weight: u8, subject: &str, proof: String) -> Self {
        Self {
            weight,
            proof,
            subject: subject.to_owned(),
            rule: None,
        }
    }
}

/// Looks whether one cause is there.
pub(crate) type Rule = fn(&Scene) -> Option<Suspicion>;

/// In the order in which discriminators are asked: of equally sure ones the first is named first.
pub(crate) const RULES: &[(Cause, Rule)] = &[
    (Cause::NodeIdentity, identity::node_identity),
    (Cause::SecondMaster, identity::second_master),
    (Cause::ClockSkew, trust::clock_skew),
    (Cause::RelaySecret, trust::relay_secret),
    (Cause::TlsCertificate, trust::tls_certificate),
    (Cause::RelayUnreachable, silent::relay_unreachable),
    (Cause::WrongRelayAddress, relays::wrong_relay_address),
    (Cause::RelayPeerDenied, relays::relay_peer_denied),
    (
        Cause::RelayPermissionMismatch,
        relays::relay_permission_mismatch,
    ),
    (Cause::RelayCapacity, crowding::relay_capacity),
    (Cause::DeafListener, startup::deaf_listener),
    (Cause::FrozenPublicAddress, addresses::frozen_public_address),
    (Cause::NameResolution, addresses::name_resolution),
    (Cause::ControlSplit, identity::control_split),
    (Cause::NodeNotReady, startup::node_not_ready),
    (Cause::StaleNodeSettings, startup::stale_node_settings),
    (Cause::MediaUdpBlocked, paths::media_udp_blocked),
    (Cause::BridgeCandidates, addresses::bridge_candidates),
    (Cause::SignallingOrder, media::signalling_order),
    (Cause::DtlsOrSrtp, media::dtls_or_srtp),
    (Cause::HalfStart, startup::half_start),
    (Cause::Conntrack, crowding::conntrack),
    (Cause::AllRelayed, crowding::all_relayed),
    (Cause::NodeLeftOut, startup::node_left_out),
    (Cause::ClassicStun, addresses::classic_stun),
    (Cause::ClientNetwork, paths::client_network),
];
