//! `muster nodes`

use api::{
    AddNodes, Added, Drain, Node, Nodes, Operation, Reachability, Wanted, WantedRequest, Why,
};

use super::Told;
use super::paths;
use super::server::{Refusal, Server, pretty, understood};
use super::status;
use super::table::{paragraph, table};
use crate::cli::{Count, NodesWish as Wish};

pub async fn ask(server: &Server, wish: Wish, json: bool) -> Result<Told, Refusal> {
    let nothing = None::<&()>;
    let (answer, text) = match wish {
        Wish::List => {
            let (nodes, answer) = server.get::<Nodes>(Operation::ListNodes, "").await?;
            (answer, listed(&nodes.nodes))
        }
        Wish::Why { id } => {
            let (why, answer) = server.get::<Why>(Operation::Why, &id).await?;
            (answer, explained(&why))
        }
        Wish::Paths { id } => {
            let (known, answer) = server
                .get::<Reachability>(Operation::Reachability, "")
                .await?;
            (answer, paths::told(&known, id.as_deref()))
        }
        Wish::Add { count } => {
            let body = AddNodes { count };
            let answer = server.ask(Operation::AddNodes, "", "", Some(&body)).await?;
            let added: Added = understood(&answer)?;
            let text = format!("Launching {}.\n", added.ids.join(", "));
            (answer, text)
        }
        Wish::Want { count } => want(server, count).await?,
        Wish::Drain { id, within } => {
            let within_seconds = within.map(|span| span.as_secs());
            let body = Drain { within_seconds };
            let answer = server.ask(Operation::Drain, &id, "", Some(&body)).await?;
            let until = match within {
                Some(span) => format!("What is left is closed in {} s.", span.as_secs()),
                None => "What is left after the usual time is closed.".to_owned(),
            };
            let text = format!("{id} takes no more sessions and goes with its last one. {until}");
            (answer, paragraph("", &text))
        }
        Wish::Undrain { id } => {
            let answer = server.ask(Operation::UnDrain, &id, "", nothing).await?;
            (answer, format!("{id} stays.\n"))
        }
        Wish::Remove { id, now } => {
            let query = if now { "?now=true" } else { "" };
            let answer = server
                .ask(Operation::RemoveNode, &id, query, nothing)
                .await?;
            let text = match now {
                true => format!("{id} goes now; its sessions are closed."),
                false => format!("{id} takes no more sessions and goes with its last one."),
            };
            (answer, paragraph("", &text))
        }
        Wish::Revoke { id } => {
            let answer = server.ask(Operation::Revoke, &id, "", nothing).await?;
            let text =
                format!("{id} is cut off; it can join again with a new token only (muster token).");
            (answer, paragraph("", &text))
        }
    };
    Ok(Told::well(if json { pretty(&answer) } else { text }))
}

/// The answer, and what it says.
async fn want(server: &Server, count: Count) -> Result<(String, String), Refusal> {
    let answer = match count {
        Count::Exactly(nodes) => {
            let body = WantedRequest { nodes };
            server.ask(Operation::Want, "", "", Some(&body)).await?
        }
        Count::Auto => {
            let nothing = None::<&()>;
            server.ask(Operation::Unwant, "", "", nothing).await?
        }
    };
    let wanted: Wanted = understood(&answer)?;
    let text = paragraph("Wanted: ", &format!("{}.", status::wanted(&wanted)));
    Ok((answer, text))
}

/// The table, and a sentence on each node that does not serve.
pub fn listed(nodes: &[Node]) -> String {
    if nodes.is_empty() {
        return "There are no nodes. Start one with `muster node`; `muster token` prints what it needs.\n"
            .to_owned();
    }
    let head = ["NODE", "STATE", "SESSIONS", "STREAMS", "CPU", "ADDRESS"];
    let rows: Vec<Vec<String>> = nodes.iter().map(row).collect();
    let mut out = table(&head, &rows);
    let others = nodes.iter().filter(|node| node.state != "serving");
    for (index, node) in others.enumerate() {
        if index == 0 {
            out.push('\n');
        }
        out += &paragraph("- ", &format!("{}.", node.why.sentence));
    }
    out
}

fn row(node: &Node) -> Vec<String> {
    vec![
        node.id.clone(),
        node.state.clone(),
        node.sessions.to_string(),
        node.load.streams.to_string(),
        format!("{:.0}%", node.load.cpu_percent),
        node.addresses
            .first()
            .map_or_else(|| "-".to_owned(), ToString::to_string),
    ]
}

/// The sentence and what it follows from.
pub fn explained(why: &Why) -> String {
    let mut out = paragraph("", &format!("{}.", why.sentence));
    if !why.remedy.is_empty() {
        out += &paragraph("  → ", &why.remedy);
    }
    for fact in &why.evidence {
        out += &paragraph("  - ", fact);
    }
    out
}
