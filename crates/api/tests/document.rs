//! The document describes what is written and read.

#![allow(clippy::unwrap_used)]

mod world;

use std::collections::BTreeSet;

use api::*;
use serde_json::{Value, json};
use world::World;

fn described() -> Value {
    document("0.1.0")
}

/// What is wrong with a value, by a schema of the document.
fn faults(value: &Value, schema: &Value, at: &str) -> Vec<String> {
    let document = described();
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let name = name.rsplit('/').next().unwrap();
        let schema = &document["components"]["schemas"][name];
        assert!(schema.is_object(), "{name} is not described");
        return faults(value, schema, at);
    }
    if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
        let fits = choices.iter().filter(|it| faults(value, it, at).is_empty());
        return match fits.count() {
            1 => Vec::new(),
            n => vec![format!("{at}: fits {n} of the choices")],
        };
    }
    let kind = schema["type"].as_str().unwrap();
    let right = match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("no such type: {other}"),
    };
    if !right {
        return vec![format!("{at}: {value} is no {kind}")];
    }
    if kind == "object" && schema.get("properties").is_none() {
        // It is described elsewhere.
        return Vec::new();
    }
    let mut out = Vec::new();
    if let Some(names) = schema.get("enum").and_then(Value::as_array)
        && !names.contains(value)
    {
        out.push(format!("{at}: {value} is none of the names"));
    }
    if let Value::Array(items) = value {
        for item in items {
            out.extend(faults(item, &schema["items"], at));
        }
    }
    if let Value::Object(members) = value {
        for required in schema["required"].as_array().unwrap() {
            if !members.contains_key(required.as_str().unwrap()) {
                out.push(format!("{at}: {required} is missing"));
            }
        }
        for (key, value) in members {
            match schema["properties"].get(key) {
                Some(schema) => out.extend(faults(value, schema, &format!("{at}.{key}"))),
                None => out.push(format!("{at}: {key} is not described")),
            }
        }
    }
    out
}

fn fits(value: &impl serde::Serialize, schema: &str) {
    let value = serde_json::to_value(value).unwrap();
    let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
    assert_eq!(faults(&value, &schema, "$"), [""; 0]);
}

#[test]
fn every_operation_is_described_and_nothing_else() {
    let document = described();
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            described.insert((path.clone(), method.to_uppercase()));
        }
    }
    let mut served: BTreeSet<(String, String)> = Operation::ALL
        .iter()
        .map(|it| {
            (
                format!("{BASE}{}", it.path()),
                it.method().as_str().to_owned(),
            )
        })
        .collect();
    assert_eq!(served.len(), Operation::ALL.len(), "no two are the same");
    served.insert((DOCUMENT.to_owned(), "GET".to_owned()));
    assert_eq!(described, served);
}

#[test]
fn references_lead_somewhere_and_every_schema_is_used() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    match value.as_str().filter(|_| key == "$ref") {
                        Some(name) => drop(found.insert(name.rsplit('/').next().unwrap().into())),
                        None => references(value, found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|it| references(it, found)),
            _ => {}
        }
    }
    let document = described();
    let mut used = BTreeSet::new();
    references(&document, &mut used);
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let there: BTreeSet<String> = schemas.keys().cloned().collect();
    assert_eq!(used, there);
}

#[test]
fn ids_of_operations_are_unique_and_paths_name_their_parameters() {
    let document = described();
    let mut ids = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for operation in methods.as_object().unwrap().values() {
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()));
            let named = operation.get("parameters").is_some_and(|all| {
                let all = all.as_array().unwrap();
                all.iter()
                    .any(|it| it["in"] == "path" && it["name"] == "id")
            });
            assert_eq!(named, path.contains("{id}"), "{path}");
        }
    }
}

#[test]
fn what_is_written_is_as_described() {
    let mut world = World::new();
    world.everything();
    fits(&world.nodes(), "Nodes");
    let mut status = Status::of(&world.cluster, world.now);
    fits(&status, "Status");
    status.webhooks = Some(Webhooks::default());
    fits(&status, "Status");
    fits(&world.schedule(), "Schedule");
    fits(
        &Added {
            ids: vec!["a".into()],
        },
        "Added",
    );
    let matrix = world.matrix();
    fits(
        &Reachability::of(&world.cluster, &matrix, world.now),
        "Reachability",
    );
    fits(&Problem::new(404, "no"), "Problem");
    let token = JoinToken {
        token: "t".into(),
        expires: 1,
    };
    fits(&token, "JoinToken");
    let transport = IceTransport {
        state: "FAILED".into(),
        direction: "publish".into(),
        client: "192.0.2.1".parse().ok(),
        protocol: Some("udp".into()),
        ..IceTransport::default()
    };
    let story = IceStory {
        transport: transport.clone(),
        ..IceStory::default()
    };
    fits(&story, "IceStory");
    let transports = IceTransports {
        transports: vec![transport],
        ..IceTransports::default()
    };
    fits(&transports, "IceTransports");
}

#[test]
fn what_is_read_is_as_described() {
    fits(&AddNodes { count: 3 }, "AddNodes");
    fits(&Drain::default(), "Drain");
    let within_seconds = Some(60);
    fits(&Drain { within_seconds }, "Drain");
    fits(&WantedRequest { nodes: 2 }, "WantedRequest");
    fits(&JoinTokenRequest::default(), "JoinTokenRequest");
    fits(&IceReport::default(), "IceReport");
    let entry = Entry {
        name: "morning".into(),
        weekdays: Some(vec!["mon-fri".into()]),
        time: Some("07:30".into()),
        zone: "Europe/Berlin".into(),
        nodes: Some(4),
        ..Entry::default()
    };
    let entries = vec![entry];
    fits(&ScheduleRequest { entries }, "ScheduleRequest");
}

#[test]
fn what_is_not_described_is_refused() {
    let wrong = |body: &str| {
        let problems = [
            parse::<AddNodes>(body.as_bytes()).err(),
            parse::<Drain>(body.as_bytes()).err(),
            parse::<WantedRequest>(body.as_bytes()).err(),
            parse::<ScheduleRequest>(body.as_bytes()).err(),
            parse::<JoinTokenRequest>(body.as_bytes()).err(),
        ];
        for problem in problems {
            assert_eq!(problem.expect(body).status, 400);
        }
    };
    for body in ["[]", "{", "null", "7", r#"{"unknown":1}"#, "\u{0}"] {
        wrong(body);
    }
    assert_eq!(parse::<AddNodes>(b"").unwrap().count, 1);
    assert_eq!(parse::<Drain>(b" ").unwrap(), Drain::default());
    let message = parse::<WantedRequest>(b"{}").unwrap_err().message;
    assert!(message.contains("nodes"), "{message}");
}

#[test]
fn a_target_is_as_described_and_comes_back_as_a_probe_takes_it() {
    let way = |relay: &str| Way {
        address: None,
        relay: Some(relay.into()),
        at: Some("relay.example:3478".into()),
        protocol: "udp".into(),
    };
    let relays = ["master", "external", "media_1"].map(|relay| RelayToTry {
        way: way(relay),
        host: "relay.example".into(),
        port: 3478,
        username: "u".into(),
        credential: "c".into(),
    });
    for relay in &relays {
        let taken = relay.relay().unwrap();
        assert_eq!(RelayToTry::of(&taken), *relay);
    }
    let target = ProbeTarget {
        addresses: vec!["192.0.2.1".parse().unwrap()],
        media_ports: vec![40000],
        stun_port: 3478,
        relays: relays.into(),
    };
    fits(&target, "ProbeTarget");
}

#[test]
fn a_diagnosis_is_as_described() {
    fits(&Diagnosis::default(), "Diagnosis");
    let finding = diagnosis::Finding {
        cause: diagnosis::Cause::MediaUdpBlocked,
        confidence: 95,
        proof: "p".into(),
        remedy: diagnosis::Cause::MediaUdpBlocked.remedy(),
        missing_rule: Some(diagnosis::MissingRule {
            protocol: diagnosis::Protocol::Udp,
            to: "192.0.2.1:40000".parse().unwrap(),
            from: None,
        }),
        subject: "media_1".into(),
        likewise: vec![diagnosis::Likewise {
            subject: "media_2".into(),
            missing_rule: None,
        }],
        applied: diagnosis::Applied::DidNotHelp,
    };
    let step = diagnosis::Step::AnotherPath;
    let mark = diagnosis::Mark::default();
    let failure = diagnosis::Failure {
        client: Some("192.0.2.7".parse().unwrap()),
        findings: vec![finding.clone()],
        steps: vec![diagnosis::Taken { step, at: 1 }],
        healed: Some(2),
        ..diagnosis::Failure::default()
    };
    let beginnings = [
        diagnosis::Beginning::Mark {
            mark: mark.clone(),
            first_failure: 1,
        },
        diagnosis::Beginning::Load {
            above: 1,
            at_least: 2,
        },
    ];
    for began in beginnings {
        let correlation = diagnosis::Correlation {
            alike: vec![diagnosis::Likeness::default()],
            began: Some(began),
            ended: Some(mark.clone()),
            answers: vec!["a".into()],
            ..diagnosis::Correlation::default()
        };
        let fleet = vec![finding.clone()];
        fits(
            &Diagnosis {
                fleet,
                failures: vec![failure.clone()],
                correlation,
            },
            "Diagnosis",
        );
    }
}
