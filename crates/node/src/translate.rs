//! The words of the node's mind in those of the link and of the media plane, and back.

mod link;
mod media;

pub(crate) use self::link::{
    cause, command, hello, load, message, relay_counters, running, settings, welcome,
};
pub(crate) use self::media::{answered, relay, submission, transport};

#[cfg(test)]
mod tests;
