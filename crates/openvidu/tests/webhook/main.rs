//! What an application's server is told by itself: the fields of every event, and the order of delivery.

#![allow(clippy::unwrap_used)]

mod delivery;
mod fleet;
mod meeting;

use openvidu::webhook::{EventName, Message};
use serde_json::Value;

fn json_of(message: &Message) -> Value {
    let body: Value = serde_json::from_str(&message.body).unwrap();
    assert_eq!(body["event"], message.event.as_str());
    body
}

#[test]
fn names_are_read_as_they_are_written() {
    for name in EventName::ALL {
        assert_eq!(EventName::from_text(name.as_str()), Some(*name));
    }
    assert_eq!(EventName::of_openvidu().count(), 17);
    assert_eq!(EventName::from_text("sessioncreated"), None);
}
