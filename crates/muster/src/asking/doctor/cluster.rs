//! What the master says of its cluster.

use std::collections::BTreeMap;

use api::{Node, Nodes, Status};
use diagnosis::Cause;

use super::causes::{Explained, is_of_node};
use super::machine::SHOWN;
use super::ways::Group;
use super::words::list;
use super::{Check, State};

/// Of one that was reached. Nodes that do not serve because of what is told elsewhere are not told of again.
pub(super) fn checks(
    status: &Status,
    nodes: &Nodes,
    causes: &[Explained<'_>],
    groups: &[Group<'_>],
) -> Vec<Check> {
    let mut checks = vec![Check::well(
        "master",
        format!("version {} answers", status.version),
    )];
    let told = |sentence: &String| {
        let mut nodes = nodes.nodes.iter();
        sentence.starts_with("no media node") || nodes.any(|node| sentence.contains(&node.id))
    };
    for problem in status.problems.iter().filter(|it| !told(it)) {
        checks.push(Check::of("cluster", State::Doubtful, problem, ""));
    }
    let (serving, others): (Vec<&Node>, Vec<&Node>) =
        nodes.nodes.iter().partition(|node| node.state == "serving");
    if !serving.is_empty() {
        let ids = list(serving.iter().map(|node| &node.id));
        let verb = if serving.len() == 1 {
            "serves"
        } else {
            "serve"
        };
        checks.push(Check::well("nodes", format!("{ids} {verb}")));
    }
    let explained = |node: &Node| {
        let id = node.id.as_str();
        let has = |it: &&Explained<'_>| it.subjects().contains(&id);
        let left_out = |it: &Explained<'_>| it.finding.cause == Cause::NodeLeftOut;
        let cut_off = |it: &Explained<'_>| is_of_node(it.finding.cause);
        let mut groups = groups.iter().filter(|group| group.is_all());
        let obeys_another = |it: &Explained<'_>| it.finding.cause == Cause::SecondMaster;
        causes.iter().filter(has).any(left_out)
            || node.why.sentence.contains("hung up on this master")
                && causes.iter().any(obeys_another)
            || node.state == "probing"
                && (causes.iter().filter(has).any(cut_off)
                    || groups.any(|group| group.nodes().contains(id)))
    };
    let mut by_state: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
    for node in others.into_iter().filter(|node| !explained(node)) {
        by_state.entry(&node.state).or_default().push(node);
    }
    checks.extend(
        by_state
            .into_iter()
            .map(|(state, nodes)| idle(state, &nodes)),
    );
    checks
}

/// It answers, and its certificate is not accepted.
pub(super) fn is_distrusted(why: &str) -> bool {
    why.contains("invalid peer certificate")
}

/// Nodes in one state in which nothing new is placed on them.
fn idle(state: &str, nodes: &[&Node]) -> Check {
    let ids = list(nodes.iter().map(|node| &node.id));
    let id = nodes.first().map_or("", |node| node.id.as_str());
    let known = nodes.first().map_or("", |node| node.why.remedy.as_str());
    let remedy = match state {
        _ if !known.is_empty() => known.to_owned(),
        "draining" => {
            format!("`muster nodes undrain {id}` takes it back; else it goes with its last session")
        }
        "terminating" | "canceled" => {
            "nothing is to be done: somebody wanted it so, and it goes".to_owned()
        }
        "launching" => "wait for it; what launched it says more in its own log".to_owned(),
        "joining" => format!(
            "start it, and see that it gets through to the link's port of the master; if it is no more: \
             `muster nodes remove {id} --now`. `muster nodes why {id}` says what is known"
        ),
        "suspect" => format!(
            "look whether its process and its machine live; it is taken back as soon as it is heard. \
             `muster nodes why {id}` says what is known"
        ),
        _ => format!("`muster nodes why {id}` says what is known"),
    };
    let (name, seen) = match nodes {
        [node] => (format!("node {id}"), node.why.sentence.clone()),
        _ => {
            let first = nodes.first().map_or("", |node| node.why.sentence.as_str());
            (
                "nodes".to_owned(),
                format!("{ids} are {state}; of the first: {first}"),
            )
        }
    };
    Check::of(&name, State::Doubtful, seen, remedy)
}

/// Of one that was not.
pub(super) fn unreached(why: &str) -> Check {
    // What follows says how to ask another.
    let why = why.lines().next().unwrap_or_default();
    if is_distrusted(why) {
        let remedy = "renew the certificate; if it is the right one, give a copy of it by --certificate, or its authority \
                      by --authorities";
        return Check::of(SHOWN, State::Ill, why, remedy);
    }
    let remedy = "start it (`muster up`, or `muster master`), or name it with --url or --data-dir. Until then nobody can \
                  join or publish; calls that run go on at their nodes, and are taken up again by the next master with \
                  the same data directory";
    Check::of("master", State::Ill, why, remedy)
}
