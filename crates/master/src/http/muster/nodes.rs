//! Nodes.

use std::sync::Arc;
use std::time::Duration;

use ::control::{Control, Input, Working};
use api::{
    AddNodes, Added, Drain, LookingNow, Machine, Node, Nodes, ProbeTarget, Problem, Reachability,
    RelayToTry, Why,
};
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use cluster::{Command, Illegal, MediaNodeStatus, NodeId};

use super::answer::{Answer, Refusal, json, ok};
use super::shut_out::{self, Away};
use crate::app::App;

/// More at once are a slip of the finger.
const MOST: u32 = 100;

/// Longest drain: a week.
const LONGEST: u64 = 7 * 24 * 60 * 60;

pub(super) async fn list(State(app): State<Arc<App>>) -> Answer {
    let revoked = app.config.link_trust.revocations.all();
    let nodes = app.inspect(move |control, now| {
        let mut nodes = Nodes::of(control.cluster(), now.moment);
        for node in &mut nodes.nodes {
            let id = NodeId::new(node.id.as_str());
            tell(&mut node.why, shut_out::of(control, now, &revoked, &id));
            node.machine = machine(control, &id);
        }
        nodes
    });
    Ok(ok(&nodes.await?))
}

pub(super) async fn get(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer {
    let id = NodeId::new(id);
    let wanted = id.clone();
    let found = app.inspect(move |control, now| {
        let cluster = control.cluster();
        let node = cluster.node(&wanted)?;
        let machine = machine(control, &wanted);
        Some(Node {
            machine,
            ..Node::of(cluster, now.moment, node)
        })
    });
    Ok(ok(&found.await?.ok_or_else(|| unknown(&id))?))
}

pub(super) async fn why(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer {
    let id = NodeId::new(id);
    let wanted = id.clone();
    let revoked = app.config.link_trust.revocations.all();
    let found = app.inspect(move |control, now| {
        let away = shut_out::of(control, now, &revoked, &wanted);
        let mut why = match (Why::of(control.cluster(), now.moment, &wanted), &away) {
            (Some(why), _) => why,
            (None, Some(_)) => Why {
                sentence: format!("{wanted} is not here"),
                evidence: Vec::new(),
                remedy: String::new(),
            },
            (None, None) => return None,
        };
        tell(&mut why, away);
        why.evidence
            .extend(control.working(&wanted).map(works).into_iter().flatten());
        Some(why)
    });
    Ok(ok(&found.await?.ok_or_else(|| unknown(&id))?))
}

/// What it says of its machine.
fn machine(control: &Control, id: &NodeId) -> Machine {
    let told = control.limits_told(id).map(Machine::of);
    told.unwrap_or_default()
}

/// Adds why it is away.
fn tell(why: &mut Why, away: Option<Away>) {
    if let Some(away) = away {
        why.sentence = format!("{}: {}", why.sentence, away.why);
        why.remedy = away.remedy.to_owned();
    }
}

/// How it works, in sentences.
fn works(working: &Working) -> Vec<String> {
    let mut told = Vec::new();
    if let Some(skew) = working.skew {
        told.push(format!(
            "its clock is {} ms {} the master's, give or take {} ms",
            skew.ahead_ms.unsigned_abs(),
            if skew.ahead_ms < 0 {
                "behind"
            } else {
                "ahead of"
            },
            skew.uncertainty_ms
        ));
    }
    if let Some((version, _)) = working.told
        && version != working.running.version
    {
        told.push(format!(
            "it works with version {} of its settings, and was told version {version}",
            working.running.version
        ));
    }
    if working.diverges {
        told.push("its relay has another secret than the master".to_owned());
    }
    told
}

pub(super) async fn probe_target(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer {
    let id = NodeId::new(id);
    let wanted = id.clone();
    let found = app.inspect(move |control, now| {
        let addresses = control.cluster().node(&wanted)?.addresses();
        // Quotas of relays hold for each name.
        let label = format!("look{}", now.timestamp.0);
        let relays = control.relays_towards(&wanted, &label);
        Some(ProbeTarget {
            addresses: addresses.ips.clone(),
            media_ports: addresses.ports.clone(),
            stun_port: addresses.stun_port,
            relays: relays.iter().map(RelayToTry::of).collect(),
        })
    });
    Ok(ok(&found.await?.ok_or_else(|| unknown(&id))?))
}

pub(super) async fn reachability(State(app): State<Arc<App>>) -> Answer {
    let found = app
        .inspect(|control, now| Reachability::of(control.cluster(), control.matrix(), now.moment));
    Ok(ok(&found.await?))
}

pub(super) async fn look_now(State(app): State<Arc<App>>) -> Answer {
    app.input(Input::LookNow).await?;
    let ago = app.inspect(|control, _| control.looks_hurried()).await?;
    let ago_ms = ago.map(|ago| u64::try_from(ago.as_millis()).unwrap_or(u64::MAX));
    Ok(json(StatusCode::ACCEPTED, &LookingNow { ago_ms }))
}

pub(super) async fn add(State(app): State<Arc<App>>, body: Bytes) -> Answer {
    let AddNodes { count } = api::parse(&body)?;
    if !(1..=MOST).contains(&count) {
        let message = format!("count has to be from 1 to {MOST}, not {count}");
        return Err(Problem::new(400, message).into());
    }
    let mut added = Added::default();
    for _ in 0..count {
        let obeyed = app.command(Command::Launch).await??;
        added.ids.extend(obeyed.launched.map(|id| id.to_string()));
    }
    Ok(json(StatusCode::ACCEPTED, &added))
}

pub(super) async fn drain(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let Drain { within_seconds } = api::parse(&body)?;
    if within_seconds.is_some_and(|seconds| seconds > LONGEST) {
        let message = format!("withinSeconds has to be at most {LONGEST}");
        return Err(Problem::new(400, message).into());
    }
    let drain = Command::Drain {
        node: NodeId::new(id),
        within: within_seconds.map(Duration::from_secs),
    };
    command(&app, drain).await?;
    Ok(StatusCode::ACCEPTED.into_response())
}

pub(super) async fn undrain(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer {
    command(&app, Command::UnDrain(NodeId::new(id))).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// With its last session, or at once.
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let now = is_now(query.as_deref().unwrap_or_default())?;
    let node = NodeId::new(id);
    let wanted = node.clone();
    let status =
        app.inspect(move |control, _| control.cluster().node(&wanted).map(cluster::Node::status));
    let Some(status) = status.await? else {
        return Err(gone(&app, node).await?.into());
    };
    let wish = match status {
        MediaNodeStatus::Failed => {
            app.input(Input::Gone { node }).await?;
            return Ok(StatusCode::ACCEPTED.into_response());
        }
        MediaNodeStatus::Launching => Command::Cancel(node),
        MediaNodeStatus::Running | MediaNodeStatus::WaitingIdleToTerminate if now => {
            Command::Terminate(node)
        }
        _ => Command::Drain { node, within: None },
    };
    command(&app, wish).await?;
    Ok(StatusCode::ACCEPTED.into_response())
}

fn is_now(query: &str) -> Result<bool, Refusal> {
    let mut now = false;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        now = match pair {
            "now" | "now=true" => true,
            "now=false" => false,
            other => {
                let message = format!("Expected now=true or now=false, not \"{other}\"");
                return Err(Problem::new(400, message).into());
            }
        };
    }
    Ok(now)
}

/// Does it, and says of a node that is gone how it went.
async fn command(app: &App, wish: Command) -> Result<(), Refusal> {
    match app.command(wish).await? {
        Ok(_) => Ok(()),
        Err(Illegal::UnknownNode(node)) => Err(gone(app, node).await?.into()),
        Err(illegal) => Err(illegal.into()),
    }
}

async fn gone(app: &App, node: NodeId) -> Result<Problem, Refusal> {
    let wanted = node.clone();
    let why = app.inspect(move |control, now| Why::of(control.cluster(), now.moment, &wanted));
    Ok(match why.await? {
        Some(why) => Problem::new(404, format!("media node {node} is gone: {}", why.sentence)),
        None => unknown(&node),
    })
}

fn unknown(node: &NodeId) -> Problem {
    Problem::new(404, format!("media node {node} is not known"))
}
