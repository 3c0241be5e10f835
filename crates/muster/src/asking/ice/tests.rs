use diagnosis::{Evidence, Pair, Protocol, Times};

use super::*;
use crate::asking::table::WIDTH;

fn transport() -> IceTransport {
    IceTransport {
        id: 17,
        state: "FAILED".into(),
        opened: 1_795_817_109_000,
        session: "ses_A".into(),
        participant: "con_A".into(),
        direction: "publish".into(),
        node: "media_1".into(),
        reason: "ICE did not connect within 30 s".into(),
        ..IceTransport::default()
    }
}

#[test]
fn transports_are_a_table() {
    let mut found = IceTransports {
        transports: vec![transport()],
        ..IceTransports::default()
    };
    assert_eq!(
        listed(&found),
        "\
PARTICIPANT  ID  STATE   OPENED (UTC)    NODE     FOR      WHY
con_A        17  FAILED  11-27 22:05:09  media_1  sending  -
"
    );
    found.more = true;
    found.lost = 3;
    let text = listed(&found);
    assert!(text.contains("--before 17") && text.contains("3 entries"));
    assert!(listed(&IceTransports::default()).contains("no such"));
}

#[test]
fn a_story_says_what_never_came() {
    let mut story = IceStory {
        transport: transport(),
        ..IceStory::default()
    };
    let text = told(&story);
    assert!(text.contains("Not one connectivity check"), "{text}");
    assert!(text.contains("never  the first check"), "{text}");
    story.evidence = Evidence {
        times: Times {
            created: Some(1000),
            first_check: Some(1020),
            ..Times::default()
        },
        pairs: vec![Pair {
            remote: Some(([192, 0, 2, 1], 5).into()),
            protocol: Protocol::Udp,
            checks: 4,
            refused: [(401, 4)].into(),
            ..Pair::default()
        }],
        ..Evidence::default()
    };
    let text = told(&story);
    assert!(text.contains("20 ms  the first check"), "{text}");
    assert!(
        text.contains("4 checks, 0 answered, 4 refused (401)"),
        "{text}"
    );
    for line in text.lines() {
        assert!(line.chars().count() <= WIDTH, "{line}");
    }
}

#[test]
fn a_filter_is_a_query() {
    let filter = IceFilter {
        state: Some("FAILED".into()),
        network: Some("10.0.0.0/8".into()),
        words: vec!["state:".into(), "x&y".into()],
        limit: Some(5),
        ..IceFilter::default()
    };
    let query = query(filter);
    for part in [
        "state=FAILED",
        "network=10.0.0.0%2F8",
        "q=state%3A%20x%26y",
        "limit=5",
    ] {
        assert!(query.contains(part), "{query}");
    }
    assert_eq!(super::query(IceFilter::default()), "");
}
