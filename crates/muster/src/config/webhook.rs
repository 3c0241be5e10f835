//! The webhook's settings.

use std::collections::BTreeSet;

use openvidu::webhook::EventName;

use super::reader::Reader;
use super::settings;
use super::values;

/// Where an application's server wants to hear of what happens.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Webhook {
    pub endpoint: client::Target,
    /// Name and value.
    pub headers: Vec<(String, String)>,
    pub events: BTreeSet<EventName>,
    /// Whom to believe that they are the endpoint, as PEM; `None`: anybody.
    pub authorities: Option<String>,
}

/// The webhook, when it is on.
pub(super) fn read(r: &mut Reader<'_>) -> Option<Webhook> {
    let enabled = r.one("webhook.enabled", values::boolean);
    let endpoint = r.one("webhook.endpoint", values::web_address);
    let headers = r.list("webhook.headers", values::header);
    let events: BTreeSet<EventName> = r
        .list("webhook.events", values::event)
        .into_iter()
        .collect();
    let authorities = r
        .one("webhook.authorities", values::path)
        .and_then(|path| settings::pem(r, "webhook.authorities", &path, "CERTIFICATE"));
    if enabled == Some(true) && r.layers.get("webhook.endpoint").is_none() {
        r.reject(
            "webhook.endpoint",
            "http://HOST[:PORT]/PATH or https://…, since webhook.enabled is true",
        );
    }
    let endpoint = endpoint.filter(|_| enabled.unwrap_or(true))?;
    Some(Webhook {
        endpoint,
        headers,
        events: match events.is_empty() {
            true => EventName::of_openvidu().collect(),
            false => events,
        },
        authorities,
    })
}
