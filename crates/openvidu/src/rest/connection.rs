//! Connections: `POST …/connection`, `PATCH …/connection/{id}`, and how a connection is shown.

mod view;

use conference::{ConnectionProperties, IceServer, Role};
use serde_json::Value;

use super::body::{Body, wrong_type};
use super::kurento;
use super::refused::Refused;
use crate::ice;
use crate::stream::parse_role;

pub(super) use view::{ConnectionsView, connections};
pub use view::{render_connection, render_connections};

/// Body of `POST …/connection`. Type IPCAM is answered with 501: cameras are not served.
pub fn parse_connection(body: &[u8]) -> Result<ConnectionProperties, Refused> {
    let body = Body::parse(body)?;
    match body.text("type")?.as_deref() {
        None | Some("WEBRTC") => properties(&body),
        Some("IPCAM") => Err(Refused {
            status: 501,
            message: "Connections of type IPCAM are not served; use WEBRTC".into(),
        }),
        Some(other) => Err(Refused::bad(format!(
            "Invalid value for parameter 'type': '{other}' is not one of WEBRTC, IPCAM"
        ))),
    }
}

/// What a body asks for, whatever its type.
pub(super) fn properties(body: &Body) -> Result<ConnectionProperties, Refused> {
    Ok(ConnectionProperties {
        server_data: body.text("data")?.unwrap_or_default(),
        role: role(body)?.unwrap_or(Role::Publisher),
        record: body.flag("record")?.unwrap_or(true),
        kurento_options: kurento::parse(body)?,
        ice_servers: ice_servers(body)?,
    })
}

/// Body of `PATCH …/connection/{id}`: only what is present changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionUpdate {
    #[allow(missing_docs)]
    pub role: Option<Role>,
    #[allow(missing_docs)]
    pub record: Option<bool>,
}

/// Body of `PATCH …/connection/{id}`.
pub fn parse_update(body: &[u8]) -> Result<ConnectionUpdate, Refused> {
    let body = Body::parse(body)?;
    Ok(ConnectionUpdate {
        role: role(&body)?,
        record: body.flag("record")?,
    })
}

fn role(body: &Body) -> Result<Option<Role>, Refused> {
    body.choice("role", parse_role, "SUBSCRIBER, PUBLISHER, MODERATOR")
}

fn ice_servers(body: &Body) -> Result<Vec<IceServer>, Refused> {
    const KEY: &str = "customIceServers";
    let servers = body.list(KEY)?.unwrap_or_default();
    servers
        .iter()
        .map(|server| match server {
            Value::Object(server) => ice_server(&Body::from(server)),
            other => Err(wrong_type(KEY, "an array of objects", other)),
        })
        .collect()
}

fn ice_server(server: &Body) -> Result<IceServer, Refused> {
    let url = server.text("url")?.ok_or_else(|| {
        Refused::bad("Error in parameter 'customIceServers': an entry has no 'url'")
    })?;
    let username = server.text("username")?;
    let credential = server.text("credential")?;
    let secret = server.text("staticAuthSecret")?;
    ice::server(
        &url,
        username.as_deref(),
        credential.as_deref(),
        secret.as_deref(),
    )
    .map_err(|error| Refused::bad(format!("Error in parameter 'customIceServers': {error}")))
}
