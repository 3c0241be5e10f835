//! The OpenAPI 3.1 document.

mod schemas;

use serde_json::{Map, Value, json};

use crate::operation::{Method, Operation};
use crate::{BASE, DOCUMENT};

/// The document, for a server of this version.
pub fn document(version: &str) -> Value {
    let mut paths = Map::new();
    for operation in Operation::ALL {
        let path = format!("{BASE}{}", operation.path());
        let at = paths.entry(path).or_insert_with(|| json!({}));
        at[operation.method().as_str().to_ascii_lowercase()] = described(*operation);
    }
    paths.insert(
        DOCUMENT.to_owned(),
        json!({"get": {
            "operationId": "getDocument", "summary": "This document", "security": [],
            "responses": {"200": {"description": "OpenAPI 3.1", "content": {"application/json": {"schema": {}}}}},
        }}),
    );
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Muster",
            "version": version,
            "summary": "Nodes, schedules and the state of a cluster",
            "description": "What OpenVidu has no words for. Sessions and connections are under /openvidu/api.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"secret": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"secret": {
                "type": "http", "scheme": "basic",
                "description": "User OPENVIDUAPP with the server's secret.",
            }},
            "schemas": schemas::all(),
        },
    })
}

/// What is told of an operation beside its method and path.
struct Words {
    summary: &'static str,
    /// Name of the schema of the body.
    body: Option<&'static str>,
    /// Status and, if there is a body, the name of its schema.
    success: (u16, Option<&'static str>),
    /// Other statuses, and when they come.
    failures: &'static [(u16, &'static str)],
}

const UNKNOWN: (u16, &str) = (404, "No node of this id is known");
const NO_WAY: (u16, &str) = (409, "The node's status does not allow it");
const BAD_BODY: (u16, &str) = (400, "The body is not as described; the message says where");

fn words(operation: Operation) -> Words {
    match operation {
        Operation::ListNodes
        | Operation::AddNodes
        | Operation::Node
        | Operation::RemoveNode
        | Operation::Drain
        | Operation::UnDrain
        | Operation::Why
        | Operation::ProbeTarget
        | Operation::Revoke => of_nodes(operation),
        Operation::ListIce | Operation::Strangers | Operation::Ice | Operation::ReportIce => {
            of_ice(operation)
        }
        _ => of_the_whole(operation),
    }
}

fn get(summary: &'static str, schema: &'static str) -> Words {
    Words {
        summary,
        body: None,
        success: (200, Some(schema)),
        failures: &[],
    }
}

fn of_nodes(operation: Operation) -> Words {
    match operation {
        Operation::AddNodes => Words {
            body: Some("AddNodes"),
            failures: &[BAD_BODY, (501, "No provider launches nodes here")],
            success: (202, Some("Added")),
            ..get("Launch more nodes", "")
        },
        Operation::Node => Words {
            failures: &[UNKNOWN],
            ..get("One node", "Node")
        },
        Operation::RemoveNode => Words {
            success: (202, None),
            failures: &[(400, "The query is wrong"), UNKNOWN, NO_WAY],
            ..get(
                "Let a node go: with its last session, or at once with `now`",
                "",
            )
        },
        Operation::Drain => Words {
            body: Some("Drain"),
            success: (202, None),
            failures: &[BAD_BODY, UNKNOWN, NO_WAY],
            ..get(
                "Place nothing more on a node and let it go with its last session",
                "",
            )
        },
        Operation::UnDrain => Words {
            success: (204, None),
            failures: &[UNKNOWN, NO_WAY],
            ..get("Let a draining node serve again", "")
        },
        Operation::Why => Words {
            failures: &[UNKNOWN],
            ..get(
                "Why a node is in its state; also of one that is gone, for a while",
                "Why",
            )
        },
        Operation::ProbeTarget => Words {
            failures: &[UNKNOWN],
            ..get(
                "Where to try a node from, as a client would, with credentials for its relays",
                "ProbeTarget",
            )
        },
        Operation::Revoke => Words {
            success: (204, None),
            failures: &[(500, "It holds until the server is restarted only")],
            ..get(
                "Take a node's certificates back; it can join again with a new token only",
                "",
            )
        },
        _ => get("All nodes", "Nodes"),
    }
}

fn of_ice(operation: Operation) -> Words {
    match operation {
        Operation::ListIce => Words {
            failures: &[(400, "The query is wrong"), NO_LEDGER],
            ..get(
                "Transports, by how they went, the newest first",
                "IceTransports",
            )
        },
        Operation::Strangers => Words {
            failures: &[NO_LEDGER],
            ..get("Who sent nodes what belongs to no transport", "Strangers")
        },
        Operation::Ice => Words {
            failures: &[(404, "The ledger has no transport of this id"), NO_LEDGER],
            ..get("Everything that is known of one transport", "IceStory")
        },
        _ => Words {
            body: Some("IceReport"),
            success: (204, None),
            failures: &[
                BAD_BODY,
                (413, "The body is too long"),
                (429, "Too many reports from one address"),
            ],
            ..get(
                "A browser tells what it alone knows of a peer connection",
                "",
            )
        },
    }
}

const NO_LEDGER: (u16, &str) = (503, "There is no ledger, or it cannot be read");

fn of_the_whole(operation: Operation) -> Words {
    match operation {
        Operation::Reachability => get(
            "Who reaches which node by which path, and what clients are not told",
            "Reachability",
        ),
        Operation::LookNow => Words {
            success: (202, Some("LookingNow")),
            ..get(
                "Have everybody look at every node now, by whole calls; within 10 s of the last time nothing comes of it",
                "LookingNow",
            )
        },
        Operation::Schedule => get("How many nodes are wanted when", "Schedule"),
        Operation::SetSchedule => Words {
            body: Some("ScheduleRequest"),
            failures: &[BAD_BODY],
            ..get("Replace the schedule", "Schedule")
        },
        Operation::ClearSchedule => Words {
            success: (204, None),
            ..get("No schedule any more", "")
        },
        Operation::ResetSchedule => get(
            "Go back to the schedule of the settings: forget what was set or cleared",
            "Schedule",
        ),
        Operation::Want => Words {
            body: Some("WantedRequest"),
            failures: &[BAD_BODY],
            ..get(
                "Want so many nodes until the schedule's next transition, for good where there is none",
                "Wanted",
            )
        },
        Operation::Unwant => get("Take back what an operator wanted", "Wanted"),
        Operation::Metrics => Words {
            success: (200, None),
            ..get("Figures in the text format of Prometheus", "")
        },
        Operation::RotateRelay => Words {
            success: (204, None),
            ..get(
                "Make relay credentials under a new secret; those under the one before count until the next rotation",
                "",
            )
        },
        Operation::MakeToken => Words {
            body: Some("JoinTokenRequest"),
            failures: &[BAD_BODY],
            ..get("A token with which a node joins", "JoinToken")
        },
        Operation::Diagnosis => get(
            "Why pictures were missing of late, what is wrong now, and what failures have in common",
            "Diagnosis",
        ),
        _ => get("How everything is", "Status"),
    }
}

fn described(operation: Operation) -> Value {
    let words = words(operation);
    let mut out = json!({
        "operationId": operation.id(),
        "summary": words.summary,
        "responses": responses(&words),
    });
    if operation == Operation::Metrics {
        let text = json!({ "text/plain": { "schema": { "type": "string" } } });
        out["responses"]["200"]["content"] = text;
    }
    let parameters = parameters(operation);
    if !parameters.is_empty() {
        out["parameters"] = parameters.into();
    }
    if operation.is_open() {
        out["security"] = json!([]);
    }
    if let Some(schema) = words.body {
        out["requestBody"] = json!({ "content": content(schema) });
    }
    debug_assert!(words.body.is_none() || operation.method() != Method::Get);
    out
}

fn responses(words: &Words) -> Value {
    let (status, schema) = words.success;
    let mut success = json!({ "description": "As asked" });
    if let Some(schema) = schema {
        success["content"] = content(schema);
    }
    let mut responses = Map::from_iter([(status.to_string(), success)]);
    let always = [
        (401, "The secret is missing or wrong"),
        (503, "The server is going down"),
    ];
    for (status, why) in words.failures.iter().copied().chain(always) {
        let problem = json!({ "description": why, "content": content("Problem") });
        responses.insert(status.to_string(), problem);
    }
    Value::Object(responses)
}

fn parameters(operation: Operation) -> Vec<Value> {
    let mut parameters = Vec::new();
    if operation.path().contains("{id}") {
        parameters.push(json!({
            "name": "id", "in": "path", "required": true, "schema": {"type": "string"},
        }));
    }
    if operation == Operation::RemoveNode {
        parameters.push(json!({
            "name": "now", "in": "query", "schema": {"type": "boolean", "default": false},
            "description": "Close the sessions that it carries instead of waiting for their end",
        }));
    }
    if operation == Operation::ListIce {
        parameters.extend(ICE_FILTERS.iter().map(|(name, kind, description)| {
            json!({"name": name, "in": "query", "schema": {"type": kind}, "description": description})
        }));
    }
    parameters
}

/// Name, type and meaning.
const ICE_FILTERS: [(&str, &str, &str); 12] = [
    (
        "state",
        "string",
        "PENDING, CONNECTED, DISCONNECTED, FAILED or ENDED",
    ),
    (
        "since",
        "string",
        "Something happened then or later: today (UTC), a span (90s, 15m, 2h, 1d), or milliseconds since the Unix epoch",
    ),
    ("until", "string", "It was made before then; as since"),
    ("session", "string", "Id of a session"),
    ("participant", "string", "Id of a connection"),
    ("node", "string", "Id of a node"),
    ("boot", "string", "Boot of a node"),
    ("cause", "string", "Code of a cause"),
    (
        "network",
        "string",
        "An address or network of clients, as in 203.0.113.0/24",
    ),
    ("q", "string", "Words, each of which stands somewhere in it"),
    ("before", "integer", "Only lower ids: the next page"),
    ("limit", "integer", "At most so many, 100 when left out"),
];

fn content(schema: &str) -> Value {
    let schema = format!("#/components/schemas/{schema}");
    json!({ "application/json": { "schema": { "$ref": schema } } })
}
