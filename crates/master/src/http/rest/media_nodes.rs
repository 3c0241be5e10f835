//! `/media-nodes`

use std::sync::Arc;
use std::time::Duration;

use ::control::{Control, Input, Now};
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use cluster::{Command, MediaNodeStatus, Moment, Node, NodeId};
use conference::{SessionId, Timestamp};
use openvidu::rest::{
    MediaNode, NodeFlags, NodeTimes, Refused, RemovalStep, command_for, launch_failed, may_launch,
    no_such_node, parse_launch, parse_removal, parse_status, refusal_of, render_media_node,
    render_media_nodes,
};
use tokio::time::{Instant, sleep};

use super::answer::{Answer, Problem, json};
use crate::app::App;

/// How long a request with `wait` waits for a node. Longer than a launch may take.
pub(in crate::http) const WAIT: Duration = Duration::from_secs(330);

/// Between two looks at a node that is waited for.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

pub(super) async fn list(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Answer {
    let flags = NodeFlags::of_query(&query.unwrap_or_default())?;
    let text = app.inspect(move |control, now| {
        let nodes = control.cluster().nodes();
        let nodes: Vec<MediaNode<'_>> = nodes.map(|node| shown(control, now, node)).collect();
        render_media_nodes(&nodes, flags)
    });
    Ok(json(text.await?))
}

pub(super) async fn get(
    State(app): State<Arc<App>>,
    Path(node): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let flags = NodeFlags::of_query(&query.unwrap_or_default())?;
    one(&app, NodeId::new(node), flags).await
}

/// Nodes dial in by themselves, so there is never one to be found.
pub(super) async fn discover() -> Response {
    json(render_media_nodes(&[], NodeFlags::default()))
}

pub(super) async fn launch(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Answer {
    let request = parse_launch(&query.unwrap_or_default(), &body)?;
    let wait = request.wait;
    app.inspect(move |control, _| {
        let cluster = control.cluster();
        may_launch(&request, cluster.nodes(), cluster.settings().launches > 0)
    })
    .await??;
    let node = match app.command(Command::Launch).await? {
        Ok(obeyed) => obeyed
            .launched
            .ok_or_else(|| launch_failed("the cluster launched none"))?,
        Err(illegal) => return Err(refused(&illegal)),
    };
    if wait {
        come_up(&app, &node).await?;
    }
    one(&app, node, NodeFlags::default()).await
}

pub(super) async fn remove(
    State(app): State<Arc<App>>,
    Path(node): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let removal = parse_removal(&query.unwrap_or_default())?;
    let node = NodeId::new(node);
    let wanted = node.clone();
    let decided = app.inspect(move |control, _| {
        let node = control.cluster().node(&wanted);
        let node = node.ok_or_else(|| no_such_node(&wanted))?;
        Ok::<_, Refused>((removal.step(node)?, node.sessions().len() > 0))
    });
    let (step, had_sessions) = decided.await??;
    match &step {
        RemovalStep::Command(command) | RemovalStep::Drain(command) => {
            match app.command(command.clone()).await? {
                Err(illegal) if refusal_of(&illegal).is_some() => return Err(refused(&illegal)),
                _ => {}
            }
        }
        RemovalStep::Forget => app.input(Input::Gone { node: node.clone() }).await?,
        RemovalStep::Draining | RemovalStep::Going => {}
    }
    let status = removal.status(&step, had_sessions);
    if removal.wait && status != 202 {
        go(&app, &node).await?;
    }
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Ok(status.into_response())
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    Path(node): Path<String>,
    body: Bytes,
) -> Answer {
    let node = NodeId::new(node);
    status_of(&app, &node)
        .await?
        .ok_or_else(|| no_such_node(&node))?;
    let command = command_for(node.clone(), parse_status(&body)?)?;
    match app.command(command).await? {
        Ok(_) => one(&app, node, NodeFlags::default()).await,
        Err(illegal) => match refusal_of(&illegal) {
            Some(refused) => Err(refused.into()),
            None => Ok(StatusCode::NO_CONTENT.into_response()),
        },
    }
}

async fn one(app: &App, node: NodeId, flags: NodeFlags) -> Answer {
    let text = app.inspect(move |control, now| match control.cluster().node(&node) {
        Some(node) => Ok(render_media_node(&shown(control, now, node), flags)),
        None => Err(no_such_node(&node)),
    });
    Ok(json(text.await??))
}

fn shown<'a>(control: &'a Control, now: Now, node: &'a Node) -> MediaNode<'a> {
    let carried = node.sessions();
    MediaNode {
        node,
        times: NodeTimes {
            launching: read(now, node.since()),
            connection: node.dialled().map(|at| read(now, at)),
            disconnection: node.down_since().map(|at| read(now, at)),
        },
        sessions: carried
            .filter_map(|id| control.conference().session(&SessionId::new(id.as_str())))
            .collect(),
    }
}

/// What the wall clock read then.
fn read(now: Now, at: Moment) -> Timestamp {
    let since = now.moment.0.saturating_sub(at.0);
    Timestamp(now.timestamp.0.saturating_sub(since))
}

async fn status_of(app: &App, node: &NodeId) -> Result<Option<MediaNodeStatus>, Problem> {
    let node = node.clone();
    let status = app.inspect(move |control, _| control.cluster().node(&node).map(Node::status));
    Ok(status.await?)
}

/// Waits until a launched node takes sessions.
async fn come_up(app: &App, node: &NodeId) -> Result<(), Problem> {
    let deadline = Instant::now() + WAIT;
    while Instant::now() < deadline {
        match status_of(app, node).await? {
            Some(MediaNodeStatus::Running) => return Ok(()),
            Some(MediaNodeStatus::Launching) => sleep(LOOK_AGAIN).await,
            _ => return Err(launch_failed(&why(app, node).await?).into()),
        }
    }
    Err(launch_failed(&format!("it was not ready within {WAIT:?}")).into())
}

/// Waits until a node is gone.
async fn go(app: &App, node: &NodeId) -> Result<(), Problem> {
    let deadline = Instant::now() + WAIT;
    while Instant::now() < deadline {
        if status_of(app, node).await?.is_none() {
            return Ok(());
        }
        sleep(LOOK_AGAIN).await;
    }
    let message = format!("The media node is still there after {WAIT:?}");
    Err(Problem::new(502, &message))
}

async fn why(app: &App, node: &NodeId) -> Result<String, Problem> {
    let node = node.clone();
    let why = app.inspect(move |control, now| control.cluster().why(now.moment, &node));
    Ok(why
        .await?
        .map_or_else(|| "it is gone".to_owned(), |why| why.sentence))
}

fn refused(illegal: &cluster::Illegal) -> Problem {
    refusal_of(illegal)
        .unwrap_or_else(|| Refused::new(409, illegal.to_string()))
        .into()
}
