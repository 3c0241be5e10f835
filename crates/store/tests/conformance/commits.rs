//! Commits and lists.

use std::sync::Arc;

use store::{Guard, Outcome};

use super::{Corner, applied};

pub async fn create_if_absent_has_one_winner_of_100(corner: Corner) {
    let corner = Arc::new(corner);
    let mut tasks = Vec::new();
    for i in 0..100 {
        let corner = Arc::clone(&corner);
        tasks.push(tokio::spawn(async move {
            let put = corner.put("k", &i.to_string());
            let outcome = corner.commit(vec![corner.absent("k")], vec![put]).await;
            matches!(outcome, Outcome::Applied(_)).then_some(i.to_string())
        }));
    }
    let mut winners = Vec::new();
    for task in tasks {
        winners.extend(task.await.unwrap());
    }
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(corner.all().await, [("k".to_string(), winners[0].clone())]);
}

pub async fn compare_and_swap_loses_no_update(corner: Corner) {
    corner.apply(vec![corner.put("n", "0")]).await;
    let corner = Arc::new(corner);
    let mut tasks = Vec::new();
    for _ in 0..20 {
        let corner = Arc::clone(&corner);
        tasks.push(tokio::spawn(async move {
            for _ in 0..5 {
                while !increment(&corner).await {}
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(corner.all().await, [("n".to_string(), "100".to_string())]);
}

async fn increment(corner: &Corner) -> bool {
    let entry = corner.read("n").await.unwrap();
    let n: u32 = std::str::from_utf8(&entry.value).unwrap().parse().unwrap();
    let guard = Guard::Unchanged(corner.key("n"), entry.modified);
    let put = corner.put("n", &(n + 1).to_string());
    corner.commit(vec![guard], vec![put]).await != Outcome::Refused
}

pub async fn commit_is_all_or_nothing(corner: Corner) {
    corner.apply(vec![corner.put("a", "1")]).await;
    let both = || {
        vec![
            corner.put("b", "x"),
            corner.put("c", "x"),
            corner.delete("a"),
        ]
    };
    let guards = vec![corner.absent("b"), corner.absent("a")];
    assert_eq!(corner.commit(guards, both()).await, Outcome::Refused);
    assert_eq!(corner.names().await, ["a"]);
    let rev = applied(corner.commit(vec![corner.absent("b")], both()).await);
    let entries = corner.store.list(&corner.under("")).await.unwrap().entries;
    assert_eq!(corner.names().await, ["b", "c"]);
    assert!(
        entries
            .iter()
            .all(|e| e.modified == rev && e.created == rev)
    );
}

pub async fn guard_on_another_key_fences_a_write(corner: Corner) {
    let generation = corner.apply(vec![corner.put("node", "boot 1")]).await;
    let fence = || vec![Guard::Generation(corner.key("node"), generation)];
    corner
        .apply(vec![corner.put("node", "boot 1, again")])
        .await;
    applied(corner.commit(fence(), vec![corner.put("s1", "x")]).await);
    corner.apply(vec![corner.delete("node")]).await;
    let late = corner.commit(fence(), vec![corner.put("s2", "x")]).await;
    assert_eq!(late, Outcome::Refused, "wrote without registration");
    corner.apply(vec![corner.put("node", "boot 2")]).await;
    let zombie = corner.commit(fence(), vec![corner.put("s3", "x")]).await;
    assert_eq!(
        zombie,
        Outcome::Refused,
        "wrote under another's registration"
    );
}

pub async fn generation_changes_when_recreated_not_when_put(corner: Corner) {
    corner.apply(vec![corner.put("k", "1")]).await;
    let first = corner.read("k").await.unwrap();
    corner.apply(vec![corner.put("k", "2")]).await;
    let second = corner.read("k").await.unwrap();
    assert_eq!(first.created, second.created);
    assert!(second.modified > first.modified);
    corner.apply(vec![corner.delete("k")]).await;
    corner.apply(vec![corner.put("k", "3")]).await;
    let third = corner.read("k").await.unwrap();
    assert!(third.created > second.modified);
    assert_eq!(third.created, third.modified);
}

pub async fn revision_zero_means_absent(corner: Corner) {
    let zero = || {
        let (unchanged, generation) = (corner.key("k"), corner.key("k"));
        vec![
            Guard::Unchanged(unchanged, 0),
            Guard::Generation(generation, 0),
        ]
    };
    applied(corner.commit(zero(), vec![corner.put("k", "1")]).await);
    let again = corner.commit(zero(), vec![corner.put("k", "2")]).await;
    assert_eq!(again, Outcome::Refused);
}

pub async fn what_changes_nothing_is_applied_and_seen_by_nobody(corner: Corner) {
    let rev = corner.apply(vec![corner.put("k", "1")]).await;
    let mut watch = corner.store.watch(&corner.under(""), rev);
    assert!(corner.apply(vec![]).await >= rev);
    assert!(corner.apply(vec![corner.delete("nothing")]).await >= rev);
    let guards = vec![corner.absent("k")];
    assert_eq!(corner.commit(guards, vec![]).await, Outcome::Refused);
    let next = corner.apply(vec![corner.put("k", "2")]).await;
    let batch = super::next(&mut watch).await.unwrap();
    assert_eq!(batch.at, next, "something else was seen");
}

pub async fn lists_are_in_order_and_within_the_prefix(corner: Corner) {
    for name in ["b/2", "a/1", "b/10", "c", "b", "bb/1", "b/1"] {
        corner.apply(vec![corner.put(name, "x")]).await;
    }
    let under = |entries: Vec<store::Entry>| -> Vec<String> {
        let root = corner.under("");
        let rest = |e: store::Entry| root.rest(&e.key).unwrap().to_string();
        entries.into_iter().map(rest).collect()
    };
    let b = corner.store.list(&corner.under("b/")).await.unwrap();
    assert_eq!(under(b.entries), ["b/1", "b/10", "b/2"]);
    let one = corner.store.list(&corner.under("c")).await.unwrap();
    assert_eq!(under(one.entries), ["c"]);
    let none = corner.store.list(&corner.under("d/")).await.unwrap();
    assert_eq!(under(none.entries), Vec::<String>::new());
    let b = corner.read("b").await.unwrap();
    assert_eq!(b.key, corner.key("b"), "read took a longer key for it");
}

pub async fn a_list_shows_what_was_acknowledged(corner: Corner) {
    let corner = Arc::new(corner);
    let mut tasks = Vec::new();
    for i in 0..50 {
        let corner = Arc::clone(&corner);
        tasks.push(tokio::spawn(async move {
            let name = format!("k{i}");
            let rev = corner.apply(vec![corner.put(&name, "x")]).await;
            let snapshot = corner.store.list(&corner.under("")).await.unwrap();
            assert!(snapshot.at >= rev, "listed {} after {rev}", snapshot.at);
            let mine = snapshot.entries.iter().find(|e| e.key == corner.key(&name));
            assert_eq!(mine.expect("was acknowledged").modified, rev);
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

pub async fn a_long_list_is_whole(corner: Corner) {
    let value = "v".repeat(4_000);
    for chunk in 0..20 {
        let name = |i: u32| format!("{:05}", chunk * 100 + i);
        corner
            .apply((0..100).map(|i| corner.put(&name(i), &value)).collect())
            .await;
    }
    let names = corner.names().await;
    let wanted: Vec<_> = (0..2_000).map(|i| format!("{i:05}")).collect();
    assert_eq!(names, wanted);
}

pub async fn values_are_any_bytes(corner: Corner) {
    for value in [vec![], vec![0], (0..=255).collect::<Vec<u8>>()] {
        let op = store::Op::Put {
            key: corner.key("k"),
            value: value.clone().into(),
            lease: None,
        };
        corner.apply(vec![op]).await;
        assert_eq!(corner.read("k").await.unwrap().value[..], value[..]);
    }
}
