//! The ways to the clients' tasks, and sockets on their way from one to another.

use std::collections::HashMap;

use ::control::Told;
use openvidu::rpc::{ClientNumber, Resume};
use tokio::sync::mpsc;

use super::message::Event;
use crate::socket::{Frame, Socket};

/// A client cannot be told: its task takes nothing any more.
#[derive(Debug)]
pub(super) struct Unreachable(pub(super) ClientNumber);

#[derive(Debug, Default)]
pub(super) struct Clients {
    doors: HashMap<ClientNumber, Doors>,
    /// Sockets of resumptions that are being decided, by the client on which they came. A client asks once.
    passing: HashMap<ClientNumber, Socket>,
}

/// The ways to a client's task.
#[derive(Debug)]
pub(crate) struct Doors {
    pub(crate) events: mpsc::Sender<Event>,
    pub(crate) frames: mpsc::Sender<Frame>,
    /// As the header of the WebSocket's request says.
    pub(crate) user_agent: String,
}

impl Clients {
    pub(super) fn opened(&mut self, client: ClientNumber, doors: Doors) {
        self.doors.insert(client, doors);
    }

    /// What the client's program calls itself; empty when it does not say.
    pub(super) fn user_agent(&self, client: ClientNumber) -> String {
        let doors = self.doors.get(&client);
        doors
            .map(|doors| doors.user_agent.clone())
            .unwrap_or_default()
    }

    pub(super) fn ended(&mut self, client: ClientNumber) {
        self.doors.remove(&client);
        self.passing.remove(&client);
    }

    pub(super) fn asks_to_resume(&mut self, from: ClientNumber, socket: Socket) {
        self.passing.insert(from, socket);
    }

    pub(super) fn tell(&mut self, client: ClientNumber, told: Told) -> Result<(), Unreachable> {
        let event = match told {
            Told::ResumeRefused(resume) => return self.refuse(client, resume),
            Told::Adopted { resume, connection } => {
                let Some(socket) = self.passing.remove(&client) else {
                    return Ok(());
                };
                Event::Adopted {
                    resume,
                    socket,
                    connection,
                }
            }
            told => Event::Told(told),
        };
        self.send(client, event)
    }

    /// Passes a socket from the client on which it came to the one that it asks for.
    pub(super) fn pass(
        &mut self,
        from: ClientNumber,
        to: ClientNumber,
        resume: Resume,
    ) -> [Result<(), Unreachable>; 2] {
        let Some(frames) = self.doors.get(&to).map(|doors| doors.frames.clone()) else {
            return [self.refuse(from, resume), Ok(())];
        };
        let Some(socket) = self.passing.remove(&from) else {
            return [Ok(()), Ok(())];
        };
        // Before the other client closes its own door, so that no frame finds both closed.
        socket.redirect(frames.clone());
        let resumed = self.send(to, Event::Resumed { resume, socket });
        [resumed, self.send(from, Event::HandedOver { frames })]
    }

    fn refuse(&mut self, from: ClientNumber, resume: Resume) -> Result<(), Unreachable> {
        match self.passing.remove(&from) {
            Some(socket) => self.send(from, Event::ResumeRefused { resume, socket }),
            None => Ok(()),
        }
    }

    /// One whose task has ended is known, or will be, by its `Ended`.
    fn send(&mut self, client: ClientNumber, event: Event) -> Result<(), Unreachable> {
        let Some(doors) = self.doors.get(&client) else {
            return Ok(());
        };
        doors.events.try_send(event).map_err(|error| {
            if matches!(error, mpsc::error::TrySendError::Full(_)) {
                tracing::warn!(
                    client = client.0,
                    "a client's task does not take its events; the client is put out"
                );
            }
            // The task ends when nobody can reach it any more.
            self.ended(client);
            Unreachable(client)
        })
    }
}
