//! `GET /openvidu/api/health`.

use conference::NodeId;
use serde_json::json;

/// Status and body: UP (200) when every known node is connected, UNSTABLE (409) when some are not, DOWN (503) when
/// none is.
pub fn render_health(connected: usize, disconnected: &[NodeId]) -> (u16, String) {
    let (status, name) = match (connected, disconnected) {
        (0, _) => (503, "DOWN"),
        (_, []) => (200, "UP"),
        _ => (409, "UNSTABLE"),
    };
    let ids: Vec<&str> = disconnected.iter().map(NodeId::as_str).collect();
    (
        status,
        json!({ "status": name, "disconnectedMediaNodes": ids }).to_string(),
    )
}
