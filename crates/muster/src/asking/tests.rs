use std::net::IpAddr;

use api::{
    AddressEntry, Health, Load, Machine, MasterAddresses, Node, NodeCounts, NodeReach, PathReach,
    Reachability, RelayTraffic, Status, Traffic, Transition, Wanted, Way, Webhooks, Why,
};

use super::{nodes, paths, schedule, status, table};

pub fn node(id: &str, state: &str, sentence: &str) -> Node {
    Node {
        id: id.into(),
        state: state.into(),
        status: "running".into(),
        why: Why {
            sentence: sentence.into(),
            evidence: vec!["the link is up".into()],
            remedy: String::new(),
        },
        connected: true,
        addresses: vec!["203.0.113.7".parse().expect("an address")],
        addresses_version: 1,
        address_entries: Vec::new(),
        address_remarks: Vec::new(),
        media_ports: vec![40000],
        environment_id: None,
        version: "0.1.0".into(),
        boot: None,
        shards: 2,
        sessions: 12,
        load: Load {
            streams: 140,
            cpu_percent: 23.4,
            ..Load::default()
        },
        machine: Machine::default(),
    }
}

fn fits(text: &str) {
    for line in text.lines() {
        assert!(line.chars().count() <= table::WIDTH, "{line}");
        assert_eq!(line, line.trim_end());
    }
}

#[test]
fn nodes_are_a_table_with_a_sentence_on_those_that_do_not_serve() {
    let long = "it was placed somewhere where nobody will ever find it again, whatever they may do about it tonight";
    let text = nodes::listed(&[
        node("media_1", "serving", "media_1 is serving"),
        node("media_2", "suspect", &format!("media_2 is suspect: {long}")),
    ]);
    fits(&text);
    assert_eq!(
        text,
        "\
NODE     STATE    SESSIONS  STREAMS  CPU  ADDRESS
media_1  serving        12      140  23%  203.0.113.7
media_2  suspect        12      140  23%  203.0.113.7

- media_2 is suspect: it was placed somewhere where nobody will ever find it
  again, whatever they may do about it tonight.
"
    );
    assert!(nodes::listed(&[]).contains("muster token"));
}

fn path(from: &str, protocol: &str, stage: Option<&str>) -> PathReach {
    PathReach {
        from: from.into(),
        path: Way {
            address: Some("203.0.113.7".parse().expect("an address")),
            relay: None,
            at: None,
            protocol: protocol.into(),
        },
        good: stage.is_none(),
        ok: stage.is_none(),
        call: true,
        round_trip_ms: stage.is_none().then_some(12.34),
        sent: if stage.is_none() { 10 } else { 0 },
        lost: u32::from(stage.is_none()),
        stage: stage.map(Into::into),
        reason: stage.map(|_| "no answer".into()),
        age_ms: 4_200,
        since_ms: 60_000,
    }
}

#[test]
fn paths_are_a_table_for_each_node_below_its_sentence() {
    let broken = path("media_abcdefghij", "udp", Some("description"));
    let reach = Reachability {
        ready: true,
        nodes: vec![NodeReach {
            id: "media_1".into(),
            state: "serving".into(),
            boot: Some("b".into()),
            addresses_version: Some(1),
            verdict: "partly".into(),
            sentence: "media_1 serves without UDP to 203.0.113.7: UDP to 203.0.113.7: no answer to 5 STUN requests".into(),
            evidence: Vec::new(),
            withheld: vec![broken.path.clone()],
            paths: vec![broken, path("master", "tcp", None)],
        }],
    };
    let text = paths::told(&reach, None);
    fits(&text);
    assert_eq!(
        text,
        "\
media_1 serves without UDP to 203.0.113.7: UDP to 203.0.113.7: no answer to 5
STUN requests.
PATH             FROM              RESULT           TOLD  TRIP     LOSS  AGO
udp 203.0.113.7  media_abcdefghij  no: description  no    -        -     4 s
tcp 203.0.113.7  master            ok               yes   12.3 ms  10%   4 s
"
    );
    assert_eq!(paths::told(&reach, Some("media_1")), text);
    assert_eq!(paths::told(&reach, Some("x")), "There is no node x.\n");
}

#[test]
fn long_names_do_not_break_the_table() {
    let id = "media_".to_owned() + &"x".repeat(90);
    let mut wide = node(&id, "terminating", "x");
    wide.addresses = vec![
        "2001:db8:1111:2222:3333:4444:5555:6666"
            .parse()
            .expect("an address"),
    ];
    let text = nodes::listed(&[wide]);
    let row = text.lines().nth(1).expect("a row");
    assert!(row.contains('…') && row.chars().count() <= 90, "{row}");
    let text = nodes::listed(&[node(&id, "serving", "x")]);
    fits(&text);
}

#[test]
fn the_reasons_are_a_sentence_and_facts() {
    let why = Why {
        sentence: "media_1 is being probed at its addresses".into(),
        evidence: vec!["the link is up".into(), "2 sessions".into()],
        remedy: "wait".into(),
    };
    assert_eq!(
        nodes::explained(&why),
        "media_1 is being probed at its addresses.\n  → wait\n  - the link is up\n  - 2 sessions\n"
    );
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn entry(at: &str, source: &str, name: &str) -> AddressEntry {
    AddressEntry {
        ip: ip(at),
        source: source.into(),
        name: name.into(),
        local: None,
        proof: "present".into(),
        advertised: false,
        found_seconds_ago: 0,
        confirmed_seconds_ago: 0,
    }
}

fn well() -> Status {
    Status {
        version: "0.1.0".into(),
        compatible_version: "2.32.2".into(),
        cluster_id: "c1".into(),
        health: Health::Up,
        problems: Vec::new(),
        findings: Vec::new(),
        nodes: NodeCounts {
            known: 3,
            serving: 3,
            ..NodeCounts::default()
        },
        sessions: 2,
        participants: 9,
        traffic: Traffic {
            transports: 40,
            udp: 30,
            relayed: 10,
            relays: vec![
                RelayTraffic {
                    relay: "master".into(),
                    transports: 9,
                    bits_per_second: 12_300_000,
                },
                RelayTraffic {
                    relay: "elsewhere".into(),
                    transports: 1,
                    bits_per_second: 0,
                },
                RelayTraffic {
                    relay: "media_1".into(),
                    ..RelayTraffic::default()
                },
            ],
            ..Traffic::default()
        },
        wanted: Wanted {
            minimum: Some(3),
            maximum: Some(3),
            source: "schedule".into(),
            entry: Some("morning".into()),
            autoscaling: false,
        },
        master: MasterAddresses {
            addresses: ["203.0.113.7", "10.0.0.5"].map(ip).to_vec(),
            address_entries: vec![
                entry("203.0.113.7", "metadata", ""),
                entry("10.0.0.5", "interface", "eth0"),
            ],
            ..MasterAddresses::default()
        },
        webhooks: None,
    }
}

#[test]
fn a_status_says_first_whether_there_is_something_to_do() {
    assert_eq!(
        status::shown(&well()),
        "\
All is well.

nodes     3 serving
wanted    3 nodes, by the schedule's entry \"morning\"
sessions  2, with 9 participants
traffic   40 transports: 30 direct by UDP, 10 relayed, 25 % (master 9, 12300
          kbit/s; elsewhere 1)
master    at 203.0.113.7 (metadata), 10.0.0.5 (interface eth0)
version   Muster 0.1.0, cluster c1, speaks OpenVidu 2.32.2
"
    );
    let mut ill = well();
    ill.health = Health::Down;
    ill.problems = vec!["no media node takes sessions".into()];
    ill.findings = vec!["conntrack: the tracker is full".into()];
    ill.nodes = NodeCounts {
        known: 1,
        suspect: 1,
        ..NodeCounts::default()
    };
    ill.webhooks = Some(Webhooks::default());
    let text = status::shown(&ill);
    fits(&text);
    assert!(
        text.starts_with(
            "DOWN: no session can be served.\n  - conntrack: the tracker is full\n  → muster doctor says what to do\n  - no media node takes sessions\n"
        ),
        "{text}"
    );
    assert!(text.contains("nodes     0 serving, 1 suspect\n"), "{text}");
    assert!(text.contains("webhooks  0 delivered, 0 waiting"), "{text}");
}

#[test]
fn who_wants_how_many_is_said_in_words() {
    let wanted = |minimum, maximum, source: &str, autoscaling| {
        status::wanted(&Wanted {
            minimum,
            maximum,
            source: source.into(),
            entry: Some("day".into()),
            autoscaling,
        })
    };
    assert_eq!(wanted(None, None, "nobody", false), "any number of nodes");
    assert_eq!(
        wanted(Some(1), Some(4), "autoscaling", true),
        "1 to 4 nodes, by autoscaling"
    );
    assert_eq!(
        wanted(Some(1), Some(4), "schedule", true),
        "1 to 4 nodes, by the schedule's entry \"day\", within which the load decides"
    );
}

#[test]
fn schedules_are_read_as_toml_and_as_json() {
    let toml = "
        [[entries]]
        name = 'morning'
        weekdays = ['mon-fri']
        time = '07:30'
        zone = 'Europe/Berlin'
        nodes = 4
        leadMinutes = 15

        [[entries]]
        name = 'evening'
        cron = '0 20 * * *'
        zone = 'Europe/Berlin'
        minimum = 0
        maximum = 1
    ";
    let read = schedule::parse(toml).expect("read");
    let json = serde_json::to_string(&read).expect("JSON");
    assert_eq!(schedule::parse(&json).expect("read"), read);
    for (wrong, named) in [
        ("entries = 5", "entries"),
        (
            "[[entries]]\nname = 'x'\nzone = 'Mars'\ntime = '07:30'\nnodes = 1",
            "zone",
        ),
        (
            "[[entries]]\nname = 'x'\nzone = 'UTC'\ntime = '7'\nnodes = 1",
            "time",
        ),
        ("{\"entries\":[{}]}", "name"),
        ("{", "EOF"),
    ] {
        let error = schedule::parse(wrong).expect_err(wrong);
        assert!(error.contains(named), "{error}");
    }
}

#[test]
fn a_schedule_is_shown_with_what_comes() {
    let request = schedule::parse(
        "[[entries]]\nname = 'morning'\nweekdays = ['mon-fri']\ntime = '07:30'\nzone = 'Europe/Berlin'\nnodes = 4\nleadMinutes = 15",
    );
    let transition = |minimum, maximum| Transition {
        entry: "morning".into(),
        begins: "2025-06-17T07:15:00+02:00".into(),
        at: "2025-06-17T07:30:00+02:00".into(),
        minimum,
        maximum,
    };
    let mut told = api::Schedule {
        entries: request.expect("read").entries,
        in_force: Some(transition(4, 4)),
        next: vec![transition(0, 0), transition(1, 3)],
        set: false,
    };
    let text = schedule::shown(&told);
    fits(&text);
    assert_eq!(
        text,
        "\
In force: morning, 4 nodes, since 2025-06-17 07:15.

NEXT     BEGINS            AT                WANTED
morning  2025-06-17 07:15  2025-06-17 07:30  no nodes
morning  2025-06-17 07:15  2025-06-17 07:30  1 to 3 nodes

ENTRY    WHEN           ZONE           LEAD
morning  mon-fri 07:30  Europe/Berlin  15 min
"
    );
    told.set = true;
    let set = schedule::shown(&told);
    fits(&set);
    let more = set.strip_prefix(&text).expect("the same and more");
    assert!(more.contains("muster schedule reset"), "{more}");
    let none = api::Schedule::default();
    assert!(schedule::shown(&none).contains("muster schedule set"));
    let cleared = schedule::shown(&api::Schedule { set: true, ..none });
    fits(&cleared);
    assert!(cleared.contains("muster schedule reset"), "{cleared}");
}
