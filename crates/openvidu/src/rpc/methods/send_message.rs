//! `sendMessage`: a signal to some or all participants. The signal is JSON text inside a string.

use conference::{ClientOperation, ConnectionId, Signal};
use serde_json::{Map, Value};

use crate::rpc::code;
use crate::rpc::params::{Params, text_of};
use crate::rpc::refusal::Refusal;
use crate::stream::signal_kind;

pub(super) fn read(params: &Params<'_>) -> Result<ClientOperation, Refusal> {
    let message = params.text("message")?;
    let Ok(Value::Object(message)) = serde_json::from_str(&message) else {
        return Err(malformed("it is not a JSON object"));
    };
    Ok(ClientOperation::Signal(Signal {
        to: recipients(message.get("to"))?,
        kind: scalar(&message, "type")?.map(|kind| signal_kind(&kind)),
        data: scalar(&message, "data")?,
    }))
}

fn recipients(to: Option<&Value>) -> Result<Vec<ConnectionId>, Refusal> {
    let invalid = || {
        Refusal::new(
            code::SIGNAL_TO,
            "Signal \"to\" field must be an array of connection ids",
        )
    };
    match to {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(to)) => to
            .iter()
            .map(|id| id.as_str().map(ConnectionId::new).ok_or_else(invalid))
            .collect(),
        Some(_) => Err(invalid()),
    }
}

fn scalar(message: &Map<String, Value>, key: &str) -> Result<Option<String>, Refusal> {
    match message.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => text_of(value)
            .map(Some)
            .ok_or_else(|| malformed(&format!("'{key}' is not a string"))),
    }
}

fn malformed(why: &str) -> Refusal {
    Refusal::new(
        code::SIGNAL_FORMAT,
        format!("Provided signal object has not a valid JSON format: {why}"),
    )
}
