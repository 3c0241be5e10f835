//! `muster ice`

mod story;
mod time;

use api::{IceQuery, IceStory, IceTransport, IceTransports, Operation, Stranger, Strangers};

use super::Told;
use super::server::{Refusal, Server, encoded, pretty, understood};
use super::table::{paragraph, table};
use crate::cli::{IceFilter, IceWish};

pub use story::told;

pub async fn ask(
    server: &Server,
    filter: IceFilter,
    wish: Option<IceWish>,
    json: bool,
) -> Result<Told, Refusal> {
    if let Some(IceWish::Show { id }) = wish {
        let (story, answer) = server
            .get::<IceStory>(Operation::Ice, &id.to_string())
            .await?;
        let text = if json { pretty(&answer) } else { told(&story) };
        return Ok(Told::well(text));
    }
    if let Some(IceWish::Strangers) = wish {
        let (found, answer) = server.get::<Strangers>(Operation::Strangers, "").await?;
        let text = if json {
            pretty(&answer)
        } else {
            strangers(&found)
        };
        return Ok(Told::well(text));
    }
    let query = query(filter);
    let nothing = None::<&()>;
    let answer = server.ask(Operation::ListIce, "", &query, nothing).await?;
    let found: IceTransports = understood(&answer)?;
    let text = if json {
        pretty(&answer)
    } else {
        listed(&found)
    };
    Ok(Told::well(text))
}

/// As the API reads it.
fn query(filter: IceFilter) -> String {
    let words = filter.words.join(" ");
    let query = IceQuery {
        state: filter.state,
        since: filter.since,
        until: filter.until,
        session: filter.session,
        participant: filter.participant,
        node: filter.node,
        boot: filter.boot,
        cause: filter.cause,
        network: filter.network,
        q: (!words.is_empty()).then_some(words),
        before: filter.before,
        limit: filter.limit,
    };
    let value = serde_json::to_value(&query).unwrap_or_default();
    let pairs = value.as_object().into_iter().flatten();
    let pairs = pairs.filter_map(|(key, value)| {
        let text = match value {
            serde_json::Value::Null => return None,
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some(format!("{key}={}", encoded(&text)))
    });
    let pairs: Vec<String> = pairs.collect();
    match pairs.is_empty() {
        true => String::new(),
        false => format!("?{}", pairs.join("&")),
    }
}

/// Who belongs to no transport, by hour.
pub fn strangers(found: &Strangers) -> String {
    if found.strangers.is_empty() {
        return "Nobody sent a node what belongs to no transport.\n".to_owned();
    }
    let head = [
        "LAST (UTC)",
        "NODE",
        "FROM",
        "CHECKS",
        "FOR",
        "UNREADABLE",
        "UNPROVEN",
    ];
    let row = |it: &Stranger| {
        vec![
            time::short(it.last),
            it.node.clone(),
            it.address
                .map_or_else(|| "others".to_owned(), |ip| ip.to_string()),
            it.unknown_user.to_string(),
            if it.ufrag.is_empty() {
                "-".to_owned()
            } else {
                it.ufrag.clone()
            },
            it.malformed.to_string(),
            it.unproven.to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = found.strangers.iter().map(row).collect();
    let said = "CHECKS name a transport (FOR) that the node does not have: it was restarted or has closed it, or their \
                sender means another node. Some come after every call. Each row is of one hour.";
    table(&head, &rows) + &paragraph("\n", said)
}

/// The table, and what has to be said about it.
pub fn listed(found: &IceTransports) -> String {
    let mut out = if found.transports.is_empty() {
        "There is no such transport.\n".to_owned()
    } else {
        let head = [
            "PARTICIPANT",
            "ID",
            "STATE",
            "OPENED (UTC)",
            "NODE",
            "FOR",
            "WHY",
        ];
        let rows: Vec<Vec<String>> = found.transports.iter().map(row).collect();
        table(&head, &rows)
    };
    if found.more {
        let last = found.transports.last().map_or(0, |last| last.id);
        out += &paragraph(
            "\n",
            &format!("There are more: --before {last} shows them."),
        );
    }
    if let Some(problem) = &found.problem {
        out += &paragraph("\n! ", &format!("The ledger cannot be written: {problem}."));
    }
    if found.lost > 0 {
        let text = format!(
            "{} entries were lost since the master's start; what is shown may lack something.",
            found.lost
        );
        out += &paragraph("\n! ", &text);
    }
    out
}

fn row(transport: &IceTransport) -> Vec<String> {
    let direction = match transport.direction.as_str() {
        "publish" => "sending",
        "subscribe" => "receiving",
        other => other,
    };
    let why = match (
        &transport.cause,
        &transport.protocol,
        transport.state.as_str(),
    ) {
        (Some(cause), _, _) => cause.clone(),
        (None, Some(protocol), "CONNECTED" | "ENDED") => format!("by {protocol}"),
        (None, _, _) => "-".to_owned(),
    };
    let node = transport.node.as_str();
    vec![
        transport.participant.clone(),
        transport.id.to_string(),
        transport.state.clone(),
        time::short(transport.opened),
        node.to_owned(),
        direction.to_owned(),
        why,
    ]
}

#[cfg(test)]
mod tests;
