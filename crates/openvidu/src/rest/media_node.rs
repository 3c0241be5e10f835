//! `/media-nodes`: what is asked for, what may be done, and how a node is shown.
//!
//! Media nodes dial their master, so there is no address to be connected to. `POST` launches one where a provider can;
//! a body with a `uri` means a machine that runs already and is answered by whether it is here (409) or not (404).

mod removal;
mod view;

use cluster::{Command, Illegal, MediaNodeStatus, Node, NodeId};

use super::body::Body;
use super::flags;
use super::refused::Refused;

pub use removal::{Removal, RemovalStep, Strategy, parse_removal};
pub use view::{MediaNode, NodeFlags, NodeTimes, ip, render_media_node, render_media_nodes, uri};

/// `POST /media-nodes`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeRequest {
    /// Answer when the node takes sessions, or has failed; otherwise at once.
    pub wait: bool,
    /// Host of the `uri` that the body names.
    pub host: Option<String>,
    #[allow(missing_docs)]
    pub environment_id: Option<String>,
    /// For providers that know of such types.
    pub instance_type: Option<String>,
    /// GB.
    pub volume_size: Option<u32>,
}

/// Query string (without `?`) and body of `POST /media-nodes`.
pub fn parse_launch(query: &str, body: &[u8]) -> Result<NodeRequest, Refused> {
    let mut wait = false;
    flags::read(query, |key, flag| {
        if key == "wait" {
            wait = flag;
        }
    })?;
    let body = Body::parse(body)?;
    let host = match body.text("uri")? {
        Some(uri) => Some(host_of(&uri)?),
        None => None,
    };
    let volume_size = match body.integer("volumeSize")? {
        Some(size) => Some(
            u32::try_from(size)
                .ok()
                .filter(|size| *size > 0)
                .ok_or_else(|| {
                    Refused::bad(format!(
                        "Invalid value for parameter 'volumeSize': {size} is not a size in GB"
                    ))
                })?,
        ),
        None => None,
    };
    Ok(NodeRequest {
        wait,
        host,
        environment_id: body.text("environmentId")?,
        instance_type: body.text("instanceType")?,
        volume_size,
    })
}

/// The host of `ws://HOST:PORT/path`.
fn host_of(uri: &str) -> Result<String, Refused> {
    let bad = || {
        Refused::bad(format!(
            "Invalid value for parameter 'uri': expected ws://HOST:PORT/kurento, not '{uri}'"
        ))
    };
    let rest = ["ws://", "wss://"]
        .iter()
        .find_map(|scheme| uri.strip_prefix(scheme))
        .ok_or_else(bad)?;
    let authority = rest.split('/').next().unwrap_or_default();
    let (host, port) = authority.rsplit_once(':').ok_or_else(bad)?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let good = !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0);
    if good {
        Ok(host.to_owned())
    } else {
        Err(bad())
    }
}

/// What `POST /media-nodes` comes to, as far as it is decided by what is there. `Ok`: launch one.
pub fn may_launch<'a>(
    request: &NodeRequest,
    nodes: impl IntoIterator<Item = &'a Node>,
    provider: bool,
) -> Result<(), Refused> {
    let Some(host) = &request.host else {
        return match provider {
            true => Ok(()),
            false => Err(Refused::new(
                501,
                "Nodes are not launched here, and no 'uri' is given: start a node with `muster node`, or configure a \
                 provider",
            )),
        };
    };
    let known = nodes
        .into_iter()
        .find(|node| ip(node).is_some_and(|ip| ip.to_string() == *host));
    match known {
        Some(node) => Err(Refused::new(
            409,
            format!("Media node {} is at {host} already", node.id()),
        )),
        None => Err(Refused::new(
            404,
            format!(
                "No media node is at {host}. Nodes dial their master: start `muster node` there and it joins by itself"
            ),
        )),
    }
}

/// Body of `PATCH /media-nodes/{id}`.
pub fn parse_status(body: &[u8]) -> Result<MediaNodeStatus, Refused> {
    let body = Body::parse(body)?;
    let status = body.choice(
        "status",
        MediaNodeStatus::from_text,
        "launching, canceled, running, waiting-idle-to-terminate, terminating",
    )?;
    status.ok_or_else(|| Refused::bad("\"status\" parameter is mandatory"))
}

/// The command that gives a node this status. Whether the node may have it is the cluster's to say.
pub fn command_for(node: NodeId, status: MediaNodeStatus) -> Result<Command, Refused> {
    match status {
        MediaNodeStatus::Canceled => Ok(Command::Cancel(node)),
        MediaNodeStatus::Launching => Ok(Command::UnCancel(node)),
        MediaNodeStatus::WaitingIdleToTerminate => Ok(Command::Drain { node, within: None }),
        MediaNodeStatus::Running => Ok(Command::UnDrain(node)),
        MediaNodeStatus::Terminating => Ok(Command::Terminate(node)),
        MediaNodeStatus::Failed | MediaNodeStatus::Terminated => Err(Refused::bad(format!(
            "A media node cannot be made {status}"
        ))),
    }
}

/// What a refused command is answered with. `None`: the node has that status already, which is answered with 204.
pub fn refusal_of(illegal: &Illegal) -> Option<Refused> {
    let status = match illegal {
        Illegal::UnknownNode(_) => 404,
        Illegal::Transition { .. } => 400,
        Illegal::NoProvider => 501,
        Illegal::Already { .. } => return None,
    };
    Some(Refused::new(status, illegal.to_string()))
}

/// No node of this id.
pub fn no_such_node(node: &NodeId) -> Refused {
    Refused::new(404, format!("Media node {node} is not known"))
}

/// A launch that came to nothing.
pub fn launch_failed(reason: &str) -> Refused {
    Refused::new(502, format!("The media node was not launched: {reason}"))
}
