//! The core, the executor and a provider together, in real time.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use provider::command::Command;
use provider::executor::{Bounds, Executor};
use provider::keeper::Keeper;
use provider::launches::{About, BackOff, Effect, FailureReason, Input, Timing};
use provider::process::Processes;
use provider::{
    ClusterId, Launch, LaunchKey, Machine, MachineId, Provider, ProviderError, Spec, dial_in,
};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

fn quick() -> Timing {
    let soon = BackOff {
        first: Duration::from_millis(20),
        longest: Duration::from_millis(100),
    };
    Timing {
        list_every: Duration::from_millis(100),
        stray: Duration::from_millis(200),
        settle: Duration::ZERO,
        retry: soon,
        block: soon,
        ..Timing::default()
    }
}

fn keeper(provider: impl Provider, bounds: Bounds) -> Keeper {
    let cluster = ClusterId::parse("c1").unwrap();
    Keeper::new(quick(), Executor::new(Arc::new(provider), cluster, bounds))
}

fn key(text: &str) -> LaunchKey {
    LaunchKey::parse(text).unwrap()
}

fn launch(keys: impl IntoIterator<Item = String>) -> Input {
    let wanted = keys.into_iter();
    Input::Launch(
        wanted
            .map(|text| (key(&text), Arc::<Spec>::default()))
            .collect(),
    )
}

/// Goes on until `enough` effects have come about.
async fn until(keeper: &mut Keeper, mut enough: impl FnMut(&Effect) -> bool) {
    let found = async { while !keeper.next().await.iter().any(&mut enough) {} };
    timeout(Duration::from_secs(30), found).await.unwrap();
}

/// Counts how many launches are under way, and misbehaves by the key's first letter.
#[derive(Default)]
struct Counting {
    now: AtomicUsize,
    most: AtomicUsize,
    lists: AtomicUsize,
}

struct Shared(Arc<Counting>);

#[async_trait]
impl Provider for Shared {
    fn name(&self) -> &'static str {
        "counting"
    }

    async fn list(&self, _: &ClusterId) -> Result<Vec<Machine>, ProviderError> {
        self.0.lists.fetch_add(1, Ordering::Relaxed);
        Ok(Vec::new())
    }

    async fn launch(&self, launch: &Launch) -> Result<Machine, ProviderError> {
        match launch.key.as_str() {
            text if text.starts_with("hang") => std::future::pending().await,
            text if text.starts_with("panic") => panic!("on purpose"),
            _ => {}
        }
        let now = self.0.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.0.most.fetch_max(now, Ordering::Relaxed);
        sleep(Duration::from_millis(5)).await;
        self.0.now.fetch_sub(1, Ordering::Relaxed);
        Ok(Machine {
            id: MachineId::parse(launch.key.as_str()).unwrap(),
            key: launch.key.clone(),
            address: None,
        })
    }

    async fn terminate(&self, _: &ClusterId, _: &MachineId) -> Result<(), ProviderError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_hundred_launches_are_said_eight_at_a_time() {
    let counting = Arc::new(Counting::default());
    let mut keeper = keeper(Shared(Arc::clone(&counting)), Bounds::default());
    keeper.handle(launch((0..100).map(|number| format!("k{number}"))));
    let mut launched = 0;
    until(&mut keeper, |effect| {
        launched += usize::from(matches!(effect, Effect::Launched { .. }));
        launched == 100
    })
    .await;
    assert_eq!(counting.most.load(Ordering::Relaxed), 8);
}

#[tokio::test]
async fn calls_that_hang_or_panic_are_answered_and_do_not_hold_up_lists() {
    let counting = Arc::new(Counting::default());
    let bounds = Bounds {
        launches: 2,
        longest: Duration::from_millis(300),
        ..Bounds::default()
    };
    let mut keeper = keeper(Shared(Arc::clone(&counting)), bounds);
    keeper.handle(launch(["hang1", "hang2", "panic1"].map(String::from)));
    let lists = || counting.lists.load(Ordering::Relaxed);
    let (mut reasons, mut before) = (Vec::new(), None);
    until(&mut keeper, |effect| {
        if let Effect::Troubled { .. } = effect {
            before.get_or_insert(lists());
        }
        if let Effect::Failed { key, reason } = effect {
            let FailureReason::NotLaunched { reason, .. } = reason else {
                panic!("{reason}");
            };
            reasons.push((key.to_string(), reason.clone()));
        }
        reasons.len() == 3
    })
    .await;
    reasons.sort();
    assert!(reasons[0].1.contains("given up after 300ms"), "{reasons:?}");
    assert!(reasons[2].1.contains("on purpose"), "{reasons:?}");
    assert!(before.unwrap() >= 1, "lists wait for launches");
}

#[tokio::test]
async fn strays_of_a_crashed_keeper_are_ended_and_known_ones_are_kept() {
    let folder = TempDir::new().unwrap();
    let book = || Processes::new("/bin/sh", ["-c", "exec sleep 60"], folder.path()).unwrap();
    let mut first = keeper(book(), Bounds::default());
    first.handle(launch(["a", "b"].map(String::from)));
    let mut launched = 0;
    until(&mut first, |effect| {
        launched += usize::from(matches!(effect, Effect::Launched { .. }));
        launched == 2
    })
    .await;
    drop(first);

    let mut second = keeper(book(), Bounds::default());
    second.handle(Input::Known(vec![(key("a"), None)]));
    let mut strays = Vec::new();
    until(&mut second, |effect| {
        if let Effect::Stray { machine } = effect {
            strays.push(machine.key.to_string());
        }
        matches!(effect, Effect::Gone { .. })
    })
    .await;
    assert_eq!(strays, ["b"]);
    let cluster = ClusterId::parse("c1").unwrap();
    let left = book().list(&cluster).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].key, key("a"));
    second.handle(Input::Unwant(vec![key("a")]));
    until(&mut second, |effect| matches!(effect, Effect::Gone { .. })).await;
    assert!(book().list(&cluster).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_hostile_command_is_trouble_and_no_end() {
    let mut command = Command::new("/bin/sh");
    command.arguments = ["-c", "printf '{\"machines\":['"].map(Into::into).into();
    let mut keeper = keeper(command, Bounds::default());
    for _ in 0..3 {
        until(&mut keeper, |effect| match effect {
            Effect::Troubled { about, reason, .. } => {
                assert!(reason.contains("half a JSON object"), "{reason}");
                *about == About::List
            }
            _ => false,
        })
        .await;
    }
}

#[tokio::test]
async fn where_nodes_dial_in_a_launch_is_refused_at_once() {
    let mut keeper = keeper(dial_in::DialIn, Bounds::default());
    assert_eq!(keeper.launchable(), 0);
    keeper.handle(launch(["a".into()]));
    until(&mut keeper, |effect| match effect {
        Effect::Failed { reason, .. } => {
            assert!(reason.to_string().contains("dial in by themselves"));
            true
        }
        _ => false,
    })
    .await;
}
