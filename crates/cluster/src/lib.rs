//! What a cluster is: which media nodes there are, which of them may serve, and where a session goes.
//!
//! Pure: no clock, socket, task or randomness. [`Cluster::handle`] takes the time and one [`Input`] and returns the
//! [`Effect`]s in the order in which the shell carries them out; [`Cluster::next_deadline`] says when to come back with
//! [`Input::Tick`]. Knows nothing of streams, gRPC or clouds.
//!
//! A node is a pair of a permanent [`NodeId`] and the [`BootId`] of its process. A later boot supersedes an earlier one
//! at once; what an older boot says is dropped. Losing the link makes a node *suspect*, never dead: it may come back
//! within [`SUSPICION`] and goes on with all it carries.

pub mod autoscaling;
mod cluster;
mod deadline;
mod effect;
mod ids;
mod input;
mod node;
mod placement;
pub mod plan;
pub mod schedule;
mod status;

pub use cluster::{Cluster, Health, SUSPICION};
pub use deadline::{Deadline, DeadlineReason};
pub use effect::{Effect, LostReason, Refusal};
pub use ids::{AttachmentId, BootId, Moment, NodeId};
pub use input::{Addresses, Boot, Capacity, Hello, Input, Load};
pub use node::{Node, Status};
pub use placement::NoPlace;
pub use status::MediaNodeStatus;
