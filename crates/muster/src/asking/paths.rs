//! `muster nodes paths`

use api::{NodeReach, PathReach, Reachability, Way};

use super::table::{paragraph, table};

/// A sentence on each node and a table of its paths, as each of those who looked found them: what came of the last look,
/// whether clients are told of the path, the round trip, what was lost, and how long ago that was.
pub fn told(reachability: &Reachability, only: Option<&str>) -> String {
    let nodes = reachability.nodes.iter();
    let wanted: Vec<&NodeReach> = nodes
        .filter(|node| only.is_none_or(|id| node.id == id))
        .collect();
    if wanted.is_empty() {
        return match only {
            Some(id) => format!("There is no node {id}.\n"),
            None => "There are no nodes.\n".to_owned(),
        };
    }
    let told: Vec<String> = wanted.iter().map(|node| of_node(node)).collect();
    told.join("\n")
}

fn of_node(node: &NodeReach) -> String {
    let mut out = paragraph("", &format!("{}.", node.sentence));
    if node.paths.is_empty() {
        return out;
    }
    let head = ["PATH", "FROM", "RESULT", "TOLD", "TRIP", "LOSS", "AGO"];
    let rows: Vec<Vec<String>> = node.paths.iter().map(|path| row(node, path)).collect();
    out += &table(&head, &rows);
    out
}

fn row(node: &NodeReach, path: &PathReach) -> Vec<String> {
    let withheld = node.withheld.contains(&path.path);
    let how = match (path.good, path.ok) {
        (true, true) => "ok".to_owned(),
        (true, false) => "failed once".to_owned(),
        (false, true) => "watched".to_owned(),
        (false, false) => format!("no: {}", path.stage.as_deref().unwrap_or("failed")),
    };
    let trip = path.round_trip_ms;
    vec![
        named(&path.path),
        path.from.clone(),
        how,
        if withheld { "no" } else { "yes" }.to_owned(),
        trip.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.1} ms")),
        match path.sent {
            0 => "-".to_owned(),
            sent => format!("{}%", 100 * path.lost / sent),
        },
        format!("{} s", path.age_ms / 1000),
    ]
}

/// Such as `udp 203.0.113.7`, or `tls relay of master 203.0.113.1:443`.
fn named(way: &Way) -> String {
    let at = way.at.as_deref().unwrap_or_default();
    match (&way.address, &way.relay) {
        (Some(address), _) => format!("{} {address}", way.protocol),
        (None, Some(relay)) => format!("{} relay of {relay} {at}", way.protocol),
        (None, None) => way.protocol.clone(),
    }
}
