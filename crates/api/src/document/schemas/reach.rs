//! Who reaches which node.

use serde_json::{Value, json};

use super::{count, flag, list, of, or_null, text, whole};

pub fn whole_matrix() -> Value {
    whole(json!({
        "ready": {"type": "boolean", "description": "Clients can be served: a node is there, and none is without a way"},
        "nodes": list(of("NodeReach")),
    }))
}

pub fn looking_now() -> Value {
    whole(json!({
        "agoMs": or_null(count("Since it began; null: nodes are not probed")),
    }))
}

pub fn of_node() -> Value {
    whole(json!({
        "id": text("Permanent"),
        "state": text("Of the node"),
        "boot": or_null(text("The process that was looked at")),
        "addressesVersion": or_null(json!({"type": "integer", "minimum": 0})),
        "verdict": {"type": "string", "enum": ["unknown", "serves", "partly", "unusable"]},
        "sentence": text("For people"),
        "evidence": list(text("A fact that the verdict follows from")),
        "withheld": list(of("Way")),
        "paths": list(of("PathReach")),
    }))
}

pub fn target() -> Value {
    whole(json!({
        "addresses": list(text("By which clients reach it")),
        "mediaPorts": list(count("Of media, UDP and TCP")),
        "stunPort": count("Where it answers plain STUN"),
        "relays": list(of("RelayToTry")),
    }))
}

pub fn relay_to_try() -> Value {
    whole(json!({
        "way": of("Way"),
        "host": text("Name or address"),
        "port": count("Of UDP or TCP"),
        "username": text("Good for hours"),
        "credential": text("What to prove oneself with"),
    }))
}

pub fn way() -> Value {
    whole(json!({
        "address": or_null(text("The node's, if it is reached straight")),
        "relay": or_null(text("Who relays, if somebody does: the id of a node, master, or external for one that is configured")),
        "at": or_null(text("HOST:PORT at which who relays is asked to")),
        "protocol": {"type": "string", "enum": ["udp", "tcp", "tls"]},
    }))
}

pub fn of_path() -> Value {
    whole(json!({
        "from": text("Who looked: the id of a node, or master"),
        "path": of("Way"),
        "good": flag("It may be used; changes after several outcomes only"),
        "ok": flag("How it went the last time"),
        "call": flag("Media was sent then, and not STUN alone"),
        "roundTripMs": or_null(json!({"type": "number", "minimum": 0})),
        "sent": count("Packets that were to come back"),
        "lost": count("Of these, those that did not"),
        "stage": or_null(text("Where it failed: route, send, refused, echo, relay, publish, description, ice, dtls or srtp")),
        "reason": or_null(text("What happened then, and what it may come from")),
        "ageMs": count("Since it was last looked at"),
        "sinceMs": count("Since it became good, or ceased to be"),
    }))
}
