//! The whole: how it is, and how many nodes are wanted.

use std::sync::Arc;

use ::control::{Control, Now};
use api::{Status, Traffic, Wanted, WantedRequest, Webhooks};
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use cluster::Command;

use super::answer::{Answer, Refusal, ok};
use super::shut_out;
use crate::app::{App, COMPATIBLE_VERSION};

pub(super) async fn status(State(app): State<Arc<App>>) -> Answer {
    let revoked = app.config.link_trust.revocations.all();
    let mut status = app
        .inspect(move |control, now| seen(control, now, &revoked))
        .await?;
    status.version = env!("CARGO_PKG_VERSION").to_owned();
    status.compatible_version = COMPATIBLE_VERSION.to_owned();
    status.master = app.whereabouts.borrow().shown();
    status.cluster_id = app.config.administration.cluster_id.clone();
    Ok(ok(&status))
}

fn seen(control: &Control, now: Now, revoked: &[(String, u64)]) -> Status {
    let mut status = Status::of(control.cluster(), now.moment);
    for node in control.cluster().nodes() {
        if let Some(away) = shut_out::of(control, now, revoked, node.id()) {
            let why = control.cluster().why(now.moment, node.id());
            let more = format!("{} → {}", away.why, away.remedy);
            status.explain(why.map(|why| why.sentence).as_deref(), &more);
        }
    }
    let sessions = control.conference().sessions();
    let joined = sessions.map(|session| session.participants().count());
    (status.sessions, status.participants) = joined.fold((0, 0), |(sessions, all), joined| {
        (sessions + 1, all + joined)
    });
    if control.store_is_silent() {
        status.trouble(format!(
            "the store does not take what is written: {} sessions, nodes and other things wait for it, and would be lost if \
             the master ended now; its log says why",
            control.unwritten()
        ));
    }
    let around = control.around();
    status.traffic = Traffic::of(&around);
    let findings = diagnosis::survey(&around).into_iter();
    for finding in findings.filter(diagnosis::Finding::is_sure) {
        let others = finding.likewise.iter().map(|it| it.subject.as_str());
        let others: Vec<&str> = others.collect();
        let others = match others.is_empty() {
            true => String::new(),
            false => format!("; the same is true of {}", others.join(", ")),
        };
        status.find(format!("{}: {}{others}", finding.cause, finding.proof));
    }
    if let Some(delivery) = control.webhook() {
        let (delivered, refused, dropped) = delivery.counts();
        let failures = delivery.failures();
        status.webhooks = Some(Webhooks {
            waiting: delivery.waiting(),
            delivered,
            refused,
            dropped,
            failures,
        });
        if failures > 0 {
            status.trouble(format!(
                "webhooks are not taken: the oldest of {} has failed {failures} times",
                delivery.waiting()
            ));
        }
    }
    status
}

/// Until the schedule's next transition.
pub(super) async fn want(State(app): State<Arc<App>>, body: Bytes) -> Answer {
    let request: WantedRequest = api::parse(&body)?;
    app.command(Command::Count(request.nodes)).await??;
    wanted(&app).await
}

pub(super) async fn unwant(State(app): State<Arc<App>>) -> Answer {
    app.command(Command::Uncount).await??;
    wanted(&app).await
}

async fn wanted(app: &App) -> Result<Response, Refusal> {
    let wanted = app.inspect(|control, now| Wanted::of(control.cluster(), now.moment));
    Ok(ok(&wanted.await?))
}
