//! What the master holds of an attached node.

use tokio::sync::mpsc;

use crate::proto;
use crate::proto::from_master::Message;

/// Speaks to one attached node. Dropping it closes the stream after what was said before is out.
#[derive(Debug)]
pub struct Handle {
    pub(super) commands: mpsc::Sender<Message>,
    pub(super) welcome: proto::Welcome,
    /// The boot that said hello.
    pub(super) boot_id: String,
}

/// Why a command could not be handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The node does not read as fast as it is told: `COMMANDS` of them wait.
    #[error("{} commands wait for the node already", super::COMMANDS)]
    Full,
    /// The stream is over; `Detached` is on its way.
    #[error("the node's stream is over")]
    Closed,
}

impl Handle {
    /// Admits the node. Say it before any command.
    pub fn welcome(&self) -> Result<(), CommandError> {
        self.send(Message::Welcome(self.welcome.clone()))
    }

    /// Tells the node that it is not wanted, and closes.
    pub fn refuse(self, cause: proto::refused::Cause, reason: impl Into<String>) {
        // A node that cannot be told is closed all the same.
        let _ = self.send(Message::Refused(proto::Refused {
            cause: cause.into(),
            reason: reason.into(),
        }));
    }

    /// Commands the node. `key` 0 means that no answer is wanted.
    pub fn command(&self, key: u64, command: proto::command::Command) -> Result<(), CommandError> {
        let term = self.welcome.term;
        self.send(Message::Command(proto::Command {
            key,
            term,
            boot_id: self.boot_id.clone(),
            command: Some(command),
        }))
    }

    /// Tells the node how to work from now on.
    pub fn settings(&self, settings: proto::NodeSettings) -> Result<(), CommandError> {
        self.send(Message::Settings(settings))
    }

    /// Asks what was seen of these transports, of all when there are none.
    pub fn want_evidence(&self, transport_ids: Vec<String>) -> Result<(), CommandError> {
        let wanted = proto::EvidenceWanted { transport_ids };
        self.send(Message::EvidenceWanted(wanted))
    }

    /// Tells the node anything else. Say it after the welcome.
    pub fn tell(&self, message: Message) -> Result<(), CommandError> {
        self.send(message)
    }

    fn send(&self, message: Message) -> Result<(), CommandError> {
        self.commands
            .try_send(message)
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => CommandError::Full,
                mpsc::error::TrySendError::Closed(_) => CommandError::Closed,
            })
    }
}
