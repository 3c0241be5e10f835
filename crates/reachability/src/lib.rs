//! Who reaches which media node by which path, and what may therefore be handed out to clients.
//!
//! Pure: no clock, socket, task or randomness. [`Matrix`] takes in what probes found ([`Matrix::record`]) and what clients
//! achieved ([`Matrix::witness`]), and says of each node whether it can be used, without what, and why
//! ([`Matrix::judge`]). Somebody else probes and asks [`Matrix::depth`] how deep to look.
//!
//! # Words
//! - A [`Path`] is how media gets to a node: UDP or TCP straight to one of its addresses, or through a relay.
//! - A [`Party`] looks: the master, or another node. Each sees its own network only, so what one of them finds broken is
//!   broken for a client only if nobody else gets through.
//! - A [`Place`] is what a success proves: these addresses of this boot.
//!
//! # Rules
//! - A path is *good* when a whole call (ICE, DTLS, an SRTP echo) has passed in this place and it has not been lost since.
//!   One that has never passed here is lost by its first failure; one that has, by [`Settings::lose_after`] in a row, and
//!   is good again after [`Settings::regain_after`] calls in a row. Nothing is lost for ever.
//! - A path is withheld when somebody has lost it and nobody whose word is fresh has it good. Where no direct path is good
//!   no direct path is withheld, and no relay where none is: a client that tries all of them is better off than one that
//!   has none.
//! - A node can be used when somebody has a good path to it, or clients have lately connected to it.
//! - Bounded: [`MOST_PATHS`] of a node and [`MOST_PARTIES`] that look at it; of more parties the one that was heard
//!   longest ago goes.

mod cadence;
mod cell;
mod judgement;
mod matrix;
mod path;
mod relay;
mod settings;

pub use cell::{Cell, Standing};
pub use judgement::{Judgement, Verdict};
pub use matrix::{Change, MOST_PARTIES, MOST_PATHS, Matrix, Place, Row};
pub use path::{Depth, Failed, Outcome, Party, Passed, Path, Protocol, Relayer, Stage};
pub use relay::Relay;
pub use settings::Settings;
