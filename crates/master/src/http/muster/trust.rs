//! Who may join, and who may not any more.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use api::{JoinToken, JoinTokenRequest, Problem};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use link::trust::{Wish, seconds};

use super::answer::{Answer, ok};
use crate::app::App;

/// For how long a token can be used when nothing else is asked for.
const USUAL: u64 = 60 * 60;

/// Longest: a year.
const LONGEST: u64 = 365 * 24 * 60 * 60;

pub(super) async fn make(State(app): State<Arc<App>>, body: Bytes) -> Answer {
    let request: JoinTokenRequest = api::parse(&body)?;
    let valid = request.valid_seconds.unwrap_or(USUAL);
    if !(1..=LONGEST).contains(&valid) {
        let message = format!("validSeconds has to be from 1 to {LONGEST}, not {valid}");
        return Err(Problem::new(400, message).into());
    }
    let trust = &app.config.link_trust;
    let wish = Wish {
        masters: app.config.administration.links.clone(),
        uses: 1,
        valid: Duration::from_secs(valid),
        node: request.node,
    };
    let token = trust.authority.mint(wish, (trust.clock)());
    let token = token.map_err(|error| Problem::new(400, error.to_string()))?;
    Ok(ok(&JoinToken {
        token: token.text(),
        expires: token.terms().expires.saturating_mul(1000),
    }))
}

/// Also of a node that is not known: it may have been lost, and its certificates still be about.
pub(super) async fn revoke(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer {
    let trust = app.config.link_trust.clone();
    let node = id.clone();
    // It writes a file.
    let revoked = tokio::task::spawn_blocking(move || {
        let now = seconds((trust.clock)());
        trust.revocations.revoke(&node, now)
    });
    let failed = |error: &dyn std::fmt::Display| {
        let message = format!("{id} is not trusted now, but will be after a restart: {error}");
        Problem::new(500, message)
    };
    let revoked = revoked.await.map_err(|error| failed(&error))?;
    revoked.map_err(|error| match error.kind() {
        ErrorKind::InvalidInput => Problem::new(400, error.to_string()),
        _ => failed(&error),
    })?;
    tracing::info!(node = id, "certificates revoked");
    Ok(StatusCode::NO_CONTENT.into_response())
}
