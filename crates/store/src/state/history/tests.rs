use super::*;
use crate::entry::Entry;
use crate::key::Key;

fn put(at: Rev, key: &str, bytes: usize) -> Batch {
    let entry = Entry {
        key: Key::new(key).unwrap(),
        value: vec![0; bytes].into(),
        created: at,
        modified: at,
        lease: None,
    };
    Batch {
        at,
        changes: vec![Change::Put(entry)],
    }
}

fn bound(batches: usize, bytes: usize) -> HistoryBound {
    HistoryBound { batches, bytes }
}

fn found_at(found: &Found) -> Option<Rev> {
    match found {
        Found::Batch(batch) => Some(batch.at),
        _ => None,
    }
}

#[test]
fn keeps_no_more_commits_than_its_bound() {
    let mut history = History::new(0, bound(3, usize::MAX));
    for at in 1..=5 {
        history.push(put(at, "a/x", 1));
    }
    let all = Prefix::new("");
    assert_eq!(history.after(&all, 1), Found::Compacted(2));
    assert_eq!(found_at(&history.after(&all, 2)), Some(3));
    assert_eq!(history.after(&all, 5), Found::Nothing(5));
}

#[test]
fn keeps_no_more_bytes_than_its_bound() {
    let mut history = History::new(0, bound(100, 1000));
    for at in 1..=5 {
        history.push(put(at, "a/x", 400));
    }
    let all = Prefix::new("");
    assert_eq!(history.after(&all, 2), Found::Compacted(3));
    assert_eq!(found_at(&history.after(&all, 3)), Some(4));
}

#[test]
fn skips_what_is_not_under_the_prefix() {
    let mut history = History::new(0, HistoryBound::default());
    history.push(put(1, "a/x", 1));
    history.push(put(2, "b/x", 1));
    history.push(put(3, "a/y", 1));
    let b = Prefix::new("b/");
    assert_eq!(found_at(&history.after(&b, 0)), Some(2));
    assert_eq!(history.after(&b, 2), Found::Nothing(3));
}

#[test]
fn compacts_exactly_up_to_the_revision() {
    let mut history = History::new(0, HistoryBound::default());
    for at in 1..=5 {
        history.push(put(at, "a/x", 1));
    }
    history.compact(3);
    let all = Prefix::new("");
    assert_eq!(history.after(&all, 2), Found::Compacted(3));
    assert_eq!(found_at(&history.after(&all, 3)), Some(4));
    history.compact(99);
    assert_eq!(history.after(&all, 5), Found::Nothing(5));
}

#[test]
fn a_position_in_the_future_is_not_covered() {
    let mut history = History::new(0, HistoryBound::default());
    history.push(put(1, "a/x", 1));
    assert_eq!(history.after(&Prefix::new(""), 2), Found::Compacted(0));
}

#[test]
fn a_restart_covers_nothing_from_before() {
    let mut history = History::new(0, HistoryBound::default());
    history.push(put(1, "a/x", 1));
    history.push(put(2, "a/x", 1));
    history.restart(2);
    assert_eq!(history.after(&Prefix::new(""), 1), Found::Compacted(2));
    assert_eq!(history.after(&Prefix::new(""), 2), Found::Nothing(2));
}
