//! The contract between master and node ([`proto`], from `proto/link.proto`, where every message is documented) and
//! its two ends: [`dial`] is the node's, [`serve`] the master's.
//!
//! Knows how messages travel: TLS, hello and welcome, heartbeats, bounded queues, back-off. Does not know what
//! commands mean.

/// The messages, generated from `proto/link.proto`.
#[allow(missing_docs, clippy::all)]
pub mod proto {
    tonic::include_proto!("muster.link.v1");
}
