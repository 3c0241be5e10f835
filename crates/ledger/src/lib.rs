//! The ledger: what was seen of every transport, for whoever asks later why somebody saw nothing.
//!
//! One SQLite file (WAL, FTS5) with a row for each transport: what the master knew when it was made ([`Opening`]), what
//! the node saw of it ([`Ledger::seen`]), what the browser told ([`Ledger::reported`]), and the causes that were found
//! ([`Ledger::found`]). Ends that no node is left to tell of are written for it ([`Ledger::unmade`], [`Ledger::over`],
//! [`Ledger::remaining`]). A row belongs to a boot of a node and a transport id; evidence that comes later takes the place of
//! the earlier, and what only the master knows stays.
//!
//! Knows neither the link nor HTTP nor who asks. Evidence is `diagnosis::Evidence`.
//!
//! # What always holds
//! - Nothing here can hold up a call. What is to be written goes through a bounded queue to a thread of its own; what
//!   finds no room, or cannot be written, is lost and counted ([`Ledger::health`]).
//! - A transport that was connected by any pair of candidates is no failure, whatever became of the other pairs.
//! - The file has a size and an age: the oldest go when either is passed ([`Options`]).
//! - A file that is broken, or not ours, is put aside, and a new one begun. A full disk is waited out.
//! - Power that fails may take the last seconds along; it leaves the file whole.

mod error;
mod file;
mod filter;
mod keeper;
mod ledger;
mod reader;
mod row;
mod strangers;
mod text;

pub use error::{BadFilter, LedgerError};
pub use filter::{Filter, Network, State};
pub use ledger::{Health, Ledger, Options};
pub use row::{Opening, Page, Row, Stranger};
