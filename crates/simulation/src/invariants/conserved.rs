//! Invariant 7: Sessions are conserved: what an application was told is there is there until it is closed with a
//! reason.

use std::collections::BTreeSet;

use conference::{EndReason, Happening, SessionId};
use control::{Event, Notice};

use super::{Invariant, Stage};
use crate::seen::Seen;
use crate::world::World;

#[derive(Default)]
pub(super) struct Conserved {
    acknowledged: BTreeSet<String>,
    /// The master goes down, and what waited for the store is told after what was decided last.
    stopping: bool,
}

impl Invariant for Conserved {
    fn name(&self) -> &'static str {
        "7 sessions are conserved"
    }

    fn see(&mut self, world: &World, seen: &Seen) -> Result<(), String> {
        match seen {
            Seen::MasterStarted => {
                self.stopping = false;
                Ok(())
            }
            Seen::Acknowledged { .. } if self.stopping => Ok(()),
            Seen::Acknowledged { session } => {
                self.acknowledged.insert(session.clone());
                Ok(())
            }
            Seen::Logged(Notice::SessionClosed { session, reason }) => {
                self.stopping |= *reason == EndReason::OpenviduServerStopped;
                self.acknowledged.remove(session.as_str());
                Ok(())
            }
            // What is logged as decided may come before what an application was answered a moment earlier is written, and
            // told; what the world is told comes after both.
            Seen::Event(Event::Meeting(event)) => {
                if let Happening::SessionDestroyed(_) = event.what {
                    self.acknowledged.remove(event.session.as_str());
                }
                Ok(())
            }
            Seen::Ticked => self.all_there(world),
            _ => Ok(()),
        }
    }

    fn rest(&mut self, world: &World, _stage: Stage) -> Result<(), String> {
        self.all_there(world)
    }
}

impl Conserved {
    fn all_there(&self, world: &World) -> Result<(), String> {
        // While the store did not answer, what was told may not be written: then there is no promise.
        let Some(master) = world.master.as_ref().filter(|_| !world.storage.was_ill()) else {
            return Ok(());
        };
        for session in &self.acknowledged {
            let id = SessionId::new(session.as_str());
            if master.control.conference().session(&id).is_none() {
                return Err(format!("session {session} is gone without a word"));
            }
        }
        Ok(())
    }
}
