//! Why a picture is missing: evidence in, ranked causes with their proof and remedy out.
//!
//! Pure: no clock, socket, task or randomness, and no idea of where evidence comes from. Three things go in:
//!
//! - [`Evidence`], what was counted and seen of one transport (one peer connection of a client with a node), by the
//!   node that carried it, by the relays that the same client used and, if it told, by the browser;
//! - [`Surroundings`], what was true of the fleet at that time: hosts with their addresses, clocks and listeners,
//!   relays with what they refused, the matrix of probed paths, names, certificates;
//! - [`Case`]s and [`Mark`]s, for the look at many transports at once.
//!
//! # Shapes and units
//!
//! All of it is plain data and goes as JSON over the API and into the ledger: camelCase keys, every key optional when
//! read, words that are not known read as `unknown`. Points in time are milliseconds since the Unix epoch, on the
//! clock of whoever noted them (`clockOffsetMs` of its host says how far that is from the master's); spans are
//! milliseconds, too. Counters count from the birth of what they belong to: a transport, or for [`Surroundings`] the
//! window that begins at [`Surroundings::since`]. Addresses are text as `std::net` writes them. Empty text and absent
//! times mean "not known", and no rule takes them for proof of anything.
//!
//! # Bounds
//!
//! Whoever fills these lists bounds them ([`MOST_CANDIDATES`], [`MOST_PAIRS`], [`MOST_RELAYS`]) and counts what did not
//! fit. Here nothing is assumed of their lengths.

mod case;
mod cause;
mod correlation;
mod diagnose;
mod evidence;
mod failure;
mod finding;
mod host;
mod reach;
mod relay;
mod rules;
mod scene;
mod sentence;
mod surroundings;
mod window;

pub use case::{Case, Mark, MarkKind};
pub use cause::Cause;
pub use correlation::{Beginning, Correlation, Course, Dimension, Likeness, correlate};
pub use diagnose::{diagnose, survey};
pub use evidence::{
    Browser, BrowserError, Candidate, CandidateType, Client, Direction, Dtls, Evidence,
    MOST_CANDIDATES, MOST_PAIRS, MOST_RELAYS, Media, Outcome, Pair, Protocol, RelayUse, Times,
};
pub use failure::{Failure, Taken};
pub use finding::{Applied, Finding, Likewise, MissingRule, Remedy, Step};
pub use host::{
    Address, AddressSource, Carried, Clock, Host, Limits, Link, Listener, Network, Role,
};
pub use reach::{PathKind, Reach};
pub use relay::{Count, RelayFacts, SelfTest};
pub use rules::is_public;
pub use surroundings::{Certificate, Claim, Name, STRANGE_RELAY, Surroundings, Traffic};
pub use window::{MOST_CASES, MOST_MARKS, Window};
