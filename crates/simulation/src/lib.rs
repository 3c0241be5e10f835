//! Worlds in which the real cores of master and node live through bad days, one seed each.

pub mod bounds;
pub mod browser;
pub mod clock;
mod converged;
pub mod invariants;
pub mod network;
pub mod plan;
pub mod plane;
pub mod queue;
pub mod random;
pub mod run;
pub mod sabotage;
pub mod scale;
pub mod seen;
pub mod trace;
pub mod world;
