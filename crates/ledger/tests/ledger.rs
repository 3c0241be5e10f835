//! The ledger as its master meets it: real files, a disk that is full or broken.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use std::path::Path;
use std::time::{Duration, Instant};

use diagnosis::{Browser, BrowserError, Cause, Evidence, Finding, Outcome, Pair};
use ledger::{Filter, Ledger, Opening, Options, Page, State, Stranger};

const PATIENCE: Duration = Duration::from_secs(20);

fn open(directory: &Path, options: &Options) -> Ledger {
    Ledger::open(&directory.join("ledger.db"), options).unwrap()
}

fn opening(number: u32) -> Opening {
    let mut evidence = Evidence {
        transport: format!("con_{number}/1"),
        session: format!("ses_{}", number % 3),
        connection: format!("con_{number}"),
        node: "media_1".into(),
        boot: "boot_1".into(),
        outcome: Outcome::Pending,
        ..Evidence::default()
    };
    evidence.client.address = Some([203, 0, 113, (number % 250) as u8].into());
    evidence.client.platform = "Chromium 140 on Linux".into();
    Opening {
        evidence,
        ice_servers: vec!["stun:192.0.2.1:3478".into()],
    }
}

/// As the node tells it: it knows nothing of clients.
fn seen(number: u32, outcome: Outcome) -> Evidence {
    Evidence {
        outcome,
        reason: "ICE did not connect within 30 s".into(),
        connection: String::new(),
        client: diagnosis::Client::default(),
        pairs: vec![Pair {
            remote: Some(([198, 51, 100, 9], 5000).into()),
            checks: 4,
            ..Pair::default()
        }],
        ..opening(number).evidence
    }
}

#[test]
fn strangers_are_added_up_by_the_hour_and_outlive_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = open(directory.path(), &Options::default());
    let from = |last, checks| Stranger {
        address: (last > 0).then(|| [203, 0, 113, last].into()),
        unknown_user: checks,
        ufrag: if checks > 1 { "frag" } else { "" }.into(),
        unproven: 7,
        ..Stranger::default()
    };
    ledger.strangers_seen("media_1".into(), vec![from(1, 3), from(0, 0)]);
    ledger.strangers_seen("media_1".into(), vec![from(1, 1)]);
    ledger.strangers_seen("media_2".into(), vec![from(1, u64::MAX)]);
    drop(ledger);
    let ledger = open(directory.path(), &Options::default());
    let mut found = ledger.strangers().unwrap();
    found.sort_by_key(|it| (it.node.clone(), it.address));
    let [others, first, second] = &found[..] else {
        // An hour began in between.
        assert!(found.len() > 3, "{found:?}");
        return;
    };
    assert_eq!((others.address, others.unproven), (None, 7));
    assert_eq!((first.unknown_user, first.unproven), (4, 14));
    assert_eq!(first.ufrag, "frag", "none in the later one");
    assert!(first.first <= first.last && first.first > 0);
    assert_eq!(second.unknown_user, u64::from(u32::MAX));
}

fn until(ledger: &Ledger, filter: &Filter, done: impl Fn(&Page) -> bool) -> Page {
    let until = Instant::now() + PATIENCE;
    loop {
        let page = ledger.search(filter).unwrap();
        if done(&page) {
            return page;
        }
        assert!(Instant::now() < until, "{:?} {page:?}", ledger.health());
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn failed() -> Filter {
    Filter {
        state: Some(State::Failed),
        ..Filter::default()
    }
}

#[test]
fn what_the_master_knows_and_what_the_node_saw_become_one() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = open(directory.path(), &Options::default());
    ledger.opened(opening(1));
    ledger.opened(opening(2));
    ledger.seen(seen(1, Outcome::Failed), "frag".into());
    ledger.seen(seen(2, Outcome::Connected), "other".into());
    // What is over stays over.
    ledger.seen(seen(1, Outcome::Pending), "frag".into());
    let page = until(&ledger, &failed(), |page| page.rows.len() == 1);
    let row = &page.rows[0];
    assert_eq!(row.evidence.connection, "con_1");
    assert_eq!(row.evidence.client.platform, "Chromium 140 on Linux");
    assert_eq!(row.evidence.checks(), 4);
    assert_eq!(row.ice_servers, ["stun:192.0.2.1:3478"]);
    assert_eq!(row.ufrag, "frag");
    assert_eq!(ledger.get(row.id).unwrap().as_ref(), Some(row));
    assert_eq!(ledger.get(99).unwrap(), None);
    let connected = Filter {
        state: Some(State::Connected),
        ..Filter::default()
    };
    until(&ledger, &connected, |page| page.rows.len() == 1);
}

#[test]
fn every_filter_finds_what_it_names_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = open(directory.path(), &Options::default());
    for number in 0..30 {
        ledger.opened(opening(number));
    }
    ledger.seen(seen(7, Outcome::Failed), String::new());
    let cause = Cause::from_code("media-udp-blocked").unwrap();
    let finding = Finding {
        cause,
        confidence: 90,
        proof: "5 checks by TCP, none by UDP".into(),
        remedy: cause.remedy(),
        missing_rule: None,
        subject: "media_1".into(),
        likewise: Vec::new(),
        applied: Default::default(),
    };
    ledger.found("con_7/1".into(), vec![finding]);
    let all = Filter {
        cause: Some("media-udp-blocked".into()),
        ..Filter::default()
    };
    until(&ledger, &all, |page| page.rows.len() == 1);
    let count = |change: &dyn Fn(&mut Filter)| {
        let mut filter = Filter::default();
        change(&mut filter);
        ledger.search(&filter).unwrap().rows.len()
    };
    assert_eq!(count(&|_| {}), 30);
    assert_eq!(count(&|it| it.session = Some("ses_1".into())), 10);
    assert_eq!(count(&|it| it.connection = Some("con_3".into())), 1);
    assert_eq!(count(&|it| it.node = Some("media_2".into())), 0);
    assert_eq!(count(&|it| it.boot = Some("boot_1".into())), 30);
    assert_eq!(count(&|it| it.cause = Some("udp".into())), 0);
    assert_eq!(count(&|it| it.network = "203.0.113.0/28".parse().ok()), 16);
    assert_eq!(count(&|it| it.network = "198.51.100.0/24".parse().ok()), 0);
    assert_eq!(count(&|it| it.since = Some(u64::MAX)), 0);
    assert_eq!(count(&|it| it.until = Some(1)), 0);
    for (words, found) in [
        ("con_7", 1),
        ("state: FAILED", 1),
        ("FAILED 198.51.100.9", 1),
        ("media-udp-blocked", 1),
        ("checks TCP", 1),
        ("Chromium", 30),
        ("Firefox", 0),
        ("\"", 30),
        ("ses_1 OR ses_2", 0),
    ] {
        assert_eq!(count(&|it| it.words = Some(words.into())), found, "{words}");
    }
    let mut filter = Filter {
        limit: 20,
        ..Filter::default()
    };
    let first = ledger.search(&filter).unwrap();
    assert!(first.more && first.rows.len() == 20);
    filter.before = Some(first.rows[19].id);
    let second = ledger.search(&filter).unwrap();
    assert!(!second.more && second.rows.len() == 10);
}

#[test]
fn a_browsers_report_finds_its_transport_whichever_comes_first() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = open(directory.path(), &Options::default());
    let browser = || Browser {
        errors: vec![BrowserError {
            url: "turn:192.0.2.1:3478".into(),
            code: 701,
            text: "TURN allocate request timed out.".into(),
        }],
        ..Browser::default()
    };
    ledger.opened(opening(1));
    ledger.reported("ses_1".into(), "early".into(), browser());
    ledger.seen(seen(1, Outcome::Failed), "early".into());
    ledger.opened(opening(2));
    ledger.seen(seen(2, Outcome::Failed), "late".into());
    ledger.reported("ses_2".into(), "late".into(), browser());
    // Somebody else's.
    ledger.reported("ses_0".into(), "late".into(), Browser::default());
    let words = Filter {
        words: Some("701 allocate".into()),
        ..failed()
    };
    let page = until(&ledger, &words, |page| page.rows.len() == 2);
    assert!(
        page.rows
            .iter()
            .all(|row| row.evidence.browser == Some(browser()))
    );
}

#[test]
fn what_a_node_carried_ends_with_its_boot() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = open(directory.path(), &Options::default());
    ledger.opened(opening(1));
    ledger.opened(opening(2));
    ledger.seen(seen(2, Outcome::Failed), String::new());
    ledger.began("media_1".into(), "boot_2".into());
    let ended = Filter {
        state: Some(State::Ended),
        ..Filter::default()
    };
    let page = until(&ledger, &ended, |page| page.rows.len() == 1);
    assert_eq!(page.rows[0].evidence.transport, "con_1/1");
    assert_eq!(ledger.search(&failed()).unwrap().rows.len(), 1);
}

#[test]
fn what_a_node_carried_ends_with_the_node_whoever_is_left_to_tell() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = open(directory.path(), &Options::default());
    for (number, node) in [(1, "lost"), (2, "forgotten"), (3, "media_1")] {
        let mut seen = seen(number, Outcome::Connected);
        seen.node = node.into();
        ledger.seen(seen, String::new());
    }
    let ended = Filter {
        state: Some(State::Ended),
        ..Filter::default()
    };
    ledger.over("lost".into());
    let page = until(&ledger, &ended, |page| page.rows.len() == 1);
    assert_eq!(page.rows[0].evidence.node, "lost");
    // A master that begins knows one of the others.
    ledger.remaining(["media_1".to_owned()].into());
    let page = until(&ledger, &ended, |page| page.rows.len() == 2);
    assert_eq!(page.rows[0].evidence.node, "forgotten");
    let connected = Filter {
        state: Some(State::Connected),
        ..Filter::default()
    };
    let left = ledger.search(&connected).unwrap().rows;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].evidence.transport, "con_3/1");
}

#[test]
fn what_no_node_ever_made_has_failed() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = open(directory.path(), &Options::default());
    ledger.opened(opening(1));
    ledger.opened(opening(2));
    ledger.seen(seen(2, Outcome::Pending), "frag".into());
    ledger.unmade("con_2/1".into(), "the link broke".into());
    ledger.unmade("con_9/1".into(), "the link broke".into());
    ledger.unmade("con_1/1".into(), "the link broke".into());
    let page = until(&ledger, &failed(), |page| !page.rows.is_empty());
    let found: Vec<_> = page.rows.iter().map(|row| &row.evidence).collect();
    assert_eq!(found.len(), 1, "a node told of the other one");
    assert_eq!(found[0].transport, "con_1/1");
    assert!(found[0].reason.ends_with("did not make it: the link broke"));
    assert!(found[0].times.closed.is_some());
}

#[test]
fn the_old_is_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = open(directory.path(), &Options::default());
    (0..10).for_each(|number| ledger.opened(opening(number)));
    until(&ledger, &Filter::default(), |page| page.rows.len() == 10);
    drop(ledger);
    std::thread::sleep(Duration::from_millis(20));
    let forgetful = Options {
        keep: Duration::from_millis(10),
        ..Options::default()
    };
    let ledger = open(directory.path(), &forgetful);
    until(&ledger, &Filter::default(), |page| page.rows.is_empty());
    let words = Filter {
        words: Some("Chromium".into()),
        ..Filter::default()
    };
    assert!(ledger.search(&words).unwrap().rows.is_empty());
}

#[test]
fn the_file_stays_within_its_size_and_the_oldest_go() {
    let directory = tempfile::tempdir().unwrap();
    let small = Options {
        most_bytes: 4 << 20,
        ..Options::default()
    };
    let ledger = open(directory.path(), &small);
    let mut wide = seen(0, Outcome::Connected);
    wide.pairs = vec![wide.pairs[0].clone(); 16];
    for number in 0..2000 {
        let evidence = Evidence {
            transport: format!("con_{number}/1"),
            ..wide.clone()
        };
        ledger.seen(evidence, String::new());
    }
    let until = Instant::now() + PATIENCE;
    while ledger.health().written + ledger.health().lost < 2000 {
        assert!(Instant::now() < until, "{:?}", ledger.health());
        std::thread::sleep(Duration::from_millis(20));
    }
    let health = ledger.health();
    assert!(health.evicted > 0, "{health:?}");
    assert_eq!((health.lost, health.problem), (0, None));
    let size = std::fs::metadata(directory.path().join("ledger.db"))
        .unwrap()
        .len();
    assert!(size <= 4 << 20, "{size}");
    let newest = &ledger.search(&Filter::default()).unwrap().rows[0];
    assert_eq!(newest.evidence.transport, "con_1999/1");
}

#[test]
fn a_broken_file_is_put_aside() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledger.db");
    std::fs::write(&path, [b'x'; 9000]).unwrap();
    let ledger = open(directory.path(), &Options::default());
    ledger.opened(opening(1));
    until(&ledger, &Filter::default(), |page| page.rows.len() == 1);
    assert!(directory.path().join("ledger.db.broken").exists());
}

#[test]
fn what_cannot_be_written_is_counted_and_holds_nobody_up() {
    let directory = tempfile::tempdir().unwrap();
    let tiny = Options {
        queue: 4,
        ..Options::default()
    };
    let ledger = open(directory.path(), &tiny);
    let begin = Instant::now();
    (0..1000).for_each(|number| ledger.opened(opening(number)));
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert!(ledger.health().lost > 900, "{:?}", ledger.health());
}
