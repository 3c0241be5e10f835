//! `/muster/api`: the operations that `api` describes, one handler each.

mod answer;
mod diagnosis;
mod fleet;
mod guard;
mod ice;
mod metrics;
mod nodes;
mod relay;
mod schedule;
mod shut_out;
mod trust;

use std::sync::Arc;

use api::{BASE, Method, Operation};
use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{self, MethodRouter, get};

use crate::app::App;

use answer::{document, not_found};

pub(super) fn router(app: Arc<App>) -> Router<Arc<App>> {
    let (mut operations, mut open) = (Router::new(), Router::new());
    for operation in Operation::ALL {
        let routes = match operation.is_open() {
            true => &mut open,
            false => &mut operations,
        };
        *routes = std::mem::take(routes).route(operation.path(), served(*operation));
    }
    let operations = operations
        .fallback(not_found)
        .method_not_allowed_fallback(not_found)
        .layer(from_fn_with_state(app, guard::guard));
    Router::new()
        .nest(BASE, operations.merge(open))
        .route(api::DOCUMENT, get(document))
}

fn served(operation: Operation) -> MethodRouter<Arc<App>> {
    let method = operation.method();
    match operation {
        Operation::Status => on(method, fleet::status),
        Operation::ListNodes => on(method, nodes::list),
        Operation::AddNodes => on(method, nodes::add),
        Operation::Node => on(method, nodes::get),
        Operation::RemoveNode => on(method, nodes::remove),
        Operation::Drain => on(method, nodes::drain),
        Operation::UnDrain => on(method, nodes::undrain),
        Operation::Why => on(method, nodes::why),
        Operation::ProbeTarget => on(method, nodes::probe_target),
        Operation::Revoke => on(method, trust::revoke),
        Operation::Reachability => on(method, nodes::reachability),
        Operation::LookNow => on(method, nodes::look_now),
        Operation::Schedule => on(method, schedule::get),
        Operation::SetSchedule => on(method, schedule::set),
        Operation::ClearSchedule => on(method, schedule::clear),
        Operation::ResetSchedule => on(method, schedule::reset),
        Operation::Want => on(method, fleet::want),
        Operation::Unwant => on(method, fleet::unwant),
        Operation::Metrics => on(method, metrics::text),
        Operation::RotateRelay => on(method, relay::rotate),
        Operation::Diagnosis => on(method, diagnosis::get),
        Operation::MakeToken => on(method, trust::make),
        Operation::ListIce => on(method, ice::list),
        Operation::Strangers => on(method, ice::strangers),
        Operation::Ice => on(method, ice::get),
        Operation::ReportIce => on(method, ice::report),
    }
}

fn on<T: 'static>(method: Method, handler: impl Handler<T, Arc<App>>) -> MethodRouter<Arc<App>> {
    match method {
        Method::Get => routing::get(handler),
        Method::Post => routing::post(handler),
        Method::Put => routing::put(handler),
        Method::Delete => routing::delete(handler),
    }
}
