//! Which ICE servers a client is given.

use cluster::{Addresses, NodeId};
use conference::{IceCredentials, IceServer, Reply};
use control::{OwnRelay, RelayTransport, Relays, Told};
use openvidu::rpc::ClientNumber;

use crate::node_settings::{rotate, with_relay};
use crate::stage::{Stage, settings};

fn at(ips: &[&str]) -> Addresses {
    Addresses {
        version: 1,
        ips: ips.iter().map(|ip| ip.parse().expect("address")).collect(),
        ports: vec![40_000, 40_001],
        stun_port: 40_100,
        relay_tls: String::new(),
        problem: String::new(),
        entries: Vec::new(),
        remarks: Vec::new(),
    }
}

fn own() -> OwnRelay {
    OwnRelay {
        host: "calls.example.org".into(),
        port: Some(3478),
        tls_port: Some(443),
    }
}

fn texts(urls: &[control::RelayUrl]) -> Vec<String> {
    urls.iter().map(ToString::to_string).collect()
}

#[test]
fn the_serving_node_comes_first_and_tls_is_always_there() {
    let (one, two) = (NodeId::new("media_1"), NodeId::new("media_2"));
    let (at_one, at_two) = (
        at(&["192.0.2.1", "2001:db8::1", "192.0.2.7"]),
        at(&["192.0.2.2"]),
    );
    let own = own();
    let relays = Relays {
        serving: (&one, &at_one),
        other: Some((&two, &at_two)),
        own: &own,
    };
    let all = [
        "turn:192.0.2.1:40100?transport=udp",
        "turn:[2001:db8::1]:40100?transport=udp",
        "turn:192.0.2.1:40100?transport=tcp",
        "turn:192.0.2.2:40100?transport=udp",
        "turn:calls.example.org:3478?transport=udp",
        "turns:calls.example.org:443?transport=tcp",
    ];
    assert_eq!(texts(&relays.urls(|_| true)), all);
    let without_udp = relays.urls(|url| url.transport != RelayTransport::Udp);
    assert_eq!(texts(&without_udp), [all[2], all[5]]);
    let of_master = relays.urls(|url| url.node.is_none());
    assert_eq!(texts(&of_master), all[4..]);
    assert!(relays.urls(|_| false).is_empty());
}

#[test]
fn a_node_with_a_certificate_relays_over_tls_before_the_master() {
    let one = NodeId::new("media_1");
    let mut at_one = at(&["192.0.2.1"]);
    at_one.relay_tls = "one.example.org".to_owned();
    let own = own();
    let relays = Relays {
        serving: (&one, &at_one),
        other: None,
        own: &own,
    };
    let by_tls = relays.urls(|url| url.transport == RelayTransport::Tls);
    let expected = [
        "turns:one.example.org:40100?transport=tcp",
        "turns:calls.example.org:443?transport=tcp",
    ];
    assert_eq!(texts(&by_tls), expected);
}

#[test]
fn a_media_port_is_never_a_relays() {
    let one = NodeId::new("media_1");
    let mut at_one = at(&["192.0.2.1"]);
    at_one.stun_port = 40_001;
    let own = OwnRelay::default();
    let relays = Relays {
        serving: (&one, &at_one),
        other: None,
        own: &own,
    };
    assert!(relays.urls(|_| true).is_empty());
}

/// What a client that joined was given.
fn given(stage: &Stage, client: ClientNumber) -> Vec<IceServer> {
    let told = stage.told(client).into_iter();
    let joined = told.rev().find_map(|told| match told {
        Told::Reply {
            result: Ok(Reply::Joined(joined)),
            ..
        } => Some(joined.ice_servers.clone()),
        _ => None,
    });
    joined.expect("joined")
}

fn urls(servers: &[IceServer]) -> Vec<&str> {
    servers.iter().map(|server| server.url.as_str()).collect()
}

fn secrets(servers: &[IceServer]) -> Vec<&str> {
    let secret = |server: &'_ IceServer| match &server.credentials {
        Some(IceCredentials::StaticAuthSecret(secret)) => secret.clone(),
        other => panic!("expected a secret, got {other:?}"),
    };
    let mut all: Vec<String> = servers.iter().map(secret).collect();
    all.dedup();
    all.into_iter().map(|text| &*text.leak()).collect()
}

fn joins(stage: &mut Stage, name: &str) -> Vec<IceServer> {
    stage.connection("room", name);
    let client = stage.join("room", name);
    given(stage, client)
}

#[test]
fn relays_are_handed_out_with_the_secret_that_relays_know_for_certain() {
    let mut settings = with_relay("one");
    settings.relay.as_mut().expect("a relay").own = own();
    let mut stage = Stage::with(settings);
    stage.attach_at(1, "media_1", 1, "192.0.2.1");
    stage.create("room");
    let alone = joins(&mut stage, "ann");
    let expected = [
        "turn:192.0.2.1:40100?transport=udp",
        "turn:192.0.2.1:40100?transport=tcp",
        "turn:calls.example.org:3478?transport=udp",
        "turns:calls.example.org:443?transport=tcp",
    ];
    assert_eq!(urls(&alone), expected);
    assert_eq!(secrets(&alone), ["one"]);

    stage.attach_at(2, "media_2", 1, "192.0.2.2");
    let two = joins(&mut stage, "bob");
    assert_eq!(two.len(), 5);
    assert!(
        urls(&two)[2].starts_with("turn:192.0.2.2:"),
        "{:?}",
        urls(&two)
    );

    rotate(&mut stage, "two");
    assert_eq!(
        secrets(&joins(&mut stage, "cid")),
        ["one"],
        "on its way to the nodes"
    );
    stage.pass(control::SETTLE.as_millis() as u64);
    assert_eq!(secrets(&joins(&mut stage, "dot")), ["two"]);
}

#[test]
fn what_is_configured_comes_before_and_without_relays_stun_is_left() {
    let configured = IceServer {
        url: "stun:stun.example.org".into(),
        credentials: None,
    };
    let mut with = with_relay("one");
    with.ice_servers = vec![configured.clone()];
    let mut stage = Stage::with(with);
    stage.attach_at(1, "media_1", 1, "192.0.2.1");
    stage.create("room");
    assert_eq!(joins(&mut stage, "ann"), [configured]);

    let mut stage = Stage::with(settings());
    stage.attach_at(1, "media_1", 1, "192.0.2.1");
    stage.create("room");
    assert_eq!(urls(&joins(&mut stage, "ann")), ["stun:192.0.2.1:40100"]);
}

#[test]
fn credentials_are_not_shown() {
    let server = IceServer {
        url: "turn:192.0.2.1".into(),
        credentials: Some(IceCredentials::StaticAuthSecret("SECRET-TEXT".into())),
    };
    assert!(!format!("{server:?}").contains("SECRET-TEXT"));
}

mod probed {
    //! Relays that probes found to fail.

    use reachability::{Depth, Failed, Outcome, Party, Passed, Place, Relay, Stage as At};

    use super::{Stage, given, own, urls, with_relay};

    fn stage() -> Stage {
        let mut settings = with_relay("one");
        settings.cluster.gate = cluster::Gate::Probe;
        settings.relay.as_mut().expect("a relay").own = own();
        let mut stage = Stage::with(settings);
        stage.attach_at(1, "media_1", 1, "192.0.2.1");
        works(&mut stage, 1);
        stage
    }

    /// The node on this stream works by what it was told.
    fn works(stage: &mut Stage, attachment: u64) {
        let settings = stage.control.node_settings().expect("told");
        let running = control::Running {
            version: settings.version,
            relay_fingerprint: Vec::new(),
        };
        stage.handle(control::Input::Says {
            attachment: cluster::AttachmentId(attachment),
            says: control::Says::Running(running),
        });
    }

    /// It refuses before, which is no fault.
    #[test]
    fn a_relay_is_looked_through_when_it_has_been_told_of_the_node() {
        let mut settings = with_relay("one");
        settings.relay.as_mut().expect("a relay").own = own();
        let mut stage = Stage::with(settings);
        stage.attach_at(1, "media_1", 1, "192.0.2.1");
        let masters = |relay: &Relay| relay.path.to_string().contains("master");
        assert!(relays(&stage).iter().all(masters));
        works(&mut stage, 1);
        assert!(!relays(&stage).iter().all(masters));
        stage.pass(1_000);
        stage.attach_at(2, "media_2", 2, "192.0.2.2");
        assert!(
            !relays(&stage).iter().all(masters),
            "what it was told still holds"
        );
    }

    fn relays(stage: &Stage) -> Vec<Relay> {
        let node = cluster::NodeId::new("media_1");
        stage.control.relays_towards(&node, "label")
    }

    /// The master looks through all of the relays; `fails` says which do not work.
    fn look(stage: &mut Stage, fails: impl Fn(&str) -> bool) {
        let node = stage
            .control
            .cluster()
            .node(&cluster::NodeId::new("media_1"));
        let ip = node.expect("there").addresses().ips[0];
        let direct = reachability::Path::Direct {
            ip,
            protocol: reachability::Protocol::Udp,
        };
        let failed = Failed {
            stage: At::Relay,
            reason: "no answer".into(),
            hint: String::new(),
        };
        let paths = relays(stage).into_iter().map(|relay| relay.path);
        let outcomes = paths.chain([direct]).map(|path| Outcome {
            result: match fails(&path.to_string()) {
                true => Err(failed.clone()),
                false => Ok(Passed::default()),
            },
            path,
            depth: Depth::Call,
        });
        let looked = control::Looked {
            from: Party::Master,
            node: cluster::NodeId::new("media_1"),
            place: Place {
                boot: cluster::BootId::new("boot1"),
                version: 1,
            },
            depth: Depth::Call,
            outcomes: Some(outcomes.collect()),
        };
        stage.handle(control::Input::Looked(Box::new(looked)));
        stage.handle(control::Input::Probed {
            node: cluster::NodeId::new("media_1"),
            boot: cluster::BootId::new("boot1"),
            version: 1,
            outcome: Ok(()),
        });
    }

    /// What somebody who joins now is given.
    fn handed(stage: &mut Stage, name: &str) -> Vec<String> {
        stage.connection("room", name);
        let client = stage.join("room", name);
        let servers = given(stage, client);
        urls(&servers).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn what_fails_is_not_handed_out_and_comes_back() {
        let mut stage = stage();
        look(&mut stage, |_| false);
        stage.create("room");
        let all = handed(&mut stage, "ann");
        assert_eq!(all.len(), 4);
        for _ in 0..2 {
            look(&mut stage, |path| {
                path.ends_with("by UDP") && path.contains("192.0.2.1")
            });
        }
        assert_eq!(handed(&mut stage, "bob"), all[1..]);
        for _ in 0..2 {
            look(&mut stage, |_| false);
        }
        assert_eq!(handed(&mut stage, "cid"), all);
    }

    /// Nobody who looks is where nothing but one port is open.
    #[test]
    fn relays_over_tls_are_always_handed_out() {
        let mut stage = stage();
        look(&mut stage, |_| false);
        stage.create("room");
        let all = handed(&mut stage, "ann");
        assert!(all.iter().any(|url| url.starts_with("turns:")));
        for _ in 0..2 {
            look(&mut stage, |path| path.ends_with("by TLS"));
        }
        assert_eq!(handed(&mut stage, "bob"), all);
    }

    #[test]
    fn never_all_of_them_and_never_all_of_the_public_ones() {
        let mut stage = stage();
        stage.detach(1);
        stage.attach_at(2, "media_1", 1, "10.0.0.1");
        stage.pass(1_000);
        works(&mut stage, 2);
        look(&mut stage, |_| false);
        stage.create("room");
        let all = handed(&mut stage, "ann");
        for _ in 0..2 {
            look(&mut stage, |path| path.contains("relay"));
        }
        assert_eq!(handed(&mut stage, "bob"), all, "all fail");
        for _ in 0..2 {
            look(&mut stage, |path| path.contains("master"));
        }
        // Whoever looks may be where the master's name does not lead back to.
        assert_eq!(handed(&mut stage, "cid"), all, "the rest is private");
        for _ in 0..2 {
            look(&mut stage, |path| {
                path.contains("master") && path.ends_with("by UDP")
            });
        }
        let left = handed(&mut stage, "dot");
        assert_eq!(left.len(), all.len() - 1);
        assert!(left.iter().any(|url| url.starts_with("turns:calls")));
    }

    #[test]
    fn whoever_looks_gets_credentials_of_his_own() {
        let stage = stage();
        let relays = relays(&stage);
        assert_eq!(relays.len(), 4);
        for (number, relay) in relays.iter().enumerate() {
            let label = format!(":label{number}");
            assert!(relay.username.ends_with(&label), "{}", relay.username);
            assert!(!format!("{relay:?}").contains(&relay.credential));
        }
    }
}
