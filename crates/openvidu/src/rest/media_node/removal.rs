//! `DELETE /media-nodes/{id}`.

use cluster::{Command, MediaNodeStatus, Node};

use crate::rest::flags;
use crate::rest::refused::Refused;

/// What becomes of the sessions of a node that is removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// They are closed.
    Now,
    /// The node stays if it has any.
    #[default]
    IfNoSessions,
    /// The node goes with the last one.
    WhenNoSessions,
}

/// How a node is to be removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removal {
    /// Answer when the node is gone; otherwise at once.
    pub wait: bool,
    #[allow(missing_docs)]
    pub strategy: Strategy,
}

/// What a removal comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemovalStep {
    /// Do this, then answer with [`Removal::status`].
    Command(Command),
    /// It takes no more sessions from now on: answered with 202, never waited for.
    Drain(Command),
    /// It is draining already: 202 again.
    Draining,
    /// It is going already.
    Going,
    /// Nothing of it is left but its entry: to be told gone.
    Forget,
}

/// Query string (without `?`) of `DELETE /media-nodes/{id}`.
pub fn parse_removal(query: &str) -> Result<Removal, Refused> {
    let mut removal = Removal::default();
    flags::read(query, |key, flag| {
        if key == "wait" {
            removal.wait = flag;
        }
    })?;
    for (key, value) in flags::pairs(query) {
        if key == "deletion-strategy" {
            removal.strategy = match value {
                "now" => Strategy::Now,
                "if-no-sessions" | "" => Strategy::IfNoSessions,
                "when-no-sessions" => Strategy::WhenNoSessions,
                other => {
                    return Err(Refused::bad(format!(
                        "Query parameter 'deletion-strategy' must be now, if-no-sessions or when-no-sessions, not \
                         '{other}'"
                    )));
                }
            };
        }
    }
    Ok(removal)
}

impl Removal {
    /// What is to be done about a node.
    pub fn step(self, node: &Node) -> Result<RemovalStep, Refused> {
        let sessions = node.sessions().len();
        let id = node.id().clone();
        match node.status() {
            MediaNodeStatus::Launching => Ok(RemovalStep::Command(Command::Cancel(id))),
            MediaNodeStatus::Failed => Ok(RemovalStep::Forget),
            MediaNodeStatus::Canceled
            | MediaNodeStatus::Terminating
            | MediaNodeStatus::Terminated => Ok(RemovalStep::Going),
            _ if sessions == 0 || self.strategy == Strategy::Now => {
                Ok(RemovalStep::Command(Command::Terminate(id)))
            }
            _ if self.strategy == Strategy::IfNoSessions => Err(Refused::new(
                409,
                format!("Media node {id} has {sessions} sessions"),
            )),
            MediaNodeStatus::WaitingIdleToTerminate => Ok(RemovalStep::Draining),
            MediaNodeStatus::Running => Ok(RemovalStep::Drain(Command::Drain {
                node: id,
                within: None,
            })),
        }
    }

    /// The status of the answer, by whether the node carried sessions when it was asked to go: 204 for a node that is
    /// gone or had nothing to lose, 200 for one whose removal has begun.
    pub fn status(self, step: &RemovalStep, had_sessions: bool) -> u16 {
        match step {
            RemovalStep::Drain(_) | RemovalStep::Draining => 202,
            _ if self.wait || !had_sessions => 204,
            _ => 200,
        }
    }
}
