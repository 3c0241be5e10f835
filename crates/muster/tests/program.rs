//! The program as a person starts it: its block, its face, its end, and what outlives it.

mod running;

use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use running::*;
use rustix::process::{Signal, kill_process};

#[test]
fn up_serves_its_face_and_stops_everything_it_started() {
    let data = tempfile::tempdir().expect("temporary directory");
    let _orphans = NoOrphans(data.path().to_owned());
    let up = Up::start(data.path(), free_port());
    let secret = std::fs::read_to_string(data.path().join("secret")).expect("kept");
    let secret = secret.trim();
    for expected in ["Call page", "REST API", secret, "Data"] {
        assert!(up.block.contains(expected), "{expected} in {}", up.block);
    }
    eventually("a node serves", || {
        let (status, body) = get(data.path(), &up.url, "/openvidu/api/health", secret);
        (status == 200 && body.contains("\"UP\"")).then_some(())
    });
    let (status, _) = get(data.path(), &up.url, "/openvidu/api/sessions", "wrong");
    assert_eq!(status, 401);
    let (status, page) = get(data.path(), &up.url, "/", secret);
    assert_eq!(status, 200);
    assert!(page.contains("<!doctype html>"), "{page}");

    let node = eventually("the node has its lock", || node_pid(data.path()));
    assert!(is_alive(node));
    let (status, took) = up.stop();
    assert_eq!(status.code(), Some(0), "{}", log_of(data.path()));
    assert!(took < Duration::from_secs(3), "stopping took {took:?}");
    assert!(!is_alive(node), "the node is stopped with the rest");
}

#[test]
fn a_node_outlives_a_killed_master_and_comes_back_to_the_next() {
    let data = tempfile::tempdir().expect("temporary directory");
    let _orphans = NoOrphans(data.path().to_owned());
    let link = free_port();
    let mut first = Up::start(data.path(), link);
    let attached = |times: usize| {
        eventually("the node attaches", || {
            let log = log_of(data.path());
            (log.matches("attached to the master").count() >= times).then_some(())
        });
    };
    attached(1);
    let node = node_pid(data.path()).expect("running");
    first.child.kill().expect("running");
    first.child.wait().expect("killed");
    std::thread::sleep(Duration::from_millis(500));
    assert!(is_alive(node), "the node outlives its master");

    let second = Up::start(data.path(), link);
    attached(2);
    assert_eq!(
        node_pid(data.path()),
        Some(node),
        "no second process was started"
    );
    let (status, took) = second.stop();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(3), "stopping took {took:?}");
    eventually("the adopted node is stopped with the rest", || {
        (!is_alive(node)).then_some(())
    });
}

#[test]
fn a_node_without_master_and_clients_ends_by_itself() {
    let data = tempfile::tempdir().expect("temporary directory");
    let _orphans = NoOrphans(data.path().to_owned());
    let soon = [("MUSTER_NODE_EXIT_WHEN_ORPHANED", "2")];
    let mut up = Up::start_with(data.path(), free_port(), &soon);
    let node = eventually("the node runs", || node_pid(data.path()));
    std::thread::sleep(Duration::from_secs(4));
    assert!(
        is_alive(node),
        "a node with a master stays: {}",
        log_of(data.path())
    );
    up.child.kill().expect("running");
    up.child.wait().expect("killed");
    // Nobody waits for it any more but the system's first process, which may take its time: the log says it.
    eventually("the node ends", || {
        log_of(data.path())
            .contains("nobody to serve; ending")
            .then_some(())
    });
}

#[test]
fn a_killed_node_is_replaced_at_once() {
    let data = tempfile::tempdir().expect("temporary directory");
    let _orphans = NoOrphans(data.path().to_owned());
    let up = Up::start(data.path(), free_port());
    eventually("the node is attached", || {
        log_of(data.path())
            .contains("attached to the master")
            .then_some(())
    });
    let before = nodes(data.path());
    let (name, pid) = before.iter().next().expect("attached");
    kill_process(*pid, Signal::KILL).expect("running");
    let killed = Instant::now();
    eventually("another node is attached", || {
        let log = log_of(data.path());
        (log.matches("attached to the master").count() >= 2).then_some(())
    });
    let took = killed.elapsed();
    assert!(took < Duration::from_secs(5), "replacing took {took:?}");
    let after = nodes(data.path());
    assert_eq!(after.len(), 1, "{after:?}");
    assert!(!after.contains_key(name), "no name is used twice");
    assert!(
        log_of(data.path()).contains("signal: 9"),
        "the reason is logged"
    );
    assert_eq!(up.stop().0.code(), Some(0));
}

#[test]
fn a_data_directory_has_one_master() {
    let data = tempfile::tempdir().expect("temporary directory");
    let _orphans = NoOrphans(data.path().to_owned());
    let up = Up::start(data.path(), free_port());
    let second = muster(&[
        "master",
        "--listen",
        "127.0.0.1:0",
        "--link-listen",
        "127.0.0.1:0",
    ])
    .arg("--data-dir")
    .arg(data.path())
    .output()
    .expect("ran");
    assert_eq!(second.status.code(), Some(5));
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(
        said.contains("another muster runs with this data directory"),
        "{said}"
    );
    assert_eq!(up.stop().0.code(), Some(0));
}

#[test]
fn as_many_files_may_be_open_as_the_system_allows() {
    let data = tempfile::tempdir().expect("temporary directory");
    let master = "ulimit -Sn 256; exec \"$0\" master --listen 127.0.0.1:0 --link-listen 127.0.0.1:0 --data-dir \"$1\"";
    let mut child = Command::new("sh")
        .args(["-c", master, env!("CARGO_BIN_EXE_muster")])
        .arg(data.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    let limits = format!("/proc/{}/limits", child.id());
    eventually("the limit is raised", || {
        let limits = std::fs::read_to_string(&limits).ok()?;
        let open = limits.lines().find(|l| l.starts_with("Max open files"))?;
        let mut words = open["Max open files".len()..].split_whitespace();
        (words.next()? == words.next()?).then_some(())
    });
    child.kill().expect("running");
    child.wait().expect("killed");
}

#[test]
fn a_taken_port_is_named() {
    let data = tempfile::tempdir().expect("temporary directory");
    let taken = TcpListener::bind("127.0.0.1:0").expect("bind");
    let addr = taken.local_addr().expect("bound").to_string();
    let output = muster(&["master", "--listen", &addr, "--link-listen", "127.0.0.1:0"])
        .arg("--data-dir")
        .arg(data.path())
        .output()
        .expect("ran");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&addr), "{said}");
    assert!(output.stdout.is_empty(), "nothing says that it is up");
}

#[test]
fn wrong_settings_start_nothing() {
    let data = tempfile::tempdir().expect("temporary directory");
    let untouched = data.path().join("untouched");
    let output = muster(&["up", "--listen", "4443", "--nodes", "none"])
        .arg("--data-dir")
        .arg(&untouched)
        .env("MUSTER_SECRETT", "x")
        .output()
        .expect("ran");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    for expected in [
        "3 settings are wrong",
        "https.listen",
        "nodes",
        "did you mean MUSTER_SECRET?",
    ] {
        assert!(said.contains(expected), "{expected} in {said}");
    }
    assert!(!untouched.exists());
}

#[test]
fn an_unknown_flag_is_a_wrong_setting_too() {
    let output = muster(&["up", "--lisen", "x"]).output().expect("ran");
    assert_eq!(output.status.code(), Some(2));
    let output = muster(&["--version"]).output().expect("ran");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        format!("muster {}", env!("CARGO_PKG_VERSION"))
    );
}
