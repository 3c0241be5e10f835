//! Who reaches which node, looked at now.

use std::time::{Duration, Instant};

use api::{LookingNow, NodeReach, Operation, PathReach, Reachability, Stranger, Strangers, Way};

use super::super::server::{Refusal, Server, understood};
use super::{Check, State};

/// How long looks may take. One that nobody answers takes three seconds, and the next says that it was no accident.
const PATIENCE: Duration = Duration::from_secs(8);
const PAUSE: Duration = Duration::from_millis(500);
/// Checks of strangers to one node within the hour that are more than the ends of calls.
const MANY: u64 = 100;

/// Has everybody look, and waits until they have. True when the answer is of now.
pub(super) async fn look(server: &Server) -> Result<(Reachability, bool), Refusal> {
    let asked = Instant::now();
    let answer = server.ask(Operation::LookNow, "", "", None::<&()>).await?;
    let begun: LookingNow = understood(&answer)?;
    let Some(ago) = begun.ago_ms else {
        let (found, _) = server.get(Operation::Reachability, "").await?;
        return Ok((found, false));
    };
    loop {
        tokio::time::sleep(PAUSE).await;
        let (found, _): (Reachability, _) = server.get(Operation::Reachability, "").await?;
        let since = Duration::from_millis(ago) + asked.elapsed();
        if is_of_now(&found, since) || asked.elapsed() > PATIENCE {
            return Ok((found, true));
        }
    }
}

/// Whether the master has looked at all nodes since then, and once more where a path failed that was good: the next look
/// says that it was no accident. What other nodes see is younger than ten seconds anyway.
fn is_of_now(found: &Reachability, since: Duration) -> bool {
    let young = |path: &&PathReach| {
        let doubted = path.good && !path.ok;
        u128::from(path.age_ms) <= since.as_millis() && !doubted
    };
    let looked = |node: &NodeReach| {
        let mut own = node.paths.iter().filter(|path| path.from == "master");
        own.next().is_none_or(|first| young(&first)) && own.all(|path| young(&path))
    };
    found
        .nodes
        .iter()
        .filter(|node| node.state == "serving")
        .all(looked)
}

pub(super) fn checks(found: &Reachability, now: bool) -> Vec<Check> {
    let mut checks: Vec<Check> = found.nodes.iter().map(of_node).collect();
    if !now {
        let seen = "nodes are not probed (cluster.probe is off): whether media gets through only calls will show";
        let remedy = "leave cluster.probe on unless the master has no way to the nodes";
        checks.push(Check::of("paths", State::Unknown, seen, remedy));
    }
    checks
}

fn of_node(node: &NodeReach) -> Check {
    let name = format!("paths to {}", node.id);
    let lost: Vec<&PathReach> = node
        .paths
        .iter()
        .filter(|path| !(path.good && path.ok))
        .collect();
    let good = node.paths.len() - lost.len();
    let why: Vec<String> = lost.iter().take(4).map(|path| told(path)).collect();
    let why = match lost.len() {
        0..=4 => why.join("; "),
        more => format!("{}; and {} more", why.join("; "), more - 4),
    };
    match node.verdict.as_str() {
        "serves" if lost.is_empty() => Check::well(&name, passed(node, good)),
        "serves" | "partly" => {
            let seen = format!("{good} of {} carry media; {why}", node.paths.len());
            Check::of(&name, State::Doubtful, seen, remedy(node))
        }
        "unusable" => {
            let seen = format!(
                "media gets through to it by none of {} paths: {why}",
                lost.len()
            );
            Check::of(&name, State::Ill, seen, remedy(node))
        }
        _ => Check::of(&name, State::Unknown, &node.sentence, ""),
    }
}

fn passed(node: &NodeReach, good: usize) -> String {
    let slowest = node.paths.iter().filter_map(|path| path.round_trip_ms);
    let slowest = slowest.fold(0.0_f64, f64::max);
    let mut from: Vec<&str> = node.paths.iter().map(|path| path.from.as_str()).collect();
    from.sort_unstable();
    from.dedup();
    format!(
        "media went there and back by all {good} paths, looked at by {} (slowest {slowest} ms)",
        from.join(", ")
    )
}

fn told(path: &PathReach) -> String {
    let reason = path
        .reason
        .as_deref()
        .unwrap_or("it was lost, and answers again");
    format!("{} from {}: {reason}", way(&path.path), path.from)
}

fn way(way: &Way) -> String {
    match (&way.address, &way.relay) {
        (Some(ip), _) => format!("{} to {ip}", way.protocol),
        (None, Some(relay)) => format!("{} through the relay of {relay}", way.protocol),
        (None, None) => way.protocol.clone(),
    }
}

/// What the master does with it by itself, and what is left for a person.
fn remedy(node: &NodeReach) -> String {
    let withheld: Vec<String> = node.withheld.iter().map(way).collect();
    let done = match (node.verdict.as_str(), withheld.is_empty()) {
        ("unusable", _) => "nothing is placed on it until a path is good again".to_owned(),
        (_, false) => format!("clients are not told of {} any more", withheld.join(", ")),
        (_, true) => "clients may use all of them: others get through".to_owned(),
    };
    format!("{done}. Let the node's media ports through, UDP and TCP, or correct its addresses")
}

/// Of those who belong to no transport, in the last hour.
pub(super) fn strangers(found: &Strangers, now_ms: u64) -> Option<Check> {
    let young = |it: &&Stranger| it.last + 3_600_000 > now_ms;
    let worst = found
        .strangers
        .iter()
        .filter(young)
        .max_by_key(|it| it.unknown_user)?;
    let from = worst
        .address
        .map_or_else(|| "somebody".to_owned(), |ip| ip.to_string());
    (worst.unknown_user >= MANY).then(|| {
        let seen = format!(
            "{from} sent {} {} checks within the hour for transports that it does not have (the last: {})",
            worst.node, worst.unknown_user, worst.ufrag
        );
        let remedy = "the node was restarted, or something leads to the wrong node: `muster ice strangers`";
        Check::of("strangers", State::Doubtful, seen, remedy)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(protocol: &str, good: bool, age_ms: u64) -> PathReach {
        PathReach {
            from: "master".into(),
            path: Way {
                address: Some([192, 0, 2, 1].into()),
                relay: None,
                at: None,
                protocol: protocol.into(),
            },
            good,
            ok: good,
            call: true,
            round_trip_ms: good.then_some(1.5),
            sent: 0,
            lost: 0,
            stage: None,
            reason: (!good).then(|| "no answer".to_owned()),
            age_ms,
            since_ms: 9,
        }
    }

    fn node(verdict: &str, paths: Vec<PathReach>) -> NodeReach {
        NodeReach {
            id: "media_1".into(),
            state: "serving".into(),
            boot: None,
            addresses_version: None,
            verdict: verdict.into(),
            sentence: String::new(),
            evidence: Vec::new(),
            withheld: Vec::new(),
            paths,
        }
    }

    #[test]
    fn a_lost_path_is_told_with_its_reason_and_none_left_is_ill() {
        let well = of_node(&node("serves", vec![path("udp", true, 0)]));
        assert_eq!(well.state, State::Well, "{well:?}");
        let partly = of_node(&node(
            "partly",
            vec![path("udp", false, 0), path("tcp", true, 0)],
        ));
        assert_eq!(partly.state, State::Doubtful);
        assert!(
            partly
                .seen
                .contains("1 of 2 carry media; udp to 192.0.2.1 from master: no answer"),
            "{partly:?}"
        );
        let none = of_node(&node("unusable", vec![path("udp", false, 0)]));
        assert_eq!(none.state, State::Ill);
    }

    #[test]
    fn only_looks_since_it_was_asked_are_of_now() {
        let found = |age| Reachability {
            ready: true,
            nodes: vec![node(
                "serves",
                vec![path("udp", true, 0), path("tcp", true, age)],
            )],
        };
        let since = Duration::from_millis(700);
        assert!(is_of_now(&found(600), since));
        let mut doubted = found(600);
        doubted.nodes[0].paths[0].ok = false;
        assert!(!is_of_now(&doubted, since), "the next look decides");
        assert!(!is_of_now(&found(800), since));
    }

    #[test]
    fn strangers_are_told_of_when_they_are_more_than_ends_of_calls() {
        let found = |unknown_user, last| Strangers {
            strangers: vec![Stranger {
                node: "media_1".into(),
                unknown_user,
                last,
                ..Stranger::default()
            }],
        };
        assert!(strangers(&found(100, 5), 6).is_some());
        assert_eq!(strangers(&found(99, 5), 6), None);
        assert_eq!(strangers(&found(500, 5), 3_600_006), None);
    }
}
