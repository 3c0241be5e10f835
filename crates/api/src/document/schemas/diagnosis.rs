//! Of findings and failures.

use ::diagnosis::{Cause, Step};
use serde_json::{Value, json};

use super::{count, list, object, of, one_of, or_null, text};

pub(super) fn all() -> [(&'static str, Value); 11] {
    [
        ("Diagnosis", diagnosis()),
        ("Failure", failure()),
        ("Taken", taken()),
        ("Finding", finding()),
        ("Remedy", remedy()),
        ("Likewise", likewise()),
        ("MissingRule", missing_rule()),
        ("Correlation", correlation()),
        ("Likeness", likeness()),
        ("Beginning", beginning()),
        ("Mark", mark()),
    ]
}

fn diagnosis() -> Value {
    object(
        &["fleet", "failures", "correlation"],
        json!({
            "fleet": list(of("Finding")),
            "failures": list(of("Failure")),
            "correlation": of("Correlation"),
        }),
    )
}

fn failure() -> Value {
    object(
        &[
            "at",
            "transport",
            "session",
            "connection",
            "stream",
            "direction",
            "node",
            "findings",
            "steps",
            "healed",
        ],
        json!({
            "at": time("It was diagnosed"),
            "transport": text("The peer connection that failed first"),
            "session": text("Id of the session"),
            "connection": text("Id of the connection whose peer connection it is"),
            "stream": text("Id of the stream that it sends or receives"),
            "direction": one_of(&["publish", "subscribe", "unknown"]),
            "node": text("Id of the node"),
            "client": or_null(text("Address from which the client speaks to the master")),
            "findings": list(of("Finding")),
            "steps": list(of("Taken")),
            "healed": or_null(time("Media could flow again")),
        }),
    )
}

fn taken() -> Value {
    object(
        &["step", "at"],
        json!({ "step": step(), "at": time("It was taken") }),
    )
}

fn finding() -> Value {
    let codes: Vec<&str> = Cause::ALL.iter().map(|cause| cause.code()).collect();
    object(
        &[
            "cause",
            "confidence",
            "proof",
            "remedy",
            "subject",
            "applied",
        ],
        json!({
            "cause": one_of(&codes),
            "confidence": count("How sure, 0 to 100"),
            "proof": text("How it is known, in numbers"),
            "remedy": of("Remedy"),
            "missingRule": of("MissingRule"),
            "subject": text("Id of the node or relay that has it; empty if none does"),
            "likewise": list(of("Likewise")),
            "applied": one_of(&["no", "yes", "helped", "did-not-help"]),
        }),
    )
}

fn likewise() -> Value {
    object(
        &["subject"],
        json!({
            "subject": text("Id of another node or relay that has it"),
            "missingRule": of("MissingRule"),
        }),
    )
}

fn remedy() -> Value {
    object(
        &["text", "step"],
        json!({ "text": text("What is or should be done"), "step": or_null(step()) }),
    )
}

fn step() -> Value {
    let all = [
        Step::ResolveAddresses,
        Step::Republish,
        Step::AnotherPath,
        Step::AnotherNode,
        Step::RestartShard,
    ];
    one_of(&all.map(Step::code))
}

fn missing_rule() -> Value {
    object(
        &["protocol", "to", "from"],
        json!({
            "protocol": one_of(&["udp", "tcp", "tls", "unknown"]),
            "to": text("ADDRESS:PORT"),
            "from": or_null(text("Address; null is anywhere")),
        }),
    )
}

fn correlation() -> Value {
    object(
        &[
            "cases", "failed", "since", "course", "alike", "began", "ended", "answers",
        ],
        json!({
            "cases": count("Peer connections looked at"),
            "failed": count("Those of them that failed"),
            "since": or_null(time("The first of them was made")),
            "course": one_of(&["well", "permanent", "nowAndThen", "over"]),
            "alike": list(of("Likeness")),
            "began": or_null(of("Beginning")),
            "ended": or_null(of("Mark")),
            "answers": list(text("A sentence")),
        }),
    )
}

fn likeness() -> Value {
    let dimensions = [
        "connection",
        "session",
        "node",
        "relay",
        "network",
        "browser",
        "family",
        "protocol",
    ];
    object(
        &[
            "dimension",
            "value",
            "failed",
            "of",
            "othersFailed",
            "others",
        ],
        json!({
            "dimension": one_of(&dimensions),
            "value": text("What failures have in common"),
            "failed": count("Failures with it"),
            "of": count("Peer connections with it"),
            "othersFailed": count("Failures without it"),
            "others": count("Peer connections without it"),
        }),
    )
}

fn beginning() -> Value {
    object(
        &["with"],
        json!({
            "with": one_of(&["mark", "load"]),
            "mark": of("Mark"),
            "firstFailure": time("The first failure"),
            "above": count("Peer connections on a node with which nothing failed"),
            "atLeast": count("Peer connections on a node from which on all failed"),
        }),
    )
}

fn mark() -> Value {
    object(
        &["at", "kind", "subject", "detail"],
        json!({
            "at": time("It happened"),
            "kind": one_of(&["boot", "addressChange", "remedy", "unknown"]),
            "subject": text("Id of the node, or master"),
            "detail": text("For people"),
        }),
    )
}

fn time(what: &str) -> Value {
    count(&format!("{what}: milliseconds since the Unix epoch"))
}
