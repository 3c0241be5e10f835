//! Posting what an application's server is told by itself. What is posted when is decided by the control task.

use std::collections::BTreeSet;
use std::time::Duration;

use client::{Ask, BadTrust, Client, Target, Trust};
use hyper::Method;
use hyper::header::{self, HeaderName, HeaderValue};
use openvidu::webhook::{EventName, Outcome, Post};

/// How long an endpoint may take for one message, as with OpenVidu.
const ANSWER: Duration = Duration::from_secs(10);

/// Where an application's server listens, and what for.
#[derive(Clone, Debug)]
pub struct Webhook {
    #[allow(missing_docs)]
    pub endpoint: Target,
    /// Sent along with every message.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    #[allow(missing_docs)]
    pub events: BTreeSet<EventName>,
    /// Which certificates of the endpoint are believed.
    pub trust: Trust,
}

/// Posts messages.
#[derive(Clone)]
pub(crate) struct Poster {
    client: Client,
    endpoint: Target,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Poster {
    pub(crate) fn new(webhook: &Webhook) -> Result<Self, BadTrust> {
        let own = |name: &HeaderName| webhook.headers.iter().any(|(given, _)| given == name);
        let mut headers = webhook.headers.clone();
        if !own(&header::CONTENT_TYPE) {
            let json = HeaderValue::from_static("application/json");
            headers.push((header::CONTENT_TYPE, json));
        }
        Ok(Self {
            client: Client::new(webhook.trust.clone())?,
            endpoint: webhook.endpoint.clone(),
            headers,
        })
    }

    pub(crate) async fn post(&self, post: Post) -> Outcome {
        let ask = Ask {
            method: Method::POST,
            target: &self.endpoint,
            headers: &self.headers,
            body: post.body.into_bytes(),
            within: ANSWER,
        };
        match self.client.ask(ask).await {
            Ok(answer) => Outcome::Answered(answer.status),
            Err(failure) => Outcome::Failed(failure.to_string()),
        }
    }
}
