//! Why pictures were missing.

use std::sync::Arc;

use ::control::{Control, Now};
use api::Diagnosis;
use axum::extract::State;

use super::answer::{Answer, ok};
use crate::app::App;

pub(super) async fn get(State(app): State<Arc<App>>) -> Answer {
    Ok(ok(&app.inspect(seen).await?))
}

fn seen(control: &Control, _: Now) -> Diagnosis {
    Diagnosis {
        fleet: ::diagnosis::survey(&control.around()),
        failures: control.failures().rev().cloned().collect(),
        correlation: control.correlation(),
    }
}
