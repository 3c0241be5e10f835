use std::time::Duration;

use conference::ForcedVideoCodec;

use super::*;

const EXAMPLE: &str = include_str!("../../../../muster.example.toml");

/// Sources whose data directory does not depend on who runs the test.
fn sources() -> Sources {
    Sources {
        flags: vec![flag("data_dir", "--data-dir", "/data")],
        ..Sources::default()
    }
}

fn flag(key: &'static str, spelling: &'static str, value: &str) -> Flag {
    Flag {
        key,
        spelling,
        value: value.to_owned(),
    }
}

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = directory.path().join("muster.toml");
    std::fs::write(&path, text).expect("written");
    (directory, path)
}

fn variable(name: &str, value: &str) -> (OsString, OsString) {
    (name.into(), value.into())
}

fn settings(sources: &Sources, role: Role) -> Settings {
    match load(sources, role) {
        Ok(loaded) => loaded.settings,
        Err(report) => panic!("{report}"),
    }
}

fn report(sources: &Sources, role: Role) -> Report {
    load(sources, role).expect_err("something is wrong")
}

/// Every setting of the example as if its `#` had been taken away.
fn uncommented() -> String {
    let is_setting = |line: &str| {
        line.strip_prefix('#')
            .and_then(|rest| rest.split_once(" = "))
            .is_some_and(|(name, _)| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
    };
    EXAMPLE
        .lines()
        .map(|line| if is_setting(line) { &line[1..] } else { line })
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_example_shows_every_setting_at_its_default() {
    let mut layers = Layers::default();
    let mut problems = Vec::new();
    toml_file::parse("example", &uncommented(), &mut layers, &mut problems);
    assert_eq!(problems, []);
    for key in &keys::KEYS {
        assert!(
            layers.has(key.name),
            "{} is missing in the example",
            key.name
        );
    }
    for role in [Role::Up, Role::Master] {
        let mut shown = settings::validate(&layers, role, &mut problems);
        let defaults = settings(&sources(), role);
        shown.data_dir.clone_from(&defaults.data_dir);
        assert_eq!(problems, []);
        assert_eq!(shown, defaults);
    }
}

#[test]
fn the_example_itself_sets_nothing() {
    let (_directory, path) = file(EXAMPLE);
    let with = Sources {
        file: Some(path),
        ..sources()
    };
    assert_eq!(settings(&with, Role::Up), settings(&sources(), Role::Up));
}

#[test]
fn flags_come_before_the_environment_before_the_file_before_openvidus() {
    let (directory, path) = file("public_host = 'file.example.com'");
    let env = directory.path().join(".env");
    std::fs::write(&env, "DOMAIN_OR_PUBLIC_IP=openvidu.example.com").expect("written");
    let mut sources = sources();
    let host = |sources: &Sources| settings(sources, Role::Up).public_host;
    assert_eq!(host(&sources), "localhost");
    sources.openvidu_env = Some(env);
    assert_eq!(host(&sources), "openvidu.example.com");
    sources.file = Some(path);
    assert_eq!(host(&sources), "file.example.com");
    sources.environment = vec![variable("MUSTER_PUBLIC_HOST", "variable.example.com")];
    assert_eq!(host(&sources), "variable.example.com");
    sources
        .flags
        .push(flag("public_host", "--public-host", "flag.example.com"));
    assert_eq!(host(&sources), "flag.example.com");
}

#[test]
fn every_source_speaks_of_the_same_values() {
    let (_directory, path) = file(
        "[node]\npublic_addresses = ['203.0.113.5', '2001:db8::5']\nshards = 2\n\
         [streams]\nforced_video_codec = 'VP8'\nallow_transcoding = true\n\
         [sessions]\ngarbage_interval = 0\n[webrtc]\nice_servers = ['stun:a:1', 'url=turn:b:2,username=u,credential=p']",
    );
    let from_file = Sources {
        file: Some(path),
        ..sources()
    };
    let from_environment = Sources {
        environment: vec![
            variable("MUSTER_NODE_PUBLIC_ADDRESSES", "203.0.113.5, 2001:db8::5"),
            variable("MUSTER_NODE_SHARDS", "2"),
            variable("MUSTER_STREAMS_FORCED_VIDEO_CODEC", "VP8"),
            variable("MUSTER_STREAMS_ALLOW_TRANSCODING", "true"),
            variable("MUSTER_SESSIONS_GARBAGE_INTERVAL", "0"),
            variable(
                "MUSTER_WEBRTC_ICE_SERVERS",
                "stun:a:1,url=turn:b:2,username=u,credential=p",
            ),
            variable("PATH", "/bin"),
        ],
        ..sources()
    };
    let settings_ = settings(&from_file, Role::Up);
    assert_eq!(settings_, settings(&from_environment, Role::Up));
    assert_eq!(settings_.public_host, "203.0.113.5");
    assert_eq!(settings_.forced_video_codec, ForcedVideoCodec::Vp8);
    assert_eq!(settings_.garbage_interval, Duration::ZERO);
    assert_eq!(settings_.ice_servers.len(), 2);
    assert_eq!(settings_.node.shards.map(usize::from), Some(2));
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let mut layers = Layers::default();
    let mut problems = Vec::new();
    let text = "secret = 'a b'\nnodes = 0\n[https]\nlisen = 'x'\nlisten = '4443'\n\
                [node]\npublic_addresses = ['1.2.3']\nid = { a = 1 }\n[webrtc]\nice_servers = ['turn:x']\n";
    toml_file::parse("muster.toml", text, &mut layers, &mut problems);
    layers.set(
        "node.media_ports",
        Value::Text("5-4".into()),
        Origin::Flag("--media-ports"),
    );
    let environment = [("MUSTER_HTTPS_LISTN".to_owned(), "1".to_owned())];
    take_variables(&environment, &mut layers, &mut problems);
    settings::validate(&layers, Role::Up, &mut problems);
    let shown = Report { problems }.to_string();
    assert_eq!(shown, include_str!("tests/report.txt"));
}

#[test]
fn broken_toml_is_told_with_its_line() {
    let (_directory, path) = file("log = 'info'\nnodes = = 2\n");
    let with = Sources {
        file: Some(path),
        ..sources()
    };
    let shown = report(&with, Role::Up).to_string();
    assert!(shown.contains("muster.toml line 2"), "{shown}");
}

#[test]
fn files_that_are_not_there_are_told() {
    let with = Sources {
        file: Some("/nowhere/muster.toml".into()),
        openvidu_env: Some("/nowhere/.env".into()),
        environment: vec![
            variable("MUSTER_TLS_CERT", "/nowhere/cert.pem"),
            variable("MUSTER_TLS_KEY", "/nowhere/key.pem"),
        ],
        ..sources()
    };
    assert_eq!(report(&with, Role::Up).problems.len(), 4);
}

#[test]
fn a_certificate_comes_with_its_key() {
    let with = Sources {
        environment: vec![variable("MUSTER_TLS_CERT", "/nowhere/cert.pem")],
        ..sources()
    };
    let shown = report(&with, Role::Master).to_string();
    assert!(
        shown.contains("the key that belongs to tls.cert"),
        "{shown}"
    );
}

#[test]
fn a_nodes_relay_has_name_certificate_and_key_or_none_of_them() {
    let some = |names: &[(&str, &str)]| Sources {
        environment: names
            .iter()
            .map(|(name, value)| variable(name, value))
            .collect(),
        ..sources()
    };
    let alone = some(&[("MUSTER_NODE_RELAY_HOST", "one.example.org")]);
    let shown = report(&alone, Role::Node).to_string();
    assert!(shown.contains("node.relay_cert"), "{shown}");
    assert!(shown.contains("node.relay_key"), "{shown}");
    let address = some(&[("MUSTER_NODE_RELAY_HOST", "192.0.2.1")]);
    assert!(
        report(&address, Role::Node)
            .to_string()
            .contains("a host name")
    );

    let port = some(&[("MUSTER_NODE_RELAY_PORT", "5349")]);
    let relay = settings(&port, Role::Node).node.relay;
    assert_eq!((relay.port, relay.tls), (Some(5349), None));
    assert_eq!(report(&port, Role::Up).problems.len(), 1);

    let (_one, cert) = file("-----BEGIN CERTIFICATE-----\n");
    let (_other, key) = file("-----BEGIN PRIVATE KEY-----\n");
    let whole = some(&[
        ("MUSTER_NODE_RELAY_HOST", "one.example.org"),
        ("MUSTER_NODE_RELAY_CERT", &cert.display().to_string()),
        ("MUSTER_NODE_RELAY_KEY", &key.display().to_string()),
    ]);
    let tls = settings(&whole, Role::Node).node.relay.tls;
    assert_eq!(
        tls.map(|(host, _)| host),
        Some("one.example.org".to_owned())
    );
}

/// A join token as `muster token` prints it.
fn token() -> String {
    let terms = link::trust::Terms {
        id: link::trust::TokenId([1; 16]),
        authority: link::trust::CaHash([2; 32]),
        issued: 1,
        expires: 2,
        uses: 1,
        node: None,
        masters: vec!["https://10.0.0.2:4442".into()],
    };
    let key = link::trust::TokenKey::new(&[3; 32]);
    key.seal(terms).expect("sound").text()
}

#[test]
fn a_node_takes_its_token_from_a_flag_or_a_file_but_not_from_both() {
    let mut by_flag = sources();
    by_flag.flags.push(flag("link.join", "--join", &token()));
    by_flag
        .flags
        .push(flag("link.master", "--master", "https://10.0.0.3"));
    let link = settings(&by_flag, Role::Node).link;
    assert_eq!(link.join.map(|join| join.text()), Some(token()));
    assert_eq!(link.masters, ["https://10.0.0.3:4442"]);

    let (_directory, path) = file(&(token() + "\n"));
    let path = path.display().to_string();
    let mut by_file = sources();
    by_file
        .flags
        .push(flag("link.join_file", "--join-file", &path));
    let link = settings(&by_file, Role::Node).link;
    assert_eq!(link.join.map(|join| join.text()), Some(token()));

    by_file.flags.push(flag("link.join", "--join", &token()));
    assert_eq!(report(&by_file, Role::Node).problems.len(), 1);
}

#[test]
fn a_damaged_token_is_named_and_not_shown() {
    let mut with = sources();
    let damaged = token().replace("muster1.", "muster1.!");
    with.flags.push(flag("link.join", "--join", &damaged));
    let shown = report(&with, Role::Node).to_string();
    assert!(shown.contains("damaged"), "{shown}");
    assert!(!shown.contains(&damaged), "{shown}");
}

#[test]
fn several_nodes_cannot_share_a_name() {
    let mut with = sources();
    with.flags.extend([
        flag("nodes", "--nodes", "2"),
        flag("node.id", "--node-id", "media_1"),
    ]);
    let shown = report(&with, Role::Up).to_string();
    assert!(shown.contains("node.id"), "{shown}");
}

#[test]
fn a_webhook_is_on_when_it_has_an_endpoint_and_is_not_turned_off() {
    let with = |text: &str| {
        let (_directory, path) = file(text);
        let file = Some(path);
        settings(&Sources { file, ..sources() }, Role::Master).webhook
    };
    assert_eq!(with(""), None);
    let endpoint = "webhook.endpoint = 'https://app.example.com/hook'";
    let webhook = with(endpoint).expect("on");
    assert_eq!(webhook.endpoint.whole(), "https://app.example.com/hook");
    assert_eq!(webhook.events.len(), 17, "all");
    assert_eq!(with(&format!("{endpoint}\nwebhook.enabled = false")), None);
    let some = format!(
        "{endpoint}\nwebhook.events = ['sessionCreated']\nwebhook.headers = ['Authorization: Basic x', 'X-A:b']"
    );
    let webhook = with(&some).expect("on");
    assert_eq!(webhook.events.len(), 1);
    assert_eq!(webhook.headers[0].1, "Basic x");
    assert_eq!(webhook.headers[1], ("X-A".to_owned(), "b".to_owned()));
}

#[test]
fn webhooks_and_scaling_that_cannot_be_are_reported() {
    let (_directory, path) = file(
        "webhook.enabled = true\nwebhook.headers = ['no colon']\nwebhook.events = ['sessionBegun']\n\
         cluster.load_strategy = 'luck'\nautoscaling.enabled = true\nautoscaling.min_nodes = 5\n\
         autoscaling.max_load = 101",
    );
    let file = Some(path);
    let report = report(&Sources { file, ..sources() }, Role::Master).to_string();
    for key in [
        "webhook.endpoint",
        "webhook.headers",
        "webhook.events",
        "cluster.load_strategy",
        "autoscaling.min_nodes",
        "autoscaling.max_load",
    ] {
        assert!(report.contains(key), "{key} in {report}");
    }
    assert!(!report.contains("no colon"), "headers may hold secrets");
}

#[test]
fn openvidus_parameters_of_the_cluster_are_taken_over() {
    let (_directory, path) = file(
        "OPENVIDU_WEBHOOK=true\nOPENVIDU_WEBHOOK_ENDPOINT=http://127.0.0.1:7777/webhook\n\
         OPENVIDU_WEBHOOK_HEADERS=[\"Authorization: Basic T1BF\"]\n\
         OPENVIDU_WEBHOOK_EVENTS=[sessionCreated,nodeCrashed]\nOPENVIDU_PRO_CLUSTER_ID=mine\n\
         OPENVIDU_PRO_CLUSTER_LOAD_STRATEGY=cpu\nOPENVIDU_PRO_CLUSTER_AUTOSCALING=true\n\
         OPENVIDU_PRO_CLUSTER_AUTOSCALING_MAX_NODES=7",
    );
    let openvidu_env = Some(path);
    let sources = Sources {
        openvidu_env,
        ..sources()
    };
    let settings = settings(&sources, Role::Master);
    let webhook = settings.webhook.expect("on");
    assert_eq!((webhook.events.len(), webhook.headers.len()), (2, 1));
    assert_eq!(settings.cluster_id.as_deref(), Some("mine"));
    assert_eq!(settings.load_strategy, cluster::Strategy::Cpu);
    let limits = settings.autoscaling.expect("on");
    assert_eq!((limits.nodes.minimum, limits.nodes.maximum), (1, 7));
}

#[test]
fn a_fleet_is_read_whole() {
    let text = "nodes = 3\n[cluster]\ncome_back = 0\n[provider]\nkind = 'command'\n\
                command = '/opt/fleet'\narguments = ['--region', 'x']\nlaunch_timeout = 7\n\
                settings = ['MUSTER_LOG=debug']\nwishes = ['instanceType=c6a.xlarge']\n[[schedule]]\nname = 'night'\n\
                weekdays = ['mon-fri']\ntime = '20:00'\nzone = 'Europe/Berlin'\nnodes = 0\nlead_minutes = 30\n\
                [[schedule]]\nname = 'morning'\ncron = '30 7 * * *'\nzone = 'UTC'\nminimum = 1\nmaximum = 4\n";
    let (_directory, path) = file(text);
    let sources = Sources {
        file: Some(path),
        ..sources()
    };
    let Settings {
        cluster, provider, ..
    } = settings(&sources, Role::Master);
    assert_eq!(cluster.nodes, 3);
    assert_eq!(cluster.come_back, None);
    let entries = cluster.schedule.entries();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0].lead, Duration::from_secs(1800));
    assert_eq!(entries[1].wanted.maximum, 4);
    let fleet::Kind::Command(executable) = &provider.kind else {
        panic!("{provider:?}");
    };
    assert_eq!(executable.program, PathBuf::from("/opt/fleet"));
    assert_eq!(executable.arguments.len(), 2);
    assert_eq!(executable.launch, Duration::from_secs(7));
    assert_eq!(provider.wishes[0].1, "c6a.xlarge");
    assert_eq!(provider.dial_in, Duration::from_secs(300));
}

#[test]
fn everything_that_is_wrong_with_a_fleet_is_said_with_what_is_expected() {
    let text = "[cluster]\nid = 'a b'\n[provider]\nkind = 'command'\nsettings = ['PATH=/x']\n[[schedule]]\nname = 'a'\ntime = '25:00'\n\
                zone = 'UTC'\nnodes = 1\n[[schedule]]\nname = 'b'\ncron = '* *'\ntime = '10:00'\nnodes = 1\nzoen = 'UTC'\n";
    let (_directory, path) = file(text);
    let given = Sources {
        file: Some(path),
        ..sources()
    };
    let report = report(&given, Role::Master).to_string();
    for expected in [
        "cluster.id = \"a b\"",
        "the absolute path of your executable",
        "provider.settings = (not shown)",
        "schedule a, time = \"25:00\"",
        "a time of day from 00:00 to 23:59",
        "schedule b, time",
        "either cron, or time with or without weekdays",
        "did you mean zone?",
        "line 6",
    ] {
        assert!(report.contains(expected), "{expected} in {report}");
    }
    let environment = Sources {
        environment: vec![variable(
            "MUSTER_SCHEDULE",
            r#"[{"name":"x","time":"10:00","zone":"UTC","nodes":2}]"#,
        )],
        ..sources()
    };
    let schedule = settings(&environment, Role::Master).cluster.schedule;
    assert_eq!(schedule.entries().len(), 1);
}
