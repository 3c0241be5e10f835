//! The words of the node's mind in those of the link and of the media plane, and back.

mod link;
mod media;
mod visits;
mod ways;

pub(crate) use self::link::{
    cause, command, hello, limits, load, message, relay_counters, running, settings, welcome,
};
pub(crate) use self::media::{answered, candidates_told, relay, submission, transport};
pub(crate) use self::visits::visits;
pub(crate) use self::ways::{candidates, outcome, target, withheld};

#[cfg(test)]
mod tests;
