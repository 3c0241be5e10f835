//! A whole master on loopback: real TLS, real link, real WebSockets; the media node is a fake that answers commands.

mod api;
mod bad_input;
mod browser;
mod call_page;
mod causes;
mod frozen_store;
mod http;
mod joining;
mod ledger;
mod media_nodes;
mod muster_api;
mod node;
mod nodes;
mod probing;
mod reconnecting;
mod relays;
mod restart;
mod stage;
mod webhooks;
