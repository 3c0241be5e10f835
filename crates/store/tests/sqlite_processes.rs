//! The embedded engine in a process that is killed, stopped, or has no room on its disk.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod children;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use children::{Process, place, say};
use rustix::process::Signal;
use store::sqlite::{Options, SqliteStore};
use store::{Guard, Key, Op, Outcome, Prefix, Store, StoreError};
use tokio_stream::StreamExt as _;

fn open(directory: &Path) -> SqliteStore {
    SqliteStore::open(&directory.join("store.db"), &Options::default()).unwrap()
}

fn key(name: &str) -> Key {
    Key::new(name).unwrap()
}

fn put(name: &str, bytes: usize) -> Op {
    Op::Put {
        key: key(name),
        value: vec![b'x'; bytes].into(),
        lease: None,
    }
}

/// Kills a process in the middle of its commits, again and again. What was acknowledged or watched is there.
#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged: BTreeMap<String, u64> = BTreeMap::new();
    let mut watched = 0;
    for round in 0..8 {
        let mut child = Process::start("child_commits", directory.path());
        for _ in 0..(40 + round * 53) {
            take(
                &child.hear().expect("it goes on for ever"),
                &mut acknowledged,
                &mut watched,
            );
        }
        child.kill();
        while let Some(line) = child.hear() {
            take(&line, &mut acknowledged, &mut watched);
        }
        let store = open(directory.path());
        let snapshot = store.list(&Prefix::new("k/")).await.unwrap();
        let held: BTreeMap<_, _> = snapshot
            .entries
            .iter()
            .map(|e| (e.key.as_str(), e.created))
            .collect();
        for (name, rev) in &acknowledged {
            assert_eq!(
                held.get(name.as_str()),
                Some(rev),
                "round {round}: {name} was acknowledged"
            );
        }
        assert!(
            snapshot.at >= watched,
            "round {round}: {watched} was watched, the store is at {}",
            snapshot.at
        );
        assert_eq!(
            held.len() as u64,
            snapshot.at,
            "round {round}: half a commit"
        );
    }
    assert!(
        acknowledged.len() > 500 && watched > 500,
        "{} and {watched}",
        acknowledged.len()
    );
}

fn take(line: &str, acknowledged: &mut BTreeMap<String, u64>, watched: &mut u64) {
    let words: Vec<_> = line.split(' ').collect();
    match words[..] {
        ["done", name, rev] => drop(acknowledged.insert(name.into(), rev.parse().unwrap())),
        ["seen", rev] => *watched = (*watched).max(rev.parse().unwrap()),
        // The line in which it was killed.
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a child of what_was_acknowledged_survives_kill_9"]
async fn child_commits() {
    let Some(directory) = place() else { return };
    let store = Arc::new(open(&directory));
    let begin = store.list(&Prefix::new("k/")).await.unwrap().at;
    let mut tasks = Vec::new();
    for task in 0..6 {
        let store = Arc::clone(&store);
        tasks.push(tokio::spawn(async move {
            for i in 0_u64.. {
                let name = format!("k/{begin}-{task}-{i}");
                let guards = vec![Guard::Absent(key(&name))];
                let outcome = store.commit(guards, vec![put(&name, 300)]).await.unwrap();
                let Outcome::Applied(rev) = outcome else {
                    panic!("{name} is new")
                };
                say(&format!("done {name} {rev}"));
            }
        }));
    }
    let mut watch = store.watch(&Prefix::new("k/"), begin);
    while let Some(batch) = watch.next().await {
        say(&format!("seen {}", batch.unwrap().at));
    }
}

/// A store that stood still for four times to live ends nobody's lease when it goes on.
#[test]
fn a_stopped_process_expels_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = Process::start("child_renews", directory.path());
    for _ in 0..5 {
        assert_eq!(child.hear().as_deref(), Some("renewed"));
    }
    child.signal(Signal::STOP);
    std::thread::sleep(Duration::from_millis(2_400));
    child.signal(Signal::CONT);
    for _ in 0..20 {
        assert_eq!(child.hear().as_deref(), Some("renewed"));
    }
}

#[tokio::test]
#[ignore = "a child of a_stopped_process_expels_nobody"]
async fn child_renews() {
    let Some(directory) = place() else { return };
    let store = open(&directory);
    let lease = store.grant(Duration::from_millis(600)).await.unwrap();
    let held = Op::Put {
        key: key("node"),
        value: b"x"[..].into(),
        lease: Some(lease),
    };
    store.commit(vec![], vec![held]).await.unwrap();
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        match store.renew(lease).await {
            Ok(()) => say("renewed"),
            Err(error) => return say(&error.to_string()),
        }
    }
}

/// A disk that fills up, stays full for a while, and gets room again.
#[test]
fn a_full_disk_is_said_and_survived() {
    let directory = tempfile::tempdir().unwrap();
    let mount = "mount -t tmpfs -o size=2m none \"$0\" && exec \"$@\"";
    let possible = Command::new("unshare")
        .args(["-m", "sh", "-c", mount])
        .arg(directory.path())
        .arg("true")
        .output();
    if !possible.is_ok_and(|output| output.status.success()) {
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: a full disk; this user cannot mount one (run as root)"
        );
        return;
    }
    let mut command = Command::new("unshare");
    command
        .args(["-m", "sh", "-c", mount])
        .arg(directory.path());
    command.arg(std::env::current_exe().unwrap());
    let mut child = Process::start_by(command, "child_fills_the_disk", directory.path());
    assert_eq!(child.hear().as_deref(), Some("full"));
    assert_eq!(child.hear().as_deref(), Some("still alive"));
    assert_eq!(child.hear().as_deref(), Some("recovered"));
}

#[tokio::test]
#[ignore = "a child of a_full_disk_is_said_and_survived"]
async fn child_fills_the_disk() {
    let Some(directory) = place() else { return };
    let ballast = directory.join("ballast");
    std::fs::write(&ballast, vec![0; 600_000]).unwrap();
    let store = open(&directory);
    let lease = store.grant(Duration::from_millis(300)).await.unwrap();
    let mut watch = store.watch(&Prefix::new("k/"), 0);
    let (filled, error) = fill(&store).await;
    let StoreError::Unavailable(text) = &error else {
        panic!("{error}")
    };
    assert!(text.contains("free space on the disk"), "{text}");
    say("full");

    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(60)).await;
        let refused = store.commit(vec![], vec![put("k/more", 200_000)]).await;
        assert!(
            matches!(refused, Err(StoreError::Unavailable(_))),
            "{refused:?}"
        );
        store.renew(lease).await.unwrap();
        assert_eq!(
            store.list(&Prefix::new("k/")).await.unwrap().entries.len(),
            filled
        );
    }
    say("still alive");

    std::fs::remove_file(&ballast).unwrap();
    let applied = store
        .commit(vec![], vec![put("k/more", 200_000)])
        .await
        .unwrap();
    assert!(matches!(applied, Outcome::Applied(_)));
    for _ in 0..=filled {
        watch.next().await.unwrap().unwrap();
    }
    drop(store);
    let entries = open(&directory)
        .list(&Prefix::new("k/"))
        .await
        .unwrap()
        .entries;
    assert_eq!(entries.len(), filled + 1);
    say("recovered");
}

/// A disk that fails in the middle of a commit: nobody can say what became of it until the file is read again.
#[test]
fn a_failing_disk_is_unknown_and_survived() {
    let directory = tempfile::tempdir().unwrap();
    // Beyond its limit on the size of files a process gets an error that is not "disk full".
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -S -f 2000; exec \"$@\"", "sh"]);
    command.arg(std::env::current_exe().unwrap());
    let mut child = Process::start_by(command, "child_meets_a_failing_disk", directory.path());
    assert_eq!(child.hear().as_deref(), Some("unknown"));
    assert_eq!(child.hear().as_deref(), Some("recovered"));
}

#[tokio::test]
#[ignore = "a child of a_failing_disk_is_unknown_and_survived"]
async fn child_meets_a_failing_disk() {
    let Some(directory) = place() else { return };
    let store = open(&directory);
    let mut watch = store.watch(&Prefix::new("k/"), 0);
    let (filled, error) = fill(&store).await;
    assert!(matches!(error, StoreError::Unknown(_)), "{error}");
    let held = store.list(&Prefix::new("k/")).await.unwrap().entries;
    assert!(
        (filled..=filled + 1).contains(&held.len()),
        "{} of {filled}",
        held.len()
    );
    say("unknown");

    let mut limit = rustix::process::getrlimit(rustix::process::Resource::Fsize);
    limit.current = limit.maximum;
    rustix::process::setrlimit(rustix::process::Resource::Fsize, limit).unwrap();
    store
        .commit(vec![], vec![put("k/more", 20_000)])
        .await
        .unwrap();
    for _ in 0..=held.len() {
        watch.next().await.unwrap().unwrap();
    }
    let before = store.list(&Prefix::new("")).await.unwrap();
    assert_eq!(before.entries.len(), held.len() + 1);
    drop(store);
    assert_eq!(
        open(&directory).list(&Prefix::new("")).await.unwrap(),
        before
    );
    say("recovered");
}

/// How many were written, and what the first that was not ended with.
async fn fill(store: &SqliteStore) -> (usize, StoreError) {
    for i in 0..1_000 {
        if let Err(error) = store
            .commit(vec![], vec![put(&format!("k/{i:04}"), 20_000)])
            .await
        {
            return (i, error);
        }
    }
    panic!("20 MB fit where there is no room for them");
}
