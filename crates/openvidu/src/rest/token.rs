//! `POST /tokens`, the predecessor of `POST …/connection`.

use conference::{Connection, ConnectionProperties, SessionId};
use serde::Serialize;
use serde_json::Value;

use super::body::Body;
use super::connection::properties;
use super::refused::Refused;
use crate::stream::role_name;

/// A connection asked for in the old way.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenRequest {
    #[allow(missing_docs)]
    pub session: SessionId,
    #[allow(missing_docs)]
    pub properties: ConnectionProperties,
}

/// Body of `POST /tokens`. `record` is not read; tokens always take part in recordings.
pub fn parse_token(body: &[u8]) -> Result<TokenRequest, Refused> {
    let body = Body::parse(body)?;
    let session = body
        .text("session")?
        .ok_or_else(|| Refused::bad("\"session\" parameter is mandatory"))?;
    let mut properties = properties(&body)?;
    properties.record = true;
    Ok(TokenRequest {
        session: SessionId::new(session),
        properties,
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenView<'a> {
    id: &'a str,
    token: &'a str,
    connection_id: &'a str,
    created_at: u64,
    session: &'a str,
    data: &'a str,
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kurento_options: Option<Value>,
}

/// Answer to `POST /tokens`.
pub fn render_token(session: &SessionId, connection: &Connection) -> String {
    let properties = &connection.properties;
    let view = TokenView {
        id: connection.token.as_str(),
        token: connection.token.as_str(),
        connection_id: connection.id.as_str(),
        created_at: connection.created_at.0,
        session: session.as_str(),
        data: &properties.server_data,
        role: role_name(properties.role),
        kurento_options: properties
            .kurento_options
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok()),
    };
    serde_json::to_string(&view).unwrap_or_default()
}
