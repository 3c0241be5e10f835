//! How many nodes are wanted when.

use std::sync::Arc;

use ::control::{Control, Now};
use api::{Schedule, ScheduleRequest};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use cluster::Policy;
use cluster::schedule::Wall;

use super::answer::{Answer, Refusal, ok};
use crate::app::App;

pub(super) async fn get(State(app): State<Arc<App>>) -> Answer {
    shown(&app).await
}

pub(super) async fn set(State(app): State<Arc<App>>, body: Bytes) -> Answer {
    let request: ScheduleRequest = api::parse(&body)?;
    replace(&app, request.validated()?).await?;
    shown(&app).await
}

pub(super) async fn clear(State(app): State<Arc<App>>) -> Answer {
    replace(&app, cluster::schedule::Schedule::default()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What commands said is forgotten.
pub(super) async fn reset(State(app): State<Arc<App>>) -> Answer {
    app.set_policy(None).await?;
    shown(&app).await
}

/// The rest of the policy stays.
async fn replace(app: &App, schedule: cluster::schedule::Schedule) -> Result<(), Refusal> {
    let policy = app.inspect(|control, _| control.cluster().policy().clone());
    let policy = Policy {
        schedule,
        ..policy.await?
    };
    Ok(app.set_policy(Some(policy)).await?)
}

async fn shown(app: &App) -> Result<Response, Refusal> {
    Ok(ok(&app.inspect(seen).await?))
}

fn seen(control: &Control, now: Now) -> Schedule {
    let wall = Wall(i64::try_from(now.timestamp.0).unwrap_or(i64::MAX));
    Schedule::of(
        control.cluster(),
        now.moment,
        wall,
        control.schedule_is_set(),
    )
}
