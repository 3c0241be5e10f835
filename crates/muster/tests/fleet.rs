//! Nodes that a master launches, as real processes.

mod running;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use running::*;
use rustix::process::{Pid, Signal, kill_process};

/// Many processes of a debug build start at once on a machine that has other things to do.
const LONG: Duration = Duration::from_secs(120);

/// The nodes that the log says were let in, each as often as it was.
fn admitted(log: &str) -> Vec<String> {
    let lines = log.lines().filter(|line| line.contains("node attached"));
    let name = |line: &str| {
        let (_, after) = line.split_once("node=")?;
        Some(
            after
                .split_whitespace()
                .next()?
                .trim_matches('"')
                .to_owned(),
        )
    };
    lines.filter_map(name).collect()
}

#[test]
fn twenty_nodes_launched_at_once_are_all_let_in_once() {
    let data = tempfile::tempdir().expect("temporary directory");
    let _orphans = NoOrphans(data.path().to_owned());
    let up = Up::start_with(data.path(), free_port(), &[("MUSTER_NODES", "20")]);
    eventually_within(LONG, "20 nodes serve", || {
        (up.running(data.path()) == 20).then_some(())
    });
    let log = log_of(data.path());
    let names = admitted(&log);
    assert_eq!(names.len(), 20, "{names:?}");
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 20, "{names:?}");
    assert_eq!(nodes(data.path()).len(), 20);
    let (status, took) = up.stop();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(8), "stopping took {took:?}");
    assert!(nodes(data.path()).is_empty(), "all are ended");
}

#[test]
fn after_the_death_of_the_master_nodes_that_live_are_taken_over_and_others_replaced() {
    let data = tempfile::tempdir().expect("temporary directory");
    let _orphans = NoOrphans(data.path().to_owned());
    let link = free_port();
    let three = [("MUSTER_NODES", "3")];
    let mut up = Up::start_with(data.path(), link, &three);
    eventually_within(LONG, "3 nodes serve", || {
        (up.running(data.path()) == 3).then_some(())
    });
    up.child.kill().expect("running");
    up.child.wait().expect("killed");
    let mut before = nodes(data.path());
    assert_eq!(before.len(), 3);
    let (dead, pid) = before.pop_first().expect("three");
    kill_process(pid, Signal::KILL).expect("running");

    let up = Up::start_with(data.path(), link, &three);
    eventually_within(LONG, "3 nodes serve again", || {
        let now = nodes(data.path());
        let same = before.iter().all(|(name, pid)| now.get(name) == Some(pid));
        (now.len() == 3 && same && up.running(data.path()) == 3).then_some(())
    });
    let left = data.path().join("nodes").join(dead);
    assert!(!left.exists(), "what the dead one left behind is removed");
    assert_eq!(up.stop().0.code(), Some(0));
    assert!(nodes(data.path()).is_empty(), "all are ended");
}

#[test]
fn a_night_that_nothing_survived_is_followed_by_a_morning() {
    let data = tempfile::tempdir().expect("temporary directory");
    let _orphans = NoOrphans(data.path().to_owned());
    let link = free_port();
    let two = [("MUSTER_NODES", "2")];
    let mut old = BTreeSet::new();
    for _ in 0..2 {
        let mut up = Up::start_with(data.path(), link, &two);
        let begun = std::time::Instant::now();
        let present = eventually_within(LONG, "2 nodes serve", || {
            let present = nodes(data.path());
            (present.len() == 2 && up.running(data.path()) == 2).then_some(present)
        });
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(10), "the morning took {took:?}");
        assert!(present.keys().all(|name| !old.contains(name)), "{old:?}");
        up.child.kill().expect("running");
        up.child.wait().expect("killed");
        for (name, pid) in present {
            kill_process(pid, Signal::KILL).expect("running");
            old.insert(name);
        }
    }
    let directories = fs::read_dir(data.path().join("nodes")).expect("there");
    assert!(directories.count() <= 4, "what is left is bounded");
}

#[test]
fn nodes_that_were_ended_with_the_master_are_not_taken_for_dead_by_the_next() {
    let data = tempfile::tempdir().expect("temporary directory");
    let _orphans = NoOrphans(data.path().to_owned());
    let link = free_port();
    for _ in 0..2 {
        let up = Up::start(data.path(), link);
        eventually_within(LONG, "a node serves", || {
            let here = !nodes(data.path()).is_empty();
            (here && up.running(data.path()) == 1).then_some(())
        });
        assert_eq!(up.stop().0.code(), Some(0));
    }
    let log = log_of(data.path());
    assert!(!log.contains("Crashed"), "{log}");
}

#[test]
fn a_node_whose_settings_are_wrong_is_launched_once() {
    let data = tempfile::tempdir().expect("temporary directory");
    let _orphans = NoOrphans(data.path().to_owned());
    let wrong = [("MUSTER_PROVIDER_SETTINGS", "MUSTER_NODE_SHARDS=999")];
    let up = Up::start_with(data.path(), free_port(), &wrong);
    let log = eventually("the cluster has asked again", || {
        let log = log_of(data.path());
        (log.matches("is Failed").count() >= 3).then_some(log)
    });
    assert_eq!(
        log.matches("a whole number from 0 to 256").count(),
        1,
        "{log}"
    );
    assert!(log.contains("nothing is launched any more"), "{log}");
    assert_eq!(up.stop().0.code(), Some(0));
}

/// The machines of the example of a command, ended when a test is over.
struct Machines(PathBuf);

impl Machines {
    /// Every process that was launched and runs, and the key of its launch.
    fn all(&self) -> Vec<(String, Pid)> {
        let clusters = fs::read_dir(&self.0).into_iter().flatten().flatten();
        let files = clusters.flat_map(|cluster| fs::read_dir(cluster.path()).into_iter().flatten());
        let process = |file: fs::DirEntry| {
            let name = file.file_name().into_string().ok()?;
            let key = name.strip_suffix(".process")?.to_owned();
            let text = fs::read_to_string(file.path()).ok()?;
            let pid = Pid::from_raw(text.split_whitespace().next()?.parse().ok()?)?;
            is_alive(pid).then_some((key, pid))
        };
        files.flatten().filter_map(process).collect()
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        for (_, pid) in self.all() {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

fn script(path: &Path, text: &str) -> String {
    fs::write(path, format!("#!/bin/sh\n{text}")).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("made executable");
    path.to_str().expect("UTF-8").to_owned()
}

fn example(name: &str) -> String {
    format!(
        "{}/../../deploy/examples/{name}",
        env!("CARGO_MANIFEST_DIR")
    )
}

/// A `muster master` whose nodes come of this command.
fn master(data: &Path, link: u16, command: &str, node: &str) -> Up {
    let fleet = data.join("fleet");
    let path = std::env::var("PATH").expect("set");
    let environment = [
        ("PATH", path.as_str()),
        ("FLEET_DIR", fleet.to_str().expect("UTF-8")),
        ("FLEET_MUSTER", env!("CARGO_BIN_EXE_muster")),
        ("FLEET_NODE", node),
        ("MUSTER_PROVIDER_KIND", "command"),
        ("MUSTER_PROVIDER_COMMAND", command),
        ("MUSTER_PROVIDER_LAUNCH_TIMEOUT", "5"),
        ("MUSTER_PROVIDER_LIST_EVERY", "1"),
        ("MUSTER_PROVIDER_DIAL_IN", "8"),
        (
            "MUSTER_PROVIDER_SETTINGS",
            "MUSTER_NODE_PUBLIC_ADDRESSES=127.0.0.1,MUSTER_NODE_MEDIA_PORTS=0,MUSTER_NODE_SHARDS=1",
        ),
    ];
    Up::run("master", data, link, &environment)
}

#[test]
fn a_command_that_fails_in_every_way_is_named_and_asked_again() {
    let data = tempfile::tempdir().expect("temporary directory");
    let machines = Machines(data.path().join("fleet"));
    let command = script(
        &data.path().join("command"),
        &format!(
            "if [ \"$1\" = launch ]; then\n\
               n=$(cat \"$FLEET_DIR.count\" 2>/dev/null || echo 0); n=$((n + 1)); echo $n >\"$FLEET_DIR.count\"\n\
               case $n in\n\
               1) echo 'just thinking' >&2; sleep 1000 ;;\n\
               2) echo rubbish; exit 0 ;;\n\
               3) printf '{{\"machine\":{{\"id\"'; exit 0 ;;\n\
               4) echo 'no quota' >&2; exit 78 ;;\n\
               5) sh {example} \"$@\" >/dev/null; echo 'lost my tongue' >&2; exit 1 ;;\n\
               esac\nfi\nexec sh {example} \"$@\"\n",
            example = example("provider-local.sh")
        ),
    );
    // Late enough for what became of its launch to be told before it dials in.
    let node = script(
        &data.path().join("node"),
        &format!(
            "sleep 2\nexec sh {} \"$@\"\n",
            example("node-of-request.sh")
        ),
    );
    let up = master(data.path(), free_port(), &command, &node);
    // The master answers all the while.
    eventually_within(LONG, "a node serves", || {
        (up.running(data.path()) == 1).then_some(())
    });
    let log = log_of(data.path());
    for expected in [
        "just thinking",
        "wrote something that is no JSON",
        "wrote half a JSON object",
        "not launched, tried 3 times",
        "no quota",
        "lost my tongue",
        "is taken over",
    ] {
        assert!(log.contains(expected), "{expected} in {log}");
    }
    let running = machines.all();
    assert_eq!(running.len(), 1, "nothing is leaked: {running:?}");
    assert_eq!(up.stop().0.code(), Some(0));
}

#[test]
fn a_machine_whose_node_never_dials_in_is_ended_and_orphans_are_taken_over() {
    let data = tempfile::tempdir().expect("temporary directory");
    let machines = Machines(data.path().join("fleet"));
    let node = script(
        &data.path().join("node"),
        &format!(
            "[ -e \"$FLEET_DIR.tried\" ] || {{ touch \"$FLEET_DIR.tried\"; exec sleep 1000; }}\nexec sh {} \"$@\"\n",
            example("node-of-request.sh")
        ),
    );
    let command = script(
        &data.path().join("command"),
        &format!("exec sh {} \"$@\"\n", example("provider-local.sh")),
    );
    let link = free_port();
    let mut up = master(data.path(), link, &command, &node);
    eventually_within(LONG, "a node serves", || {
        (up.running(data.path()) == 1).then_some(())
    });
    let log = log_of(data.path());
    assert!(log.contains("no node dialled in within 8s"), "{log}");
    let before = eventually("the other one is ended", || {
        let running = machines.all();
        (running.len() == 1).then_some(running)
    });

    up.child.kill().expect("running");
    up.child.wait().expect("killed");
    let up = master(data.path(), link, &command, &node);
    eventually_within(LONG, "the node serves again", || {
        (up.running(data.path()) == 1).then_some(())
    });
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(machines.all(), before, "it is the same, and the only one");
    assert_eq!(up.stop().0.code(), Some(0));
}
