//! The ledger: what was seen of transports, and what browsers tell of theirs.

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use api::{IceQuery, IceReport, IceStory, IceTransport, IceTransports, Problem};
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use conference::SessionId;
use diagnosis::{Direction, Protocol};
use ledger::{BadFilter, Filter, Ledger, LedgerError, Network, Row};

use super::answer::{Answer, Refusal, ok};
use crate::app::App;
use crate::http::ClientIp;

const DAY: u64 = 24 * 60 * 60 * 1000;

pub(super) async fn list(
    State(app): State<Arc<App>>,
    query: Result<Query<IceQuery>, QueryRejection>,
) -> Answer {
    let Query(query) = query.map_err(|error| Problem::new(400, error.body_text()))?;
    let filter = filter(&query, now())?;
    let (page, health) = read(&app, move |ledger| {
        Ok((ledger.search(&filter)?, ledger.health()))
    })
    .await?;
    Ok(ok(&IceTransports {
        transports: page.rows.iter().map(shown).collect(),
        more: page.more,
        lost: health.lost,
        problem: health.problem,
    }))
}

pub(super) async fn strangers(State(app): State<Arc<App>>) -> Answer {
    let found = read(&app, |ledger| ledger.strangers()).await?;
    let shown = found.into_iter().map(|found| api::Stranger {
        node: found.node,
        address: found.address,
        first: found.first,
        last: found.last,
        unknown_user: found.unknown_user,
        ufrag: found.ufrag,
        malformed: found.malformed,
        unproven: found.unproven,
    });
    Ok(ok(&api::Strangers {
        strangers: shown.collect(),
    }))
}

pub(super) async fn get(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer {
    let unknown = || Problem::new(404, format!("The ledger has no transport {id:.40?}"));
    let number: i64 = id.parse().map_err(|_| unknown())?;
    let row = read(&app, move |ledger| ledger.get(number)).await?;
    let row = row.ok_or_else(unknown)?;
    Ok(ok(&IceStory {
        transport: shown(&row),
        ice_servers: row.ice_servers,
        evidence: row.evidence,
        findings: row.findings,
    }))
}

/// Any page may send it, and it says nothing back: whoever has the token of a connection may tell of that connection.
pub(super) async fn report(
    State(app): State<Arc<App>>,
    ClientIp(ip): ClientIp,
    body: Bytes,
) -> Response {
    let taken = async {
        if !app.report_rate.allows(ip, Instant::now()) {
            let message = "Too many reports from your address; try again in a few seconds";
            return Err(Refusal::from(Problem::new(429, message)));
        }
        let report = IceReport::parse(&body)?;
        take(&app, report).await
    };
    let mut response = match taken.await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(refusal) => refusal.into_response(),
    };
    let anybody = HeaderValue::from_static("*");
    response
        .headers_mut()
        .insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, anybody);
    response
}

async fn take(app: &App, report: IceReport) -> Result<(), Refusal> {
    let session = SessionId::new(report.session().unwrap_or_default());
    let (token, wanted) = (report.token, session.clone());
    let known = app.look(move |conference, _| {
        let session = conference.session(&wanted);
        let mut connections = session
            .into_iter()
            .flat_map(|session| session.connections.values());
        connections.any(|connection| connection.token.as_str() == token)
    });
    if !known.await? {
        let message = "Expected the token of a connection that exists";
        return Err(Problem::new(401, message).into());
    }
    if let Some(ledger) = &app.config.ledger {
        ledger.reported(session.to_string(), report.ufrag, report.browser);
    }
    Ok(())
}

/// Reads the ledger, on a thread that may wait for the disk.
async fn read<T: Send + 'static>(
    app: &App,
    read: impl FnOnce(&Ledger) -> Result<T, LedgerError> + Send + 'static,
) -> Result<T, Refusal> {
    let Some(ledger) = app.config.ledger.clone() else {
        let message =
            "There is no ledger: it is turned off, or could not be opened; the log says which";
        return Err(Problem::new(503, message).into());
    };
    let done = tokio::task::spawn_blocking(move || read(&ledger)).await;
    let failed = |error: &dyn std::fmt::Display| Problem::new(503, error.to_string());
    let done = done.map_err(|error| failed(&error))?;
    Ok(done.map_err(|error| failed(&error))?)
}

fn filter(query: &IceQuery, now: u64) -> Result<Filter, Problem> {
    let bad = |error: BadFilter| Problem::new(400, error.to_string());
    let moment = |text: &Option<String>| text.as_deref().map(|text| moment(text, now)).transpose();
    let state = query.state.as_deref().map(str::parse).transpose();
    let network = query.network.as_deref().map(str::parse).transpose();
    Ok(Filter {
        state: state.map_err(bad)?,
        network: network.map_err(bad)?,
        since: moment(&query.since)?,
        until: moment(&query.until)?,
        session: query.session.clone(),
        connection: query.participant.clone(),
        node: query.node.clone(),
        boot: query.boot.clone(),
        cause: query.cause.clone(),
        words: query.q.clone(),
        before: query.before,
        limit: query.limit.unwrap_or(0),
    })
}

/// A point in time: `today`, how long ago, or milliseconds since the Unix epoch.
fn moment(text: &str, now: u64) -> Result<u64, Problem> {
    let bad = || {
        let message = format!(
            "Expected today, a span such as 90s, 15m, 2h or 1d, or milliseconds since the Unix epoch, got {text:.40?}"
        );
        Problem::new(400, message)
    };
    if text == "today" {
        return Ok(now - now % DAY);
    }
    if let Ok(millis) = text.parse() {
        return Ok(millis);
    }
    let unit = text.chars().last().ok_or_else(bad)?;
    let millis: u64 = match unit {
        's' => 1000,
        'm' => 60 * 1000,
        'h' => 60 * 60 * 1000,
        'd' => DAY,
        _ => return Err(bad()),
    };
    let count: u64 = text[..text.len() - 1].parse().map_err(|_| bad())?;
    Ok(now.saturating_sub(count.saturating_mul(millis)))
}

fn now() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn shown(row: &Row) -> IceTransport {
    let evidence = &row.evidence;
    let protocol = match evidence.protocol() {
        Protocol::Udp => Some("udp"),
        Protocol::Tcp | Protocol::Tls => Some("tcp"),
        Protocol::Unknown => None,
    };
    let direction = match evidence.direction {
        Direction::Publish => "publish",
        Direction::Subscribe => "subscribe",
        Direction::Unknown => "unknown",
    };
    let client = evidence.client.address;
    IceTransport {
        id: row.id,
        state: row.state.as_str().to_owned(),
        opened: row.opened,
        updated: row.updated,
        session: evidence.session.clone(),
        participant: evidence.connection.clone(),
        stream: evidence.stream.clone(),
        direction: direction.to_owned(),
        node: evidence.node.clone(),
        boot: evidence.boot.clone(),
        transport: evidence.transport.clone(),
        client,
        network: client.map(|ip| Network::of(ip).to_string()),
        platform: evidence.client.platform.clone(),
        protocol: protocol.map(str::to_owned),
        cause: row.findings.first().map(|it| it.cause.code().to_owned()),
        reason: evidence.reason.clone(),
    }
}

#[cfg(test)]
mod tests;
