//! Who reaches which node, looked at now.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use api::{LookingNow, NodeReach, Nodes, Operation, PathReach, Reachability, Stranger, Strangers};

use super::super::server::{Refusal, Server, understood};
use super::ways::{self, Group, Kind};
use super::words::list;
use super::{Check, State};

/// How long looks may take. One that nobody answers takes three seconds, and the next says that it was no accident.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(500);
/// Checks of strangers to one node within the hour that are more than the ends of calls.
const MANY: u64 = 100;

/// Of when it is what looks found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OfNow {
    /// Everybody has looked since it was asked.
    All,
    /// Not everybody in time.
    Late,
    /// Nodes are not probed.
    Off,
}

/// Has everybody look, and waits until they have, for a while.
pub(super) async fn look(server: &Server) -> Result<(Reachability, OfNow), Refusal> {
    let asked = Instant::now();
    let answer = server.ask(Operation::LookNow, "", "", None::<&()>).await?;
    let begun: LookingNow = understood(&answer)?;
    let Some(ago) = begun.ago_ms else {
        let (found, _) = server.get(Operation::Reachability, "").await?;
        return Ok((found, OfNow::Off));
    };
    loop {
        tokio::time::sleep(PAUSE).await;
        let (found, _): (Reachability, _) = server.get(Operation::Reachability, "").await?;
        let since = Duration::from_millis(ago) + asked.elapsed();
        if is_of_now(&found, since) {
            return Ok((found, OfNow::All));
        }
        if asked.elapsed() > PATIENCE {
            return Ok((found, OfNow::Late));
        }
    }
}

/// Whether the master and one of the others have looked at each node since then, and once more where a path failed that
/// was good: the next look says that it was no accident.
fn is_of_now(found: &Reachability, since: Duration) -> bool {
    let young = |path: &&PathReach| {
        let doubted = path.good && !path.ok;
        u128::from(path.age_ms) <= since.as_millis() && !doubted
    };
    let looks =
        |node: &&NodeReach| matches!(node.state.as_str(), "serving" | "draining" | "probing");
    let alone = found.nodes.iter().filter(looks).count() < 2;
    let looked = |node: &NodeReach| {
        let has = |from: &str| {
            let mut own = node
                .paths
                .iter()
                .filter(|path| path.from == from)
                .peekable();
            own.peek().is_some() && own.all(|path| young(&path))
        };
        let never = node.paths.iter().all(|path| path.from != "master");
        let others = node.paths.iter().map(|path| path.from.as_str());
        let mut others = others.filter(|from| *from != "master");
        (never || has("master")) && (alone || others.any(has))
    };
    let mut serving = found.nodes.iter().filter(|node| node.state == "serving");
    serving.all(looked)
}

/// What is not explained by a cause, and what is well.
pub(super) fn checks(
    found: &Reachability,
    groups: &[Group<'_>],
    nodes: &Nodes,
    of_now: OfNow,
) -> Vec<Check> {
    let mut checks: Vec<Check> = groups.iter().map(|group| of_group(group, nodes)).collect();
    let looked = found.nodes.iter().any(|node| !node.paths.is_empty());
    let well = ways::failing(&found.nodes).next().is_none();
    if looked && well {
        checks.push(Check::well("paths", passed(&found.nodes)));
    }
    let unknown = match of_now {
        OfNow::All => None,
        OfNow::Late => Some((
            format!(
                "not everybody had looked again within {} s; what is told of some paths is older",
                PATIENCE.as_secs()
            ),
            "ask again in a few seconds",
        )),
        OfNow::Off => Some((
            "nodes are not probed (cluster.probe is off): whether media gets through only calls will show"
                .to_owned(),
            "leave cluster.probe on unless the master has no way to the nodes",
        )),
    };
    checks.extend(unknown.map(|(seen, remedy)| Check::of("paths", State::Unknown, seen, remedy)));
    checks
}

fn of_group(group: &Group<'_>, nodes: &Nodes) -> Check {
    let state = match group.is_all() {
        true => State::Ill,
        false => State::Doubtful,
    };
    let mut check = Check::of(
        &group.kind.words(),
        state,
        group.seen(),
        remedy(group, nodes),
    );
    check.follows.push(group.told().to_owned());
    check
}

/// What is left for a person.
fn remedy(group: &Group<'_>, nodes: &Nodes) -> String {
    let concerned = group.nodes();
    match &group.kind {
        Kind::Straight { .. } if group.is_astray() => format!(
            "have {} answer from the address that was asked: no translation of addresses may be in between",
            list(concerned)
        ),
        Kind::Straight { protocol } => {
            let ports = nodes
                .nodes
                .iter()
                .filter(|it| concerned.contains(it.id.as_str()));
            let ports: BTreeSet<u16> = ports
                .flat_map(|it| it.media_ports.iter().copied())
                .collect();
            let ports = ports.iter().map(ToString::to_string);
            format!(
                "let {} from anywhere through to port {} of {}, or correct the addresses that clients are told",
                protocol.to_uppercase(),
                list(ports),
                list(concerned),
            )
        }
        Kind::Relay { at, protocol, .. } => format!(
            "see that it answers at {at} by {}, and that what it sends reaches the media ports of {} by UDP",
            protocol.to_uppercase(),
            list(concerned),
        ),
    }
}

fn passed(nodes: &[NodeReach]) -> String {
    let paths = || nodes.iter().flat_map(|node| &node.paths);
    let slowest = paths().filter_map(|path| path.round_trip_ms);
    let slowest = slowest.fold(0.0_f64, f64::max);
    let from: BTreeSet<&str> = paths().map(|path| path.from.as_str()).collect();
    format!(
        "media went there and back by all {} paths, looked at by {} (slowest {slowest} ms)",
        paths().count(),
        list(from)
    )
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
    use api::Way;

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
        let mut two = found(600);
        two.nodes.push(node("serves", vec![path("udp", true, 0)]));
        assert!(!is_of_now(&two, since), "nobody but the master has looked");
        for node in &mut two.nodes {
            let mut other = path("udp", true, 100);
            other.from = "media_2".into();
            node.paths.push(other);
        }
        assert!(is_of_now(&two, since));
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
