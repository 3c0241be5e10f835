//! Registrations, their fences and the leader, over the model: in calm and in storms.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod storm;

use std::sync::Arc;
use std::time::Duration;

use store::leadership::{Campaign, campaign, resign};
use store::model::{Faults, ModelStore};
use store::{
    Guard, MasterRecord, Name, NodeRecord, Op, Outcome, Prefix, Record, Registered, Registration,
    Registry, Store, StoreError, names, read,
};

const TTL: Duration = Duration::from_secs(10);

fn calm() -> ModelStore {
    ModelStore::new(1, Faults::none())
}

fn nodes(store: &ModelStore) -> Registry<NodeRecord> {
    Registry::new(Arc::new(store.clone()), TTL)
}

fn masters(store: &ModelStore) -> Registry<MasterRecord> {
    Registry::new(Arc::new(store.clone()), TTL)
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn node(boot: &str) -> NodeRecord {
    NodeRecord {
        boot: boot.into(),
        boot_started: 1,
        addresses_version: 1,
        addresses: vec!["127.0.0.1".parse().unwrap()],
        ports: vec![10_000],
        version: "0".into(),
        cores: 1,
    }
}

fn master(boot: &str) -> MasterRecord {
    MasterRecord {
        boot: boot.into(),
        version: "0".into(),
        link: "127.0.0.1:4442".into(),
    }
}

fn won<T: std::fmt::Debug>(registered: Registered<T>) -> Registration {
    match registered {
        Registered::As(registration) => registration,
        other => panic!("{other:?}"),
    }
}

async fn write_as(store: &ModelStore, who: &Registration, key: &str) -> Outcome {
    let put = Op::Put {
        key: store::Key::new(key).unwrap(),
        value: b"x"[..].into(),
        lease: None,
    };
    store.commit(vec![who.guard()], vec![put]).await.unwrap()
}

#[tokio::test]
async fn a_held_name_is_taken_and_says_by_whom() {
    let store = calm();
    let first = won(nodes(&store)
        .register(&name("a"), &node("1"))
        .await
        .unwrap());
    let second = nodes(&store)
        .register(&name("a"), &node("2"))
        .await
        .unwrap();
    let Registered::Taken(holder) = second else {
        panic!("{second:?}")
    };
    assert_eq!(holder.record, Some(node("1")));
    assert_eq!(
        (holder.generation, holder.lease),
        (first.generation, Some(first.lease))
    );
    won(nodes(&store)
        .register(&name("b"), &node("2"))
        .await
        .unwrap());
}

#[tokio::test]
async fn a_later_boot_takes_over_and_the_earlier_writes_nothing_more() {
    let store = calm();
    let old = won(nodes(&store)
        .register(&name("a"), &node("1"))
        .await
        .unwrap());
    let proof = Op::Put {
        key: names::proof(&name("a")),
        value: b"{}"[..].into(),
        lease: Some(old.lease),
    };
    store.commit(vec![old.guard()], vec![proof]).await.unwrap();
    assert!(matches!(
        write_as(&store, &old, "x/1").await,
        Outcome::Applied(_)
    ));

    let Registered::Taken(holder) = nodes(&store)
        .register(&name("a"), &node("2"))
        .await
        .unwrap()
    else {
        panic!("not taken")
    };
    nodes(&store).evict(&name("a"), &holder).await.unwrap();
    assert_eq!(
        read(&store, &names::proof(&name("a"))).await.unwrap().1,
        None,
        "the proof outlived its boot"
    );
    let new = won(nodes(&store)
        .register(&name("a"), &node("2"))
        .await
        .unwrap());
    assert!(new.generation > old.generation);

    assert_eq!(
        write_as(&store, &old, "x/2").await,
        Outcome::Refused,
        "a zombie wrote"
    );
    assert!(
        !nodes(&store)
            .update(&mut old.clone(), &node("1"))
            .await
            .unwrap(),
        "a zombie came back"
    );
    assert_eq!(nodes(&store).renew(&old).await, Err(StoreError::LeaseGone));
    nodes(&store).evict(&name("a"), &holder).await.unwrap();
    assert!(
        matches!(write_as(&store, &new, "x/3").await, Outcome::Applied(_)),
        "evicted the wrong one"
    );
}

#[tokio::test]
async fn whoever_does_not_renew_is_gone_and_can_come_back() {
    let store = calm();
    let first = won(nodes(&store)
        .register(&name("a"), &node("1"))
        .await
        .unwrap());
    store.advance(TTL * 9 / 10);
    nodes(&store).renew(&first).await.unwrap();
    store.advance(TTL * 9 / 10);
    assert!(matches!(
        write_as(&store, &first, "x/1").await,
        Outcome::Applied(_)
    ));
    store.advance(TTL / 10);
    assert_eq!(write_as(&store, &first, "x/2").await, Outcome::Refused);
    let again = won(nodes(&store)
        .register(&name("a"), &node("1"))
        .await
        .unwrap());
    assert!(
        again.generation > first.generation,
        "the same boot, another generation"
    );
}

#[tokio::test]
async fn an_update_keeps_the_generation() {
    let store = calm();
    let mut registration = won(nodes(&store)
        .register(&name("a"), &node("1"))
        .await
        .unwrap());
    let mut moved = node("1");
    moved.addresses_version = 2;
    assert!(
        nodes(&store)
            .update(&mut registration, &moved)
            .await
            .unwrap()
    );
    let entry = read(&store, &NodeRecord::key(&name("a")))
        .await
        .unwrap()
        .1
        .unwrap();
    assert_eq!(entry.created, registration.generation);
    assert_eq!(
        entry.lease,
        Some(registration.lease),
        "an update must not free it from its lease"
    );
    assert_eq!(
        serde_json::from_slice::<NodeRecord>(&entry.value).unwrap(),
        moved
    );
}

#[tokio::test]
async fn a_master_that_is_gone_registers_no_nodes() {
    let store = calm();
    let me = won(masters(&store)
        .register(&name("m"), &master("1"))
        .await
        .unwrap());
    let nodes = nodes(&store).fenced_by(me.guard());
    won(nodes.register(&name("a"), &node("1")).await.unwrap());
    masters(&store).leave(&me).await.unwrap();
    assert_eq!(
        nodes.register(&name("b"), &node("1")).await.unwrap(),
        Registered::Fenced
    );
    assert!(
        store
            .list(&Prefix::new("nodes/b"))
            .await
            .unwrap()
            .entries
            .is_empty()
    );
}

#[tokio::test]
async fn one_leads_and_the_next_term_is_larger() {
    let store = calm();
    let a = won(masters(&store)
        .register(&name("a"), &master("1"))
        .await
        .unwrap());
    let b = won(masters(&store)
        .register(&name("b"), &master("1"))
        .await
        .unwrap());
    let Campaign::Won(first) = campaign(&store, &name("a"), &a).await.unwrap() else {
        panic!("nobody leads and a did not win")
    };
    assert_eq!(
        campaign(&store, &name("a"), &a).await.unwrap(),
        Campaign::Won(first),
        "a lost its own term"
    );
    let lost = campaign(&store, &name("b"), &b).await.unwrap();
    let Campaign::Lost { leader, term } = lost else {
        panic!("{lost:?}")
    };
    assert_eq!((leader.unwrap().master.as_str(), term), ("a", first));

    masters(&store).leave(&a).await.unwrap();
    assert_eq!(
        campaign(&store, &name("a"), &a).await.unwrap(),
        Campaign::Fenced
    );
    let Campaign::Won(second) = campaign(&store, &name("b"), &b).await.unwrap() else {
        panic!("b did not win")
    };
    assert!(second.number() > first.number());
    let act = |guard: Guard| store.commit(vec![guard], vec![]);
    assert_eq!(act(first.guard()).await.unwrap(), Outcome::Refused);
    assert!(
        !resign(&store, first).await.unwrap(),
        "an old leader ended another's term"
    );
    assert!(matches!(
        act(second.guard()).await.unwrap(),
        Outcome::Applied(_)
    ));
    assert!(resign(&store, second).await.unwrap());
    assert_eq!(act(second.guard()).await.unwrap(), Outcome::Refused);
}

/// Ten contenders for one name, in a storm: whoever was told that it is registered may be evicted, but of those whose
/// registration holds there is never more than one, and the record is that of the holder.
#[test]
fn in_a_storm_a_name_has_one_holder() {
    for seed in 0..storm::SEEDS {
        let store = ModelStore::new(seed, Faults::stormy());
        let holders = storm::run(&store, contenders(&store));
        store.with(|model, _| model.set_faults(Faults::none()));
        let entry = storm::run(&store, read(&store, &NodeRecord::key(&name("a"))))
            .unwrap()
            .1;
        let holding: Vec<_> = holders
            .iter()
            .filter(|(_, held)| entry.as_ref().is_some_and(|e| e.created == held.generation))
            .collect();
        assert!(holding.len() <= 1, "seed {seed}: {holding:?}");
        let generations: std::collections::BTreeSet<_> =
            holders.iter().map(|(_, h)| h.generation).collect();
        assert_eq!(
            generations.len(),
            holders.len(),
            "seed {seed}: two were told the same generation"
        );
        if let (Some(entry), [(boot, held)]) = (&entry, &holding[..]) {
            let record: NodeRecord = serde_json::from_slice(&entry.value).unwrap();
            assert_eq!(
                (record.boot.as_str(), entry.lease),
                (boot.as_str(), Some(held.lease)),
                "seed {seed}"
            );
        }
    }
}

async fn contenders(store: &ModelStore) -> Vec<(String, Registration)> {
    let mut held = Vec::new();
    for boot in 0..10 {
        let registry = nodes(store);
        let boot = boot.to_string();
        for _ in 0..5 {
            match registry.register(&name("a"), &node(&boot)).await {
                Ok(Registered::As(registration)) => {
                    held.push((boot.clone(), registration));
                    break;
                }
                Ok(Registered::Taken(holder)) => drop(registry.evict(&name("a"), &holder).await),
                Ok(Registered::Fenced) => panic!("there is no fence"),
                Err(StoreError::Unknown(_) | StoreError::Unavailable(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    held
}

/// Whoever is told "certainly not registered" is not, and does not become so later.
#[test]
fn in_a_storm_what_was_taken_back_stays_so() {
    let mut checked = 0;
    for seed in 0..storm::SEEDS * 20 {
        let store = ModelStore::new(seed, Faults::stormy());
        let registry: Registry<NodeRecord> =
            Registry::new(Arc::new(store.clone()), Duration::from_secs(600));
        let result = storm::run(&store, async {
            registry.register(&name("a"), &node("1")).await
        });
        if !matches!(result, Err(StoreError::Unavailable(_))) {
            continue;
        }
        store.advance(Duration::from_secs(10));
        let truth = store.with(|model, _| model.truth(&NodeRecord::prefix()));
        assert_eq!(truth.entries, [], "seed {seed}");
        checked += 1;
    }
    assert!(checked > 50, "only {checked} attempts were taken back");
}

/// The last acknowledged update is what stands, however many earlier ones are still under way.
#[test]
fn in_a_storm_no_update_undoes_a_later_one() {
    let mut checked = 0;
    for seed in 0..storm::SEEDS {
        let store = ModelStore::new(
            seed,
            Faults {
                watch_breaks: 0,
                ..Faults::stormy()
            },
        );
        let Some(last) = storm::run(&store, updates(&store)) else {
            continue;
        };
        store.with(|model, _| model.set_faults(Faults::none()));
        // Longer than a client waits, so that all that is late has arrived.
        store.advance(Duration::from_millis(5_500));
        let entry = store
            .with(|model, _| model.truth(&NodeRecord::prefix()))
            .entries;
        let record: NodeRecord = serde_json::from_slice(&entry[0].value).unwrap();
        assert_eq!(record.addresses_version, last, "seed {seed}");
        checked += 1;
    }
    assert!(
        checked > storm::SEEDS / 2,
        "only {checked} seeds came to an end"
    );
}

/// Updates until one is acknowledged last; `None` when the registration was lost.
async fn updates(store: &ModelStore) -> Option<u64> {
    let registry: Registry<NodeRecord> =
        Registry::new(Arc::new(store.clone()), Duration::from_secs(600));
    let mut registration = loop {
        if let Ok(Registered::As(registration)) = registry.register(&name("a"), &node("1")).await {
            break registration;
        }
    };
    let mut last = None;
    for version in 0..20 {
        let mut record = node("1");
        record.addresses_version = version;
        for _ in 0..10 {
            match registry.update(&mut registration, &record).await {
                Ok(true) => {
                    last = Some(version);
                    break;
                }
                Ok(false) => return None,
                Err(_) if version < 19 => break,
                Err(_) => last = None,
            }
        }
    }
    last
}
