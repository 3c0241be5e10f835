//! Query parameters.

use super::refused::Refused;

/// What a GET of sessions or connections shall show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags {
    /// Also connections that nobody has used yet.
    pub pending_connections: bool,
    /// Also the WebRTC keys of publishers and subscribers.
    pub web_rtc_stats: bool,
}

impl Flags {
    /// Of `/sessions` and `/sessions/{id}`: pending connections are hidden.
    pub const SESSION: Self = Self {
        pending_connections: false,
        web_rtc_stats: false,
    };

    /// Of `/sessions/{id}/connection`: pending connections are shown.
    pub const CONNECTIONS: Self = Self {
        pending_connections: true,
        web_rtc_stats: false,
    };

    /// These defaults, changed by a query string (without `?`). Unknown parameters are ignored.
    pub fn with_query(mut self, query: &str) -> Result<Self, Refused> {
        read(query, |key, flag| match key {
            "pendingConnections" => self.pending_connections = flag,
            "webRtcStats" => self.web_rtc_stats = flag,
            _ => {}
        })?;
        Ok(self)
    }
}

/// Parameters that are flags.
const FLAGS: [&str; 6] = [
    "pendingConnections",
    "webRtcStats",
    "wait",
    "sessions",
    "recordings",
    "extra-info",
];

/// Hands every flag of a query string over; an empty one is not set.
pub(super) fn read(query: &str, mut set: impl FnMut(&str, bool)) -> Result<(), Refused> {
    for (key, value) in pairs(query).filter(|(key, _)| FLAGS.contains(key)) {
        match value.to_ascii_lowercase().as_str() {
            "true" | "on" | "yes" | "1" => set(key, true),
            "false" | "off" | "no" | "0" => set(key, false),
            "" => {}
            _ => {
                return Err(Refused::bad(format!(
                    "Query parameter '{key}' must be true or false, not '{value}'"
                )));
            }
        }
    }
    Ok(())
}

/// The parameters of a query string.
pub(super) fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let parameters = query.split('&');
    parameters.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}
