//! Webhooks: what an application's server is told by itself.
//!
//! [`of_meeting`] and the functions beside it make the JSON of one event; [`Delivery`] decides what is posted when, in
//! order and at least once. Applications compare whole objects, so that nothing is added to OpenVidu's fields.

mod delivery;
mod failure;
mod fleet;
mod meeting;
mod name;

pub use delivery::{Delivery, Limits, Outcome, Post, Step, Waiting};
pub use failure::ice_failure_diagnosed;
pub use fleet::{
    NodeRef, autoscaling, node_crashed, node_recovered, node_status_changed, reachability_changed,
};
pub use meeting::of_meeting;
pub use name::EventName;

/// One event, ready to be posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    #[allow(missing_docs)]
    pub event: EventName,
    /// The body: JSON with the event's name in it.
    pub body: String,
}

impl Message {
    fn new(event: EventName, fields: &impl serde::Serialize) -> Self {
        #[derive(serde::Serialize)]
        struct Named<'a, T> {
            event: &'static str,
            #[serde(flatten)]
            fields: &'a T,
        }
        let named = Named {
            event: event.as_str(),
            fields,
        };
        Self {
            event,
            body: serde_json::to_string(&named).unwrap_or_default(),
        }
    }
}
