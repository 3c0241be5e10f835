//! Where nodes come from, behind one small trait, [`Provider`].
//!
//! | module | what it is |
//! |---|---|
//! | [`dial_in`] | `static`: nodes are started by somebody else and dial in |
//! | [`process`] | `process`: children on this machine |
//! | [`command`] | `command`: an executable of the operator's; its protocol is in this crate's README |
//! | [`launches`] | which launches are wanted and what has become of them; pure |
//! | [`executor`] | says their calls to the provider, a bounded number at once |
//! | [`keeper`] | the two together with a clock: what a shell holds |
//!
//! Everything that is launched carries two tags, [`ClusterId`] and [`LaunchKey`]: by them a launch can be said twice,
//! and what a crash left behind is found by a list. Knows machines; does not know why one is wanted, nor what a node
//! does.

pub mod command;
pub mod contract;
pub mod dial_in;
pub mod error;
pub mod executor;
pub mod ids;
pub mod keeper;
pub mod launches;
pub mod machine;
pub mod process;

pub use contract::Provider;
pub use error::ProviderError;
pub use ids::{BadId, ClusterId, LaunchKey, MachineId};
pub use machine::{Ended, Launch, Machine, Spec};
