//! Muster's own API, under `/muster/api/v1`: what OpenVidu has no words for.
//!
//! Pure: the bodies as types that are written and read alike (the command line reads what the master writes), the
//! [`Operation`]s, and the [`document`] (OpenAPI 3.1) that describes both. Knows of no session and of no HTTP but
//! methods, paths and statuses.
//!
//! A router is made from [`Operation::ALL`], so that what is served and what is described cannot differ.

mod diagnosis;
mod document;
mod ice;
pub mod metrics;
mod node;
mod operation;
mod problem;
mod reach;
mod schedule;
mod status;
mod target;
mod token;
mod traffic;

pub use diagnosis::Diagnosis;
pub use document::document;
pub use ice::{
    IceQuery, IceReport, IceStory, IceTransport, IceTransports, REPORT_BYTES, Stranger, Strangers,
};
pub use node::{AddNodes, Added, AddressEntry, Drain, Load, Machine, Node, Nodes, Why};
pub use operation::{Method, Operation};
pub use problem::Problem;
pub use reach::{LookingNow, NodeReach, PathReach, Reachability, Way};
pub use schedule::{Entry, Schedule, ScheduleRequest, Transition};
pub use status::{Health, MasterAddresses, NodeCounts, Status, Wanted, WantedRequest, Webhooks};
pub use target::{ProbeTarget, RelayToTry};
pub use token::{JoinToken, JoinTokenRequest};
pub use traffic::{RelayTraffic, Traffic};

/// Begins the path of every operation but the document's.
pub const BASE: &str = "/muster/api/v1";

/// Where the document is served.
pub const DOCUMENT: &str = "/muster/api/openapi.json";

/// Reads a body; an empty one is `{}`.
///
/// # Errors
/// 400, with what was expected where.
pub fn parse<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let bad = |error: serde_json::Error| Problem::new(400, format!("The body: {error}"));
    let body = match body.trim_ascii() {
        b"" => b"{}",
        body => body,
    };
    let value: serde_json::Value = serde_json::from_slice(body).map_err(bad)?;
    if !value.is_object() {
        return Err(Problem::new(400, "The body has to be a JSON object"));
    }
    serde_json::from_value(value).map_err(bad)
}
