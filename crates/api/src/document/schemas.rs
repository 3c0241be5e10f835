//! The bodies, as JSON Schema. `tests/document.rs` holds them to what is written and read.

mod diagnosis;
mod reach;

use serde_json::{Map, Value, json};

/// All of them, by name.
pub(super) fn all() -> Value {
    let schemas = [
        ("Problem", problem()),
        ("Status", status()),
        ("MasterAddresses", master_addresses()),
        ("NodeCounts", node_counts()),
        ("Traffic", traffic()),
        ("RelayTraffic", relay_traffic()),
        ("Wanted", wanted()),
        ("WantedRequest", wanted_request()),
        ("Webhooks", webhooks()),
        (
            "Nodes",
            object(&["nodes"], json!({ "nodes": list(of("Node")) })),
        ),
        ("AddressEntry", address_entry()),
        ("Node", node()),
        ("Why", why()),
        ("Reachability", reach::whole_matrix()),
        ("LookingNow", reach::looking_now()),
        ("NodeReach", reach::of_node()),
        ("PathReach", reach::of_path()),
        ("ProbeTarget", reach::target()),
        ("RelayToTry", reach::relay_to_try()),
        ("Way", reach::way()),
        ("Load", load()),
        ("Machine", machine()),
        (
            "AddNodes",
            object(
                &[],
                json!({"count": {"type": "integer", "minimum": 1, "maximum": 100, "default": 1}}),
            ),
        ),
        (
            "Added",
            object(
                &["ids"],
                json!({ "ids": list(text("Id of a node that was launched")) }),
            ),
        ),
        ("Drain", drain()),
        ("Schedule", schedule()),
        (
            "ScheduleRequest",
            object(&["entries"], json!({ "entries": list(of("Entry")) })),
        ),
        ("Entry", entry()),
        ("Transition", transition()),
        ("JoinTokenRequest", join_token_request()),
        ("JoinToken", join_token()),
    ];
    let schemas = schemas.into_iter().chain(diagnosis::all()).chain(of_ice());
    let schemas = schemas.map(|(name, schema)| (name.to_owned(), schema));
    Value::Object(Map::from_iter(schemas))
}

fn of_ice() -> [(&'static str, Value); 7] {
    [
        ("IceTransports", ice_transports()),
        ("IceTransport", ice_transport()),
        ("IceStory", ice_story()),
        (
            "Strangers",
            whole(json!({"strangers": list(of("Stranger"))})),
        ),
        ("Stranger", stranger()),
        ("IceReport", ice_report()),
        (
            "Evidence",
            free("What node, relays and browser saw and counted; crates/diagnosis describes it"),
        ),
    ]
}

fn object(required: &[&str], properties: Value) -> Value {
    json!({
        "type": "object", "required": required, "properties": properties, "additionalProperties": false,
    })
}

fn stranger() -> Value {
    whole(json!({
        "node": text("To which it came"),
        "address": or_null(text("From which; null: of all for whom the node had no room")),
        "first": count("When, within the hour, in milliseconds since the Unix epoch"),
        "last": count("When, within the hour, in milliseconds since the Unix epoch"),
        "unknownUser": count("STUN requests with a username fragment that no transport of the node has"),
        "ufrag": text("The last of these fragments"),
        "malformed": count("STUN that cannot be read"),
        "unproven": count("DTLS and media from where nobody has proven himself"),
    }))
}

/// An object whose properties are always there.
fn whole(properties: Value) -> Value {
    let required: Vec<String> = match &properties {
        Value::Object(properties) => properties.keys().cloned().collect(),
        _ => Vec::new(),
    };
    json!({
        "type": "object", "required": required, "properties": properties, "additionalProperties": false,
    })
}

fn of(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn or_null(schema: Value) -> Value {
    json!({ "oneOf": [schema, { "type": "null" }] })
}

fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

/// An object that is described elsewhere.
fn free(description: &str) -> Value {
    json!({ "type": "object", "description": description })
}

fn one_of(names: &[&str]) -> Value {
    json!({ "type": "string", "enum": names })
}

fn count(description: &str) -> Value {
    json!({ "type": "integer", "minimum": 0, "description": description })
}

fn flag(description: &str) -> Value {
    json!({ "type": "boolean", "description": description })
}

fn percent() -> Value {
    json!({ "type": "number", "minimum": 0, "maximum": 100 })
}

fn problem() -> Value {
    whole(json!({
        "status": { "type": "integer" },
        "message": text("What was expected, what came, what to do"),
    }))
}

fn status() -> Value {
    whole(json!({
        "version": text("Of Muster"),
        "compatibleVersion": text("Of OpenVidu, as told to applications"),
        "clusterId": text("Names this cluster"),
        "health": one_of(&["up", "unstable", "down"]),
        "problems": list(text("One thing that is not as it should be")),
        "findings": list(text("Why pictures would be missing: code and proof")),
        "nodes": of("NodeCounts"),
        "sessions": count("Sessions"),
        "participants": count("Those who have joined"),
        "traffic": of("Traffic"),
        "wanted": of("Wanted"),
        "master": of("MasterAddresses"),
        "webhooks": or_null(of("Webhooks")),
    }))
}

fn master_addresses() -> Value {
    whole(json!({
        "addresses": list(text("By which its machine is reached, as far as can be found out")),
        "addressesVersion": count("Grows with each change within a boot"),
        "addressEntries": list(of("AddressEntry")),
        "addressRemarks": list(text("What is odd about its addresses")),
    }))
}

fn traffic() -> Value {
    whole(json!({
        "transports": count("Connected now: one for each published stream, and for each received one"),
        "udp": count("Straight from clients to nodes by UDP"),
        "tcp": count("Straight from clients to nodes by TCP"),
        "relayed": count("Through relays"),
        "unknown": count("Nobody told of their path yet"),
        "relays": list(of("RelayTraffic")),
    }))
}

fn relay_traffic() -> Value {
    whole(json!({
        "relay": text("Id of the node, master, the URL of a foreign one, or elsewhere"),
        "transports": count("That go through it"),
        "bitsPerSecond": count("Both ways together; 0 for those that do not tell"),
    }))
}

fn node_counts() -> Value {
    whole(json!({
        "known": count("All"),
        "serving": count("Take sessions"),
        "coming": count("Launching, joining or probing"),
        "suspect": count("A sign of life is missing"),
        "going": count("Draining, terminating or canceled"),
        "failed": count("Their launch failed"),
    }))
}

fn wanted() -> Value {
    whole(json!({
        "minimum": or_null(count("At least so many; null: any number")),
        "maximum": or_null(count("At most so many; null: any number")),
        "source": one_of(&["nobody", "count", "autoscaling", "schedule", "operator"]),
        "entry": or_null(text("Name of the schedule's entry")),
        "autoscaling": flag("Within the bounds the load decides"),
    }))
}

fn wanted_request() -> Value {
    let nodes = count("How many nodes are wanted");
    object(&["nodes"], json!({ "nodes": nodes }))
}

fn webhooks() -> Value {
    whole(json!({
        "waiting": count("Not taken by the endpoint yet"),
        "delivered": count("Taken since the start of the server"),
        "refused": count("Answered with a status that makes another try useless"),
        "dropped": count("Given up because too many waited"),
        "failures": count("In a row, of the oldest that waits"),
    }))
}

fn address_entry() -> Value {
    whole(json!({
        "ip": text("IPv4 or IPv6"),
        "source": one_of(&["configuration", "interface", "metadata", "stun", "memory", "unknown"]),
        "name": text("The interface, the STUN server or the host name; may be empty"),
        "local": or_null(text("The node's own address that it is translated to")),
        "proof": one_of(&[
            "stated", "present", "agreed", "claimed", "disputed", "translated", "superseded", "remembered", "unknown",
        ]),
        "advertised": flag("Clients are told it"),
        "foundSecondsAgo": count("Since its source first named it in this boot"),
        "confirmedSecondsAgo": count("Since its source last named it"),
    }))
}

fn node() -> Value {
    whole(json!({
        "id": text("Permanent"),
        "state": one_of(&[
            "launching", "canceled", "failed", "joining", "probing", "serving", "suspect", "draining", "terminating",
        ]),
        "status": one_of(&[
            "launching", "canceled", "failed", "running", "waiting-idle-to-terminate", "terminating", "terminated",
        ]),
        "why": of("Why"),
        "connected": flag("It can be told something now"),
        "addresses": list(text("By which clients reach it")),
        "addressesVersion": count("Grows with each change of the addresses within a boot"),
        "addressEntries": list(of("AddressEntry")),
        "addressRemarks": list(text("What is odd about its addresses")),
        "mediaPorts": list(json!({ "type": "integer" })),
        "environmentId": or_null(text("The provider's name for the machine")),
        "version": text("Of its program; empty until it has dialled in"),
        "boot": or_null(text("Of the present process")),
        "shards": count("Media threads"),
        "sessions": count("Placed on it and not ended"),
        "load": of("Load"),
        "machine": of("Machine"),
    }))
}

fn machine() -> Value {
    whole(json!({
        "diskFree": or_null(count("Bytes, where its data directory is; as it said last")),
        "diskSize": or_null(count("Bytes")),
        "clockSource": text("What the kernel reads the time from, such as tsc; empty if that is not known"),
    }))
}

fn why() -> Value {
    whole(json!({
        "sentence": text("Why it is in its state"),
        "evidence": list(text("A fact that it follows from")),
        "remedy": text("What a person has to do, where that is known; else empty"),
    }))
}

fn load() -> Value {
    whole(json!({
        "connections": count("Participants with media"),
        "streams": count("Published and received"),
        "cpuPercent": percent(),
        "memoryPercent": percent(),
    }))
}

fn drain() -> Value {
    object(
        &[],
        json!({ "withinSeconds": count("What is left after so many seconds is closed") }),
    )
}

fn entry() -> Value {
    object(
        &["name", "zone"],
        json!({
            "name": text("Unique"),
            "cron": text("Minute, hour, day of month, month, day of week; instead of time"),
            "weekdays": list(text("mon, tue … or ranges such as mon-fri; none: every day")),
            "time": text("HH:MM, 24 hours"),
            "zone": text("IANA time zone, such as Europe/Berlin"),
            "nodes": count("Exactly so many"),
            "minimum": count("At least so many; with maximum, instead of nodes"),
            "maximum": count("At most so many"),
            "leadMinutes": count("How long before its moment it takes effect; at most a day"),
        }),
    )
}

fn schedule() -> Value {
    whole(json!({
        "entries": list(of("Entry")),
        "inForce": or_null(of("Transition")),
        "next": list(of("Transition")),
        "set": json!({ "type": "boolean", "description": "Set or cleared by a command, which counts instead of the settings" }),
    }))
}

fn transition() -> Value {
    let moment = |description| json!({ "type": "string", "format": "date-time", "description": description });
    whole(json!({
        "entry": text("Name of the entry"),
        "begins": moment("When it takes over"),
        "at": moment("The moment that the entry names; nodes that have to go are gone by then"),
        "minimum": count("At least so many nodes"),
        "maximum": count("At most so many nodes"),
    }))
}

fn join_token_request() -> Value {
    object(
        &[],
        json!({
            "validSeconds": count("For how long it can be used"),
            "node": text("The only node that may use it"),
        }),
    )
}

fn ice_transports() -> Value {
    whole(json!({
        "transports": list(of("IceTransport")),
        "more": flag("There are more, with lower ids"),
        "lost": count("What the ledger could not keep since the server's start"),
        "problem": or_null(text("Why nothing can be written at the moment")),
    }))
}

fn ice_transport() -> Value {
    whole(json!({
        "id": count("In the ledger"),
        "state": one_of(&["PENDING", "CONNECTED", "DISCONNECTED", "FAILED", "ENDED"]),
        "opened": count("Milliseconds since the Unix epoch"),
        "updated": count("When something was last heard of it"),
        "session": text("Id of the session"),
        "participant": text("Id of the connection"),
        "stream": text("Id of the stream"),
        "direction": one_of(&["publish", "subscribe", "unknown"]),
        "node": text("Id of the node"),
        "boot": text("Of the node"),
        "transport": text("As node and server call it"),
        "client": or_null(text("Where the participant's signalling comes from")),
        "network": or_null(text("The network of that address")),
        "platform": text("Browser and system, as the client says"),
        "protocol": or_null(one_of(&["udp", "tcp"])),
        "cause": or_null(text("Code of the likeliest cause")),
        "reason": text("The node's word for how it is"),
    }))
}

fn ice_story() -> Value {
    whole(json!({
        "transport": of("IceTransport"),
        "iceServers": list(text("URL of an ICE server that the participant was given")),
        "evidence": of("Evidence"),
        "findings": list(of("Finding")),
    }))
}

fn ice_report() -> Value {
    whole(json!({
        "token": text("The token that the participant joined with"),
        "ufrag": text("ice-ufrag of the remote description"),
        "browser": free("Candidates gathered by type, icecandidateerrors, states; Browser of crates/diagnosis"),
    }))
}

fn join_token() -> Value {
    whole(json!({
        "token": text("For `muster node --join`. A secret"),
        "expires": count("Milliseconds since the Unix epoch"),
    }))
}
