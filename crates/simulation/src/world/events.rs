//! What can happen.

use std::sync::Arc;

use provider::launches::{Answer, CallId};
use provider::{LaunchKey, MachineId};

use super::applications::{AskNumber, Given};
use super::probes::Probe;
use super::{MASTER, World};
use crate::browser::Ask;
use crate::network::{End, HostId, LineId, Payload, Purpose};
use crate::plan::Fault;
use crate::plane;
use crate::queue::Time;

/// Who has deadlines and dials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Who {
    Master,
    Node(usize),
    Browser(usize),
    Store,
}

/// One thing that happens.
#[derive(Debug)]
#[allow(missing_docs)]
pub enum Event {
    /// As planned.
    Fault(Fault),
    /// Somebody's deadline has passed.
    Wake(Who),
    /// A dial has come there and back.
    Dialled {
        purpose: Purpose,
        who: Who,
        attempt: u64,
    },
    /// Nobody answered a dial.
    DialFailed { who: Who, attempt: u64 },
    /// An end of a link has heard nothing since then, perhaps.
    Silence { line: LineId, end: End, since: Time },
    /// Something arrives at that end.
    Arrive {
        line: LineId,
        end: End,
        payload: Payload,
    },
    /// The media plane of a node has done something.
    PlaneSays {
        node: usize,
        boot: Arc<str>,
        says: plane::Says,
    },
    /// A probe of that run of the master has come to its end.
    Probed { run: u32, probe: Probe },
    /// A question of an application arrives at the master.
    Asked {
        browser: usize,
        number: AskNumber,
        ask: Ask,
    },
    /// Its answer arrives.
    Given {
        browser: usize,
        number: AskNumber,
        given: Given,
    },
    /// A master that could not start tries again.
    TryStart { run: u32 },
    /// The application's server has answered a post of that run.
    Posted { run: u32, number: u64, taken: bool },
    /// The provider has answered a call of that run.
    Called {
        run: u32,
        call: CallId,
        answer: Answer,
    },
    /// A machine is made after all, and its node starts so long after that, or never.
    Made {
        key: LaunchKey,
        starts: Option<Time>,
    },
    /// The node of a machine starts, unless the machine is gone.
    NodeComes { machine: MachineId },
    /// A machine is gone.
    MachineEnds { machine: MachineId },
    /// The master of that run is told the time of day.
    Wall { run: u32 },
    /// Connectivity checks go round.
    MediaTick,
}

impl Event {
    /// The machine on which it happens. `None`: on none, or on whichever it finds.
    pub(super) fn host(&self, world: &World) -> Option<HostId> {
        match self {
            Self::Fault(_) | Self::MediaTick => None,
            Self::Made { .. } | Self::NodeComes { .. } | Self::MachineEnds { .. } => None,
            Self::Wake(who) | Self::DialFailed { who, .. } | Self::Dialled { who, .. } => {
                Some(world.host_of(*who))
            }
            Self::Silence { line, end, .. } | Self::Arrive { line, end, .. } => {
                world.network.line(*line).map(|line| line.host(*end))
            }
            Self::PlaneSays { node, .. } => Some(world.nodes[*node].host),
            Self::Probed { .. }
            | Self::Asked { .. }
            | Self::TryStart { .. }
            | Self::Called { .. }
            | Self::Wall { .. }
            | Self::Posted { .. } => Some(MASTER),
            Self::Given { browser, .. } => Some(world.host_of_browser(*browser)),
        }
    }
}
