//! Local processes: launched once, found again, ended.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use provider::process::Processes;
use provider::{ClusterId, Launch, LaunchKey, MachineId, Provider, ProviderError, Spec};
use tempfile::TempDir;

/// What tells the test below that it is to be the parent that crashes.
const CRASH_IN: &str = "CRASH_IN";

fn cluster() -> ClusterId {
    ClusterId::parse("c1").unwrap()
}

fn launch(key: &str) -> Launch {
    let settings = [("GREETING".into(), format!("hello {key}"))];
    Launch {
        cluster: cluster(),
        key: LaunchKey::parse(key).unwrap(),
        spec: Arc::new(Spec {
            settings: settings.into(),
            ..Spec::default()
        }),
    }
}

fn processes(directory: &Path, script: &str) -> Processes {
    Processes::new("/bin/sh", ["-c", script], directory)
        .unwrap()
        .with_grace(Duration::from_millis(500))
}

async fn keys(processes: &Processes) -> Vec<String> {
    let machines = processes.list(&cluster()).await.unwrap();
    machines
        .into_iter()
        .map(|machine| machine.key.to_string())
        .collect()
}

async fn terminate(processes: &Processes, id: &str) -> Result<(), ProviderError> {
    let id = MachineId::parse(id).unwrap();
    processes.terminate(&cluster(), &id).await
}

async fn until(what: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !what() {
        assert!(Instant::now() < end, "did not come about");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_launch_said_twice_is_one_process_that_has_its_settings() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("out");
    let script = format!("echo $GREETING >>{}; exec sleep 60", out.display());
    let processes = processes(&folder.path().join("book"), &script);
    let first = processes.launch(&launch("a")).await.unwrap();
    until(|| fs::read_to_string(&out).is_ok_and(|text| text.ends_with('\n'))).await;
    let second = processes.launch(&launch("a")).await.unwrap();
    assert_eq!(first, second);
    processes.launch(&launch("b")).await.unwrap();
    assert_eq!(keys(&processes).await, ["a", "b"]);

    terminate(&processes, "a").await.unwrap();
    assert_eq!(keys(&processes).await, ["b"]);
    terminate(&processes, "a").await.unwrap();
    terminate(&processes, "never-there").await.unwrap();
    terminate(&processes, "b").await.unwrap();
    let text = fs::read_to_string(&out).unwrap();
    assert_eq!(text.matches("hello a").count(), 1, "{text}");
}

#[tokio::test]
async fn a_process_that_ended_is_not_listed_and_other_clusters_are_not_seen() {
    let folder = TempDir::new().unwrap();
    let processes = processes(folder.path(), "exit 1");
    processes.launch(&launch("a")).await.unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while !keys(&processes).await.is_empty() {
        assert!(Instant::now() < end);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let other = ClusterId::parse("c2").unwrap();
    assert!(processes.list(&other).await.unwrap().is_empty());
}

#[tokio::test]
async fn one_that_does_not_listen_is_killed_with_all_that_it_started() {
    let folder = TempDir::new().unwrap();
    let ready = folder.path().join("ready");
    let script = format!(
        "trap '' TERM; sleep 60 & echo >{}; while :; do sleep 1; done",
        ready.display()
    );
    let processes = processes(&folder.path().join("book"), &script);
    processes.launch(&launch("a")).await.unwrap();
    until(|| ready.exists()).await;
    terminate(&processes, "a").await.unwrap();
    assert!(keys(&processes).await.is_empty());
}

#[tokio::test]
async fn a_lock_that_no_tagged_process_holds_is_said_to_be_still_there() {
    let folder = TempDir::new().unwrap();
    let processes = processes(folder.path(), "exit 1");
    fs::create_dir(folder.path().join("c1")).unwrap();
    let file = fs::File::create(folder.path().join("c1/a")).unwrap();
    file.try_lock().unwrap();
    let error = terminate(&processes, "a").await.unwrap_err();
    assert!(
        matches!(error, ProviderError::StillThere { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("no process of this user"));
}

#[tokio::test]
async fn lists_and_launches_at_once_do_not_disturb_each_other() {
    let folder = TempDir::new().unwrap();
    let processes = Arc::new(processes(folder.path(), "exec sleep 60"));
    let lister = Arc::clone(&processes);
    let listing = tokio::spawn(async move {
        for _ in 0..200 {
            lister.list(&cluster()).await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    for number in 0..10 {
        let key = format!("k{number}");
        processes.launch(&launch(&key)).await.unwrap();
        tokio::task::yield_now().await;
    }
    listing.await.unwrap();
    assert_eq!(keys(&processes).await.len(), 10);
    for key in keys(&processes).await {
        terminate(&processes, &key).await.unwrap();
    }
}

/// Is run by the test below in a process of its own; does nothing otherwise.
#[tokio::test]
async fn parent_that_crashes() {
    let Ok(directory) = std::env::var(CRASH_IN) else {
        return;
    };
    let processes = processes(directory.as_ref(), "exec sleep 60");
    processes.launch(&launch("a")).await.unwrap();
    processes.launch(&launch("b")).await.unwrap();
    std::process::abort();
}

#[tokio::test]
async fn what_a_crashed_parent_left_behind_is_found_and_ended() {
    let folder = TempDir::new().unwrap();
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "parent_that_crashes"])
        .env(CRASH_IN, folder.path())
        .status()
        .unwrap();
    assert!(!status.success());
    let processes = processes(folder.path(), "exec sleep 60");
    assert_eq!(keys(&processes).await, ["a", "b"]);
    // Said again after the crash, it is the one that is there.
    processes.launch(&launch("a")).await.unwrap();
    terminate(&processes, "a").await.unwrap();
    terminate(&processes, "b").await.unwrap();
    assert!(keys(&processes).await.is_empty());
}

#[tokio::test]
async fn one_that_ends_by_itself_is_told_with_its_reason_and_none_is_launched_after_the_close() {
    let folder = TempDir::new().unwrap();
    let processes = processes(folder.path(), "exit 2").with_verdict(|status| {
        let code = status.code();
        (format!("it exited with {code:?}"), code == Some(2))
    });
    processes.launch(&launch("a")).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(20), processes.ended());
    let ended = ended.await.unwrap();
    assert_eq!(ended.key.as_str(), "a");
    assert_eq!(ended.machine.as_str(), "a");
    assert_eq!(ended.reason, "it exited with Some(2)");
    assert!(ended.is_final);

    processes.close();
    let error = processes.launch(&launch("b")).await.unwrap_err();
    assert!(error.is_final(), "{error}");
    assert!(keys(&processes).await.is_empty());
}
