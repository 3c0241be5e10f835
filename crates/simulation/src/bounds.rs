//! The spans within which a healed world has to be well again. Written down once; milliseconds.

use crate::queue::Time;

/// A node that is up and can be reached serves. Its back-off (5 s), or the slow one after a refusal (10 s), the probe's
/// retry, and the master's start.
pub const ADMIT: Time = 30_000;

/// The longest time a dead node may pass for a living one: silence on the link and suspicion.
pub const DETECT: Time = 3_500 + 10_000 + 2_000;

/// Silence after which either end of the link gives it up.
pub const SILENCE: Time = 3_500;

/// How long all signs of life must be gone before a node may be taken for dead.
pub const SUSPICION: Time = 10_000;

/// A client's way back: WebSocket (3 s between attempts, black holes take 20 s), ICE (disconnected after 7 s, acted upon
/// after 4 s more), or `failed` of a description that leads nowhere (30 s), and a second attempt at that.
pub const MEDIA: Time = 150_000;

/// A fleet has as many nodes as are wanted and no machine more: launches that failed are waited out (5 min), what does not
/// dial in or does not come back is given up (5 min each), what nobody asked for is found and left alone for a while.
pub const FLEET: Time = 30 * 60_000;

/// After healing, everything that is not media.
pub const SETTLE: Time = 60_000;

/// After the last participant has left: nothing is carried any more and nothing is kept.
pub const BALANCE: Time = 60_000;

/// A superseded process stops serving.
pub const YIELD: Time = 30_000;

/// How long a healed world is looked at: what nobody came for is given up by the nodes after 30 s.
pub const LINGER: Time = 35_000;

/// The grace of a client without WebSocket.
pub const GRACE: Time = 10_000;
