//! Of media that does not flow.

use diagnosis::{Failure, Finding, MissingRule};
use serde::Serialize;

use super::{EventName, Message};

/// `iceFailureDiagnosed`, which OpenVidu does not have: why somebody's media does not flow, how that is known, and what
/// was or should be done. `None` when nothing was found.
pub fn ice_failure_diagnosed(failure: &Failure) -> Option<Message> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Diagnosed<'a> {
        timestamp: u64,
        session_id: &'a str,
        connection_id: &'a str,
        stream_id: &'a str,
        media_node_id: &'a str,
        cause: &'static str,
        confidence: u8,
        proof: &'a str,
        remedy: &'a str,
        applied: diagnosis::Applied,
        steps: Vec<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        missing_rule: Option<&'a MissingRule>,
        #[serde(skip_serializing_if = "Option::is_none")]
        healed_at: Option<u64>,
    }
    let Finding {
        cause,
        confidence,
        proof,
        remedy,
        missing_rule,
        applied,
        ..
    } = failure.first()?;
    let diagnosed = Diagnosed {
        timestamp: failure.at,
        session_id: &failure.session,
        connection_id: &failure.connection,
        stream_id: &failure.stream,
        media_node_id: &failure.node,
        cause: cause.code(),
        confidence: *confidence,
        proof,
        remedy: &remedy.text,
        applied: *applied,
        steps: failure
            .steps
            .iter()
            .map(|taken| taken.step.code())
            .collect(),
        missing_rule: missing_rule.as_ref(),
        healed_at: failure.healed,
    };
    Some(Message::new(EventName::IceFailureDiagnosed, &diagnosed))
}
