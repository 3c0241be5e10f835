//! Query parameters of the GETs.

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
        for (key, value) in query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        {
            let flag = match key {
                "pendingConnections" => &mut self.pending_connections,
                "webRtcStats" => &mut self.web_rtc_stats,
                _ => continue,
            };
            *flag = match value.to_ascii_lowercase().as_str() {
                "true" | "on" | "yes" | "1" => true,
                "false" | "off" | "no" | "0" => false,
                "" => continue,
                _ => {
                    return Err(Refused::bad(format!(
                        "Query parameter '{key}' must be true or false, not '{value}'"
                    )));
                }
            };
        }
        Ok(self)
    }
}
