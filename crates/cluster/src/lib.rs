//! What a cluster is: which media nodes there are, which of them may serve, how many there should be, and where a
//! session goes.
//!
//! Pure: no clock, socket, task or randomness. [`Cluster::handle`] takes the time and one [`Input`], and
//! [`Cluster::command`] an operator's wish; both return [`Effect`]s in the order in which the shell carries them out.
//! [`Cluster::next_deadline`] says when to come back with [`Input::Tick`], for whom and why. Knows nothing of streams,
//! gRPC or clouds.
//!
//! # A node's life
//!
//! A node is a pair of a permanent [`NodeId`] and the [`BootId`] of its process. A later boot supersedes an earlier one
//! at once; what an older boot, or a replaced stream, says is dropped. What is known of a node are facts (its link, its
//! lease, its probes, what is intended with it); its [`State`] follows from them, and the [`MediaNodeStatus`] that
//! clients of OpenVidu see follows from that:
//!
//! ```text
//! Launching ──► Joining ──► Probing ──► Serving ⇄ Suspect          launching … running
//!   │  ⇅                                   ⇅         │
//!   │ Canceled ─────────┐             WaitingIdle    │             waiting-idle-to-terminate
//!   ▼                   ▼                  ▼         ▼
//! Failed              Terminating ◄────────┘   gone (Effect::Lost)  terminating, terminated
//! ```
//!
//! Suspicion is not death: with a link, a lease or probes missing a node is *suspect*, gets nothing new and keeps all
//! that it carries. It is lost at once when the evidence is definite ([`LostReason::Crashed`]): its link is silent or
//! closed, *and* [`REFUSALS`] probes in a row found that its host answers and nobody listens, or its provider says that
//! it is gone. Otherwise it is lost when link, lease and probes have all been gone for [`Settings::suspicion`], for a cut
//! network looks like a dead machine. When more than a third of the nodes become suspect at once, a brake
//! ([`Effect::Brake`]) keeps everybody alive until the store has answered for the life of a lease, whatever the evidence.
//! A node serves when a probe has passed in this boot with this version of its addresses ([`Gate::Probe`]); a shell
//! without a prober takes nodes at their word ([`Gate::Word`]).
//!
//! # How many there should be
//!
//! [`Policy`] tells what is wanted: a count, a [`schedule`], [`autoscaling`]. [`plan`] compares it with what is there
//! and returns a whole plan, which is begun at once; each step is an [`Effect`] that can be said twice. The id of a
//! launched node is made here and is its launch key.

pub mod addresses;
mod admission;
pub mod autoscaling;
mod cluster;
mod deadline;
mod desire;
mod effect;
mod ended;
mod going;
mod ids;
mod input;
mod known;
mod launching;
mod liveness;
mod node;
mod placement;
pub mod plan;
mod rules;
pub mod schedule;
mod settings;
mod status;
mod why;

pub use addresses::Addresses;
pub use cluster::{Cluster, Command, Health};
pub use deadline::{Deadline, Timer};
pub use desire::{Policy, Source, Wanted};
pub use effect::{CloseReason, Effect, LostReason, Refusal};
pub use going::Illegal;
pub use ids::{AttachmentId, BootId, Generation, Moment, NodeId, Revision, SessionId, Term};
pub use input::{Boot, Capacity, Environment, Failure, FailureKind, Hello, Input, Load};
pub use known::{Known, Purpose};
pub use node::{Node, State};
pub use placement::{NoPlace, Place, Strategy};
#[doc(hidden)]
pub use rules::{Rules, Sound};
pub use settings::{Gate, REFUSALS, SUSPICION, Settings};
pub use status::MediaNodeStatus;
pub use why::Why;
