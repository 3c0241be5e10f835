//! `/config`

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use cluster::{Policy, Strategy};
use hyper::header::{HeaderName, HeaderValue};
use openvidu::rest;

use super::answer::{Answer, Problem, json};
use crate::app::{App, COMPATIBLE_VERSION};
use crate::webhook::Webhook;

pub(super) async fn all(State(app): State<Arc<App>>) -> Answer {
    let (launches, policy) = app
        .look(|_, cluster| (cluster.settings().launches > 0, cluster.policy().clone()))
        .await?;
    let config = rest::Config {
        cluster: Some(cluster(&app, launches, &policy)),
        ..view(&app)
    };
    Ok(json(config.render()))
}

pub(super) async fn one(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let text = view(&app).text(&name);
    text.map(String::into_response)
        .ok_or_else(|| Problem::new(403, "There is no such value of the configuration"))
}

fn view(app: &App) -> rest::Config {
    let config = &app.config;
    let administration = &config.administration;
    rest::Config {
        version: COMPATIBLE_VERSION.to_owned(),
        domain_or_public_ip: config.public_host.clone(),
        https_port: config.public_port,
        public_url: app.public_url(),
        cdr_path: None,
        video_max_recv_bandwidth: config.bandwidth.max_recv,
        video_min_recv_bandwidth: config.bandwidth.min_recv,
        video_max_send_bandwidth: config.bandwidth.max_send,
        video_min_send_bandwidth: config.bandwidth.min_send,
        forced_video_codec: config.forced_video_codec,
        allow_transcoding: config.allow_transcoding,
        simulcast: false,
        sessions_garbage_interval: config.garbage_interval.as_secs(),
        sessions_garbage_threshold: config.garbage_threshold.as_secs(),
        recording: None,
        webhook: administration.webhook.as_ref().map(webhook),
        cluster: None,
    }
}

fn webhook(webhook: &Webhook) -> rest::Webhook {
    let shown = |(name, value): &(HeaderName, HeaderValue)| {
        format!("{name}: {}", value.to_str().unwrap_or_default())
    };
    rest::Webhook {
        endpoint: webhook.endpoint.whole(),
        headers: webhook.headers.iter().map(shown).collect(),
        events: webhook
            .events
            .iter()
            .map(|it| it.as_str().to_owned())
            .collect(),
    }
}

fn cluster(app: &App, launches: bool, policy: &Policy) -> rest::Cluster {
    let administration = &app.config.administration;
    rest::Cluster {
        id: administration.cluster_id.clone(),
        launches,
        media_nodes: policy.count,
        reconnection_timeout: cluster::SUSPICION.as_secs(),
        load_strategy: strategy(administration.strategy).to_owned(),
        // With every heartbeat.
        load_interval: 1,
        autoscaling: policy.autoscaling.map(|limits| rest::Autoscaling {
            interval: limits.interval.as_secs(),
            min_nodes: limits.nodes.minimum,
            max_nodes: limits.nodes.maximum,
            min_load: limits.min_load,
            max_load: limits.max_load,
        }),
    }
}

fn strategy(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Streams => "streams",
        Strategy::Connections => "connections",
        Strategy::Sessions => "sessions",
        Strategy::Cpu => "cpu",
        Strategy::Memory => "memory",
    }
}
