//! A mirror becomes equal to the store, whatever happens on the way.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod storm;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::mirror::{Difference, Image};
use store::model::{Faults, ModelStore};
use store::sqlite::{Options, SqliteStore};
use store::{
    Batch, Change, Entry, HistoryBound, Key, Mirror, Name, Op, Record, Rev, Snapshot, Store,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Number(u64);

impl Record for Number {
    const PLACE: &'static str = "numbers/";
}

fn key(name: &str) -> Key {
    Number::key(&Name::new(name).unwrap())
}

fn put(name: &str, number: u64) -> Op {
    Op::Put {
        key: key(name),
        value: serde_json::to_vec(&Number(number)).unwrap().into(),
        lease: None,
    }
}

fn entry(name: &str, value: &str, created: Rev, modified: Rev) -> Entry {
    Entry {
        key: key(name),
        value: value.as_bytes().into(),
        created,
        modified,
        lease: None,
    }
}

fn batch(at: Rev, changes: Vec<Change>) -> Batch {
    Batch { at, changes }
}

fn gone(name: &str, at: Rev) -> Change {
    Change::Gone { key: key(name), at }
}

fn image(at: Rev, entries: Vec<Entry>) -> Image<Number> {
    let mut image = Image::new(Number::prefix());
    image.replace(Snapshot { at, entries });
    image
}

#[test]
fn an_overtaken_batch_is_ignored() {
    let mut image = image(5, vec![entry("a", "1", 5, 5)]);
    // "a" went at 4 and came back at 5: the news of 4 arrives late.
    assert_eq!(image.apply(batch(4, vec![gone("a", 4)])), []);
    assert_eq!(
        image.apply(batch(5, vec![Change::Put(entry("a", "0", 5, 5))])),
        []
    );
    assert_eq!(image.overtaken(), 2);
    assert_eq!(image.records()[&key("a")].record, Number(1));
    assert_eq!(
        image.apply(batch(6, vec![gone("a", 6)])),
        [Difference::Gone(key("a"))]
    );
}

#[test]
fn a_new_generation_is_another_thing() {
    let mut image = image(5, vec![entry("a", "1", 2, 5), entry("b", "1", 3, 3)]);
    let changed = image.apply(batch(6, vec![Change::Put(entry("a", "2", 2, 6))]));
    assert_eq!(changed, [Difference::Changed(key("a"))]);
    let entries = vec![entry("a", "2", 9, 9), entry("b", "1", 3, 3)];
    let differences = image.replace(Snapshot { at: 9, entries });
    assert_eq!(
        differences,
        [Difference::Appeared(key("a"))],
        "the same value, and yet another boot"
    );
}

#[test]
fn a_new_snapshot_says_what_is_gone() {
    let mut image = image(5, vec![entry("a", "1", 2, 2), entry("b", "1", 3, 3)]);
    let differences = image.replace(Snapshot {
        at: 8,
        entries: vec![entry("b", "7", 3, 8)],
    });
    assert_eq!(
        differences,
        [Difference::Gone(key("a")), Difference::Changed(key("b"))]
    );
}

#[test]
fn what_cannot_be_read_is_said_and_not_shown() {
    let mut image = image(5, vec![entry("a", "1", 2, 2)]);
    let differences = image.apply(batch(6, vec![Change::Put(entry("a", "{", 2, 6))]));
    let [Difference::Unreadable(unreadable)] = &differences[..] else {
        panic!("{differences:?}")
    };
    assert_eq!(unreadable.key, key("a"));
    assert!(image.records().is_empty());
    let mended = image.apply(batch(7, vec![Change::Put(entry("a", "3", 2, 7))]));
    assert_eq!(mended, [Difference::Appeared(key("a"))]);
}

/// The names and numbers of an image.
fn shown(image: &Image<Number>) -> BTreeMap<Key, (u64, Rev, Rev)> {
    let records = image.records().iter();
    records
        .map(|(key, kept)| (key.clone(), (kept.record.0, kept.generation, kept.modified)))
        .collect()
}

fn held(snapshot: &Snapshot) -> BTreeMap<Key, (u64, Rev, Rev)> {
    let number = |e: &Entry| serde_json::from_slice::<Number>(&e.value).unwrap().0;
    let entries = snapshot.entries.iter();
    entries
        .map(|e| (e.key.clone(), (number(e), e.created, e.modified)))
        .collect()
}

#[test]
fn in_a_storm_a_mirror_becomes_equal_and_never_invents() {
    let mut resyncs = 0;
    for seed in 0..storm::SEEDS {
        let faults = Faults {
            history: 20,
            watch_buffer: 4,
            ..Faults::stormy()
        };
        let store = ModelStore::new(seed, faults);
        let shared: Arc<dyn Store> = Arc::new(store.clone());
        let mut mirror = Mirror::<Number>::new(Arc::clone(&shared));
        resyncs += storm::run(&store, async {
            tokio::join!(write(&*shared, seed), follow(&store, &mut mirror)).1
        });
        let truth = store.with(|model, _| model.truth(&Number::prefix()));
        assert_eq!(shown(mirror.image()), held(&truth), "seed {seed}");
    }
    assert!(
        resyncs > 100,
        "only {resyncs} differences came; the storm was none"
    );
}

async fn write(store: &dyn Store, seed: u64) {
    for i in 0..120 {
        let name = format!("{}", (i * 7 + seed) % 11);
        let op = if (i + seed).is_multiple_of(4) {
            Op::Delete { key: key(&name) }
        } else {
            put(&name, i)
        };
        // What becomes of it does not matter here.
        let _ = store.commit(vec![], vec![op]).await;
    }
    // The last word, said until it is heard.
    while store.commit(vec![], vec![put("last", seed)]).await.is_err() {}
}

/// Follows until the last word has been seen and all that is late has arrived.
async fn follow(store: &ModelStore, mirror: &mut Mirror<Number>) -> usize {
    let mut differences = 0;
    let mut shadow = BTreeMap::new();
    let quiet = Duration::from_secs(30);
    loop {
        match tokio::time::timeout(quiet, mirror.next()).await {
            Ok(changes) => {
                differences += changes.len();
                trace(&mut shadow, &changes, mirror.image());
                assert_eq!(
                    shadow,
                    shown(mirror.image()),
                    "the differences do not add up"
                );
            }
            Err(_) if mirror.image().records().contains_key(&key("last")) => return differences,
            Err(_) => store.with(|model, _| model.set_faults(Faults::none())),
        }
    }
}

/// Does to the shadow only what the differences say.
fn trace(
    shadow: &mut BTreeMap<Key, (u64, Rev, Rev)>,
    changes: &[Difference],
    image: &Image<Number>,
) {
    for change in changes {
        match change {
            Difference::Appeared(key) | Difference::Changed(key) => {
                if let Some(shown) = shown(image).remove(key) {
                    shadow.insert(key.clone(), shown);
                }
            }
            Difference::Gone(key) => drop(shadow.remove(key)),
            Difference::Unreadable(unreadable) => panic!("{unreadable}"),
        }
    }
}

/// A history of two commits: whoever looks away for a moment must list again.
#[tokio::test]
async fn a_mirror_of_the_embedded_engine_survives_lost_history() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options {
        history: HistoryBound {
            batches: 2,
            bytes: usize::MAX,
        },
        ..Options::default()
    };
    let store = Arc::new(SqliteStore::open(&directory.path().join("store.db"), &options).unwrap());
    let mut mirror = Mirror::<Number>::new(Arc::clone(&store) as Arc<dyn Store>);
    assert_eq!(mirror.next().await, []);
    for round in 0..3 {
        for i in 0..10 {
            store
                .commit(vec![], vec![put(&i.to_string(), round * 100 + i)])
                .await
                .unwrap();
        }
        let truth = held(&store.list(&Number::prefix()).await.unwrap());
        while shown(mirror.image()) != truth {
            let next = tokio::time::timeout(Duration::from_secs(20), mirror.next());
            assert!(!next.await.expect("the mirror stands still").is_empty());
        }
    }
}
