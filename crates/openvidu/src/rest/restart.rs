//! `POST /restart`: which properties may be changed by it, and to what.

use serde_json::Value;

use super::body::Body;
use super::refused::Refused;

/// A property of OpenVidu's configuration that is to have another value from the next start on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Such as `OPENVIDU_WEBHOOK_ENDPOINT`.
    pub name: String,
    #[allow(missing_docs)]
    pub value: ChangedValue,
}

/// The value, as it would stand in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ChangedValue {
    /// Also numbers and booleans. Empty: not set any more.
    Text(String),
    List(Vec<String>),
}

/// They decide how the server is found and by whom: not to be changed from afar.
const FIXED: [&str; 20] = [
    "DOMAIN_OR_PUBLIC_IP",
    "CERTIFICATE_TYPE",
    "HTTP_PORT",
    "HTTPS_PORT",
    "OPENVIDU_SECRET",
    "OPENVIDU_PRO_LICENSE",
    "OPENVIDU_PRO_STATS_MONITORING_INTERVAL",
    "OPENVIDU_PRO_CLUSTER_TEST",
    "ELASTICSEARCH_USERNAME",
    "ELASTICSEARCH_PASSWORD",
    "KMS_IMAGE",
    "MEDIASOUP_IMAGE",
    "OPENVIDU_EDITION",
    "OPENVIDU_ENTERPRISE_MEDIA_SERVER",
    "OPENVIDU_PRO_ELASTICSEARCH_HOST",
    "OPENVIDU_PRO_KIBANA_HOST",
    "OPENVIDU_PRO_CLUSTER_ID",
    "COTURN_IP",
    "COTURN_PORT",
    "COTURN_INTERNAL_RELAY",
];

/// Body of `POST /restart`. An empty one changes nothing.
pub fn parse_restart(body: &[u8]) -> Result<Vec<Change>, Refused> {
    let body = Body::parse(body)?;
    body.entries()
        .map(|(name, value)| change(name, value))
        .collect()
}

fn change(name: &str, value: &Value) -> Result<Change, Refused> {
    if FIXED.contains(&name) {
        return Err(Refused::bad(format!(
            "Property '{name}' cannot be changed by a restart"
        )));
    }
    let shaped = name
        .bytes()
        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    if name.is_empty() || !shaped {
        return Err(Refused::bad(format!(
            "'{name}' is not the name of a property"
        )));
    }
    let value = match value {
        Value::Array(items) => ChangedValue::List(
            items
                .iter()
                .map(|item| scalar(name, item))
                .collect::<Result<_, _>>()?,
        ),
        other => ChangedValue::Text(scalar(name, other)?),
    };
    Ok(Change {
        name: name.to_owned(),
        value,
    })
}

fn scalar(name: &str, value: &Value) -> Result<String, Refused> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => {
            return Err(Refused::bad(format!(
                "Type error in property '{name}': expected text, a number, a boolean or an array of those"
            )));
        }
    };
    // It will stand on one line of a file.
    if text.chars().any(char::is_control) {
        return Err(Refused::bad(format!(
            "Property '{name}' must not hold control characters"
        )));
    }
    Ok(text)
}
