//! What a conference holds at most.

/// Bounds of one [`Conference`](crate::Conference), so that no client and no application can make it grow for ever.
/// What would pass a bound is refused with [`Error::Full`](crate::Error::Full).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Sessions at one time.
    pub sessions: usize,
    /// Connections of one session, pending and active ones together. Closing a session tells everybody of everybody
    /// evicted before, so the effects of that one input grow with half the square of this.
    pub connections_per_session: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sessions: 100_000,
            connections_per_session: 2_000,
        }
    }
}

/// Candidates kept per participant for peer connections that do not exist yet. A browser gathers about ten per
/// network interface; with more the oldest are dropped.
pub(crate) const EARLY_CANDIDATES: usize = 64;

/// How long a client's request may wait for its session to be placed anew, milliseconds. Clients give up after 10 s, and
/// the node needs some of that.
pub(crate) const HELD_MS: u64 = 7_000;

/// How long the messages of a client may be on their way to us, milliseconds.
pub(crate) const QUIET_MS: u64 = 2_000;

/// After a client has come back, until it is told again what it may have missed, milliseconds: it asks first for the
/// streams that it knows.
pub(crate) const AGAIN_MS: u64 = 3_000;

/// For how long it is remembered what the others were told, milliseconds: a client may be without a WebSocket for half a
/// minute, and one of a restarted master for two.
pub(crate) const LATELY_MS: u64 = 180_000;

/// How many such things are remembered of one session; the oldest go first. They are written down with the session.
pub(crate) const LATELY: usize = 128;

/// How often stranded publishers are looked at, milliseconds.
pub(crate) const REDIAL_MS: u64 = 100;

/// How long a stock client may take to notice that its peer connection is dead, milliseconds: 30 s until ICE has failed,
/// and what it asks then.
pub(crate) const NOTICED_MS: u64 = 45_000;

/// How often a client is made to dial again in a row because the source of its stream is gone.
pub(crate) const SOURCE_REDIALS: u8 = 3;

/// Publishing transports of one stream that were replaced before the node had answered for them.
pub(crate) const REPLACED_TRANSPORTS: usize = 8;
