//! Frames: requests in, replies and notifications out.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::code;
use super::refusal::Refusal;
use crate::id::RpcSessionId;

/// The `id` of a request: a number or a string, echoed as it came.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Id(Value);

/// A well-formed request.
#[derive(Debug)]
pub(super) struct Request {
    pub id: Id,
    pub method: String,
    pub params: Map<String, Value>,
}

/// A frame that is no request.
#[derive(Debug)]
pub(super) enum Malformed {
    /// Answered with an error, its id if it had a usable one.
    Refused(Option<Id>, Refusal),
    /// Cannot be answered: a request without id, or an answer to something never asked.
    Unanswerable,
}

/// Longest id that is echoed, bytes of text.
const MAX_ID: usize = 64;

/// Reads one frame.
pub(super) fn parse(text: &str) -> Result<Request, Malformed> {
    if text.len() > super::MAX_FRAME {
        return Err(too_long(text));
    }
    let object = match serde_json::from_str(text) {
        Ok(Value::Object(object)) => object,
        Ok(Value::Array(_)) => {
            return Err(refused(
                code::INVALID_REQUEST,
                "Batches are not served; send one request per frame",
            ));
        }
        Ok(_) => return Err(refused(code::INVALID_REQUEST, "A request is a JSON object")),
        Err(_) => return Err(refused(code::PARSE, "The frame is not JSON")),
    };
    request(object)
}

/// The client waits for an answer to this id, so it is looked for even in a frame that is not read otherwise.
fn too_long(text: &str) -> Malformed {
    #[derive(Deserialize)]
    struct OnlyId {
        id: Value,
    }
    let id = serde_json::from_str(text)
        .ok()
        .and_then(|OnlyId { id }| usable(id));
    let text = format!("The frame is longer than {} bytes", super::MAX_FRAME);
    Malformed::Refused(id, Refusal::new(code::INVALID_REQUEST, text))
}

fn request(mut object: Map<String, Value>) -> Result<Request, Malformed> {
    let method = object.remove("method");
    let id = match object.remove("id") {
        None | Some(Value::Null) => return Err(Malformed::Unanswerable),
        Some(id) => usable(id).ok_or_else(|| {
            refused(
                code::INVALID_REQUEST,
                "'id' must be a number or a string of at most 64 bytes",
            )
        })?,
    };
    let refuse = |text: &str| {
        Malformed::Refused(Some(id.clone()), Refusal::new(code::INVALID_REQUEST, text))
    };
    let method = match method {
        Some(Value::String(method)) => method,
        None if object.contains_key("result") || object.contains_key("error") => {
            return Err(Malformed::Unanswerable);
        }
        _ => return Err(refuse("'method' must be a string")),
    };
    let params = match object.remove("params") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(params)) => params,
        Some(_) => return Err(refuse("'params' must be an object")),
    };
    Ok(Request { id, method, params })
}

fn usable(id: Value) -> Option<Id> {
    match &id {
        Value::Number(_) => Some(Id(id)),
        Value::String(text) if text.len() <= MAX_ID => Some(Id(id)),
        _ => None,
    }
}

fn refused(code: i64, message: &str) -> Malformed {
    Malformed::Refused(None, Refusal::new(code, message))
}

/// A successful reply. Every result carries the RPC session's id.
pub(super) fn result(id: &Id, session: &RpcSessionId, mut result: Map<String, Value>) -> String {
    result.insert("sessionId".into(), session.as_str().into());
    json!({ "id": id.0, "result": result, "jsonrpc": "2.0" }).to_string()
}

/// The reply to `ping`, the only one without the RPC session's id.
pub(super) fn pong(id: &Id) -> String {
    json!({ "id": id.0, "result": { "value": "pong" }, "jsonrpc": "2.0" }).to_string()
}

/// An error reply; `id` is null when the request's is not known.
pub(super) fn error(id: Option<&Id>, refusal: &Refusal) -> String {
    json!({
        "id": id.map(|id| &id.0),
        "error": { "code": refusal.code, "message": refusal.message },
        "jsonrpc": "2.0",
    })
    .to_string()
}

/// A notification: no id.
pub(super) fn notification(method: &str, params: impl Serialize) -> String {
    json!({ "method": method, "params": params, "jsonrpc": "2.0" }).to_string()
}
