//! The commands that ask a running master, as an operator types them, and a restart from afar.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const SOON: Duration = Duration::from_secs(20);

const MUSTER: &str = env!("CARGO_BIN_EXE_muster");

fn muster(program: &Path, arguments: &[&str], data: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .args(arguments)
        .arg("--data-dir")
        .arg(data);
    command.stdin(Stdio::null());
    command
}

/// A running `muster master`, alone in its data directory; killed at the end.
struct Master {
    child: Child,
    data: tempfile::TempDir,
}

impl Drop for Master {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Master {
    fn start() -> Self {
        Self::of(Path::new(MUSTER))
    }

    fn of(program: &Path) -> Self {
        let data = tempfile::tempdir().expect("a directory");
        let ports = [free_port(), free_port()].map(|port| format!("127.0.0.1:{port}"));
        let arguments = ["master", "--listen", &ports[0], "--link-listen", &ports[1]];
        let log = std::fs::File::create(data.path().join("log.txt")).expect("a log");
        let mut child = muster(program, &arguments, data.path())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("started");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let started = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("Logs")));
        assert!(started.is_some(), "the block is printed");
        // What a restarted program prints is read too, or it would wait for somebody to do so.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, data }
    }

    fn ask(&self, arguments: &[&str]) -> Output {
        muster(Path::new(MUSTER), arguments, self.data.path())
            .output()
            .expect("run")
    }

    /// Exit code, standard output, standard error.
    fn told(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = self.ask(arguments);
        let text = |bytes| String::from_utf8(bytes).expect("text");
        let code = output.status.code().expect("a code");
        (code, text(output.stdout), text(output.stderr))
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let (_, out, err) = self.told(arguments);
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out} {err}"))
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bind");
    listener.local_addr().expect("bound").port()
}

#[test]
fn an_operator_needs_no_flags_on_the_masters_machine() {
    let master = Master::start();
    let (code, out, _) = master.told(&["status"]);
    assert_eq!(code, 7, "no node serves: {out}");
    assert!(
        out.starts_with("DOWN: no session can be served.\n"),
        "{out}"
    );
    assert_eq!(master.json(&["status", "--json"])["health"], "down");
    let (code, out, _) = master.told(&["nodes"]);
    assert_eq!(code, 0);
    assert!(out.contains("There are no nodes"), "{out}");
    let (code, _, err) = master.told(&["nodes", "why", "media_1"]);
    assert_eq!(
        (code, err.as_str()),
        (1, "muster: media node media_1 is not known\n")
    );
    let (code, out, _) = master.told(&["nodes", "want", "0"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("Wanted: 0 nodes, by an operator"), "{out}");
    assert_eq!(master.told(&["status"]).0, 0, "as many as are wanted");
    let (_, out, _) = master.told(&["nodes", "want", "auto"]);
    assert_eq!(out, "Wanted: any number of nodes.\n");
    assert_eq!(master.told(&["nodes", "want", "many"]).0, 2);
    let (code, _, err) = master.told(&["nodes", "drain", "media_1", "--within", "soon"]);
    assert_eq!(code, 2, "{err}");
}

#[test]
fn a_schedule_is_set_from_a_file() {
    let master = Master::start();
    let file = master.data.path().join("schedule.toml");
    let entry = "[[entries]]\nname = 'always'\ncron = '* * * * *'\nzone = 'UTC'\nminimum = 0\nmaximum = 9\n";
    std::fs::write(&file, entry).expect("written");
    let file = file.to_str().expect("UTF-8");
    let (code, out, err) = master.told(&["schedule", "set", file]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("In force: always, 0 to 9 nodes"), "{out}");
    assert_eq!(
        master.json(&["schedule", "--json"])["entries"][0]["name"],
        "always"
    );
    std::fs::write(file, entry.replace("UTC", "Mars")).expect("written");
    let (code, _, err) = master.told(&["schedule", "set", file]);
    assert_eq!(code, 2);
    assert!(err.contains("zone") && err.contains("Mars"), "{err}");
    assert_eq!(master.told(&["schedule", "clear"]).0, 0);
    assert_eq!(
        master.json(&["schedule", "--json"])["entries"],
        serde_json::json!([])
    );
}

#[test]
fn who_cannot_be_reached_or_trusted_is_named() {
    let master = Master::start();
    let (code, _, err) = master.told(&["status", "--url", "https://127.0.0.1:1"]);
    assert_eq!(code, 6);
    assert!(
        err.contains("https://127.0.0.1:1 cannot be reached"),
        "{err}"
    );
    let address =
        std::fs::read_to_string(master.data.path().join("https-address")).expect("an address");
    let (code, _, err) = master.told(&["status", "--url", address.trim()]);
    assert_eq!(code, 6, "nobody has signed its certificate: {err}");
    assert!(err.contains("no secure connection"), "{err}");
    let certificate = master.data.path().join("https.crt");
    let certificate = certificate.to_str().expect("UTF-8");
    let pinned = [
        "status",
        "--url",
        address.trim(),
        "--certificate",
        certificate,
    ];
    assert_eq!(master.told(&pinned).0, 7);
    assert_eq!(master.told(&["status", "--secret", "wrong"]).0, 1);
    let stranger = tempfile::tempdir().expect("a directory");
    let nobody = muster(Path::new(MUSTER), &["nodes"], stranger.path())
        .output()
        .expect("run");
    assert_eq!(nobody.status.code(), Some(2));
    assert_eq!(
        std::fs::read_dir(stranger.path())
            .expect("a directory")
            .count(),
        0,
        "nothing is made"
    );
}

/// A request with the master's own secret, by the small client.
fn post(master: &Master, path: &str, body: &str) -> (u16, String) {
    let read = |name: &str| std::fs::read_to_string(master.data.path().join(name)).expect(name);
    let target: client::Target = read("https-address").trim().parse().expect("a URL");
    let client = client::Client::new(client::Trust::Exactly(read("https.crt"))).expect("a client");
    let pair = format!("OPENVIDUAPP:{}", read("secret").trim());
    let pair = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, pair);
    let authorization = format!("Basic {pair}").parse().expect("a header");
    let method = if body.is_empty() {
        hyper::Method::GET
    } else {
        hyper::Method::POST
    };
    let ask = client::Ask {
        method,
        target: &target.at(path),
        headers: &[(hyper::header::AUTHORIZATION, authorization)],
        body: body.as_bytes().to_vec(),
        within: SOON,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime.expect("a runtime").block_on(client.ask(ask)) {
        Ok(answer) => (answer.status, String::from_utf8(answer.body).expect("text")),
        Err(failure) => (0, failure.to_string()),
    }
}

fn config(master: &Master) -> Option<Value> {
    let (status, body) = post(master, "/openvidu/api/config", "");
    (status == 200).then(|| serde_json::from_str(&body).expect("JSON"))
}

#[test]
fn a_restart_from_afar_changes_what_it_may_and_keeps_the_sessions() {
    let programs = tempfile::tempdir().expect("a directory");
    let [program, newer] = ["muster", "newer"].map(|name| programs.path().join(name));
    for copy in [&program, &newer] {
        std::fs::copy(MUSTER, copy).expect("copied");
    }
    let master = Master::of(&program);
    // As a package does that brings a new version.
    std::fs::rename(&newer, &program).expect("replaced");
    let made = post(
        &master,
        "/openvidu/api/sessions",
        r#"{"customSessionId":"kept"}"#,
    );
    assert_eq!(made.0, 200, "{made:?}");
    for wrong in [
        r#"{"HTTPS_PORT":1}"#,
        r#"{"OPENVIDU_CDR":true}"#,
        r#"{"OPENVIDU_SESSIONS_GARBAGE_INTERVALL":1}"#,
        r#"{"OPENVIDU_SESSIONS_GARBAGE_INTERVAL":"often"}"#,
    ] {
        let answer = post(&master, "/openvidu/api/restart", wrong);
        assert_eq!(answer.0, 400, "{wrong}: {answer:?}");
    }
    let change =
        r#"{"OPENVIDU_SESSIONS_GARBAGE_INTERVAL":77,"OPENVIDU_WEBHOOK_EVENTS":["sessionCreated"]}"#;
    let answer = post(&master, "/openvidu/api/restart", change);
    assert_eq!(answer.0, 200, "{answer:?}");
    let until = Instant::now() + SOON;
    while config(&master).is_none_or(|it| it["OPENVIDU_SESSIONS_GARBAGE_INTERVAL"] != 77) {
        assert!(Instant::now() < until, "the change holds within {SOON:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    let kept = post(&master, "/openvidu/api/sessions/kept", "");
    assert_eq!(kept.0, 200, "{kept:?}");
}
