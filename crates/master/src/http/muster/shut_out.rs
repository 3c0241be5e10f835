//! Why a node is away that will not come back by itself: it was revoked, or obeys another master.

use ::control::{Control, Now};
use cluster::{Node, NodeId};

/// How long, milliseconds, a node's hanging up says something: it dials again within half a minute.
const LATELY_MS: u64 = 120_000;
/// A revoked node is cut off within this, milliseconds.
const WITHIN_MS: u64 = 10_000;

/// Why, and what a person has to do.
#[derive(Debug)]
pub(super) struct Away {
    pub why: String,
    pub remedy: &'static str,
}

/// `None` for a node that is here, or that may come back. `revoked` are nodes with the time,
/// seconds since the Unix epoch.
pub(super) fn of(
    control: &Control,
    now: Now,
    revoked: &[(String, u64)],
    id: &NodeId,
) -> Option<Away> {
    let node = control.cluster().node(id);
    if node.is_some_and(|node| node.attachment().is_some()) {
        return None;
    }
    let now_ms = now.timestamp.0;
    if let Some((master, term, at)) = control.hung_up(id)
        && at.saturating_add(LATELY_MS) >= now_ms
    {
        let why = format!(
            "it hung up on this master {} s ago, because it has obeyed master {master} of term {term}, and this one's is \
             lower",
            now_ms.saturating_sub(at) / 1000
        );
        let remedy = "see that no other master runs, then start this one anew (its term rises) or the node's process";
        return Some(Away { why, remedy });
    }
    let (_, at) = revoked.iter().find(|(node, _)| node == id.as_str())?;
    let ago = now_ms.saturating_sub(at.saturating_mul(1000));
    let before = node.is_none_or(|node| was_here_before(now, ago, node));
    before.then(|| Away {
        why: format!("it was revoked {} ago", span(ago / 1000)),
        remedy: "give it a new join token (`muster token`); with what it was issued before it does not come back",
    })
}

/// Since then it has not been here with a younger token.
fn was_here_before(now: Now, ago_ms: u64, node: &Node) -> bool {
    let down = node
        .down_since()
        .map(|at| now.moment.0.saturating_sub(at.0));
    down.is_none_or(|down| down.saturating_add(WITHIN_MS) >= ago_ms)
}

fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
