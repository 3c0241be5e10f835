//! What went on in a browser.

/// What went on, for those who count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Joins that were answered.
    pub joined: u32,
    /// `connect` that was answered well.
    pub resumed: u32,
    /// `connect` that was refused.
    pub refused: u32,
    /// Told to go.
    pub evicted: u32,
    /// Notifications that were lost with a WebSocket, or with the master before it told.
    pub missed: u32,
    /// Pages reloaded, because the library had hung itself up.
    pub reloads: u32,
    /// Streams that were repaired.
    pub repairs: u32,
    /// Repairs that were refused.
    pub repairs_refused: u32,
}
