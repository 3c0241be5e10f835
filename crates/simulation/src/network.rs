//! What lies between the machines: lines that keep order and lose nothing while they last, but that break, stall one way
//! and stay half open; and whether a datagram would get through.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use agent::{Cause, Command, Id, NodeSettings, ToMaster, Welcome};

use crate::queue::Time;
use crate::random::Random;

/// A machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub usize);

/// A connection, as TCP has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId(pub u64);

/// One end of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// Who dialled.
    Near,
    /// Who was dialled.
    Far,
}

impl End {
    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Near => Self::Far,
            Self::Far => Self::Near,
        }
    }
}

/// What a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Node to master; both ends send heartbeats, and give up a silent line.
    Link,
    /// Browser to master.
    Web,
}

/// What travels.
#[derive(Clone, Debug)]
pub enum Payload {
    /// A text frame of a WebSocket.
    Frame(String),
    /// Of a node.
    Up(ToMaster),
    /// To a node: it is taken in.
    Welcome(Welcome),
    /// To a node: it is not wanted.
    Refused(Cause, String),
    /// To a node.
    Command(Command),
    /// To a node: it is to look at once what it is reached at.
    ResolveAddresses,
    /// To a node: the media shard with this transport is to begin anew.
    RestartShard(Id),
    /// To a node: how it is to work.
    Settings(NodeSettings),
    /// The other end has closed, or knows nothing of this line.
    Bye,
}

/// One connection.
#[derive(Debug)]
pub struct Line {
    #[allow(missing_docs)]
    pub purpose: Purpose,
    hosts: [HostId; 2],
    open: [bool; 2],
    /// An address changed under it: nothing gets through any more, and nobody is told.
    dead: bool,
    /// When the last of what was sent arrives, towards each end.
    last: [Time; 2],
    /// What cannot arrive now.
    held: [VecDeque<Payload>; 2],
    mute_since: [Option<Time>; 2],
}

impl Line {
    /// The machine at this end.
    pub fn host(&self, end: End) -> HostId {
        self.hosts[end as usize]
    }

    /// Whether this end takes the line for open.
    pub fn is_open(&self, end: End) -> bool {
        self.open[end as usize]
    }
}

/// What becomes of something that arrives.
#[derive(Debug)]
pub enum Arrival {
    /// Hand it over.
    Taken(Payload),
    /// Nobody there knows the line: the sender is told.
    Unknown,
    /// It waits for a better day, or is lost with the line.
    Nothing,
}

/// All machines and what joins them.
#[derive(Debug, Default)]
pub struct Network {
    lines: BTreeMap<LineId, Line>,
    next: u64,
    /// From, to.
    cuts: BTreeSet<(HostId, HostId)>,
    dark: BTreeSet<HostId>,
    frozen: BTreeSet<HostId>,
    latency: BTreeMap<HostId, Time>,
}

impl Network {
    /// How far away a machine is from everything, milliseconds.
    pub fn place(&mut self, host: HostId, latency: Time) {
        self.latency.insert(host, latency);
    }

    /// One way, with jitter.
    pub fn way(&self, from: HostId, to: HostId, random: &mut Random) -> Time {
        let base = self.latency.get(&from).unwrap_or(&1) + self.latency.get(&to).unwrap_or(&1);
        base + random.below(base / 4 + 2)
    }

    /// Whether anything sent now would arrive.
    pub fn passes(&self, from: HostId, to: HostId) -> bool {
        !self.dark.contains(&from) && !self.dark.contains(&to) && !self.cuts.contains(&(from, to))
    }

    /// Whether both could talk now, and would answer.
    pub fn converses(&self, one: HostId, other: HostId) -> bool {
        self.passes(one, other)
            && self.passes(other, one)
            && !self.frozen.contains(&one)
            && !self.frozen.contains(&other)
    }

    #[allow(missing_docs)]
    pub fn is_dark(&self, host: HostId) -> bool {
        self.dark.contains(&host)
    }

    #[allow(missing_docs)]
    pub fn is_frozen(&self, host: HostId) -> bool {
        self.frozen.contains(&host)
    }

    /// A machine loses power or gets it back.
    pub fn set_dark(&mut self, host: HostId, dark: bool) {
        set(&mut self.dark, host, dark);
    }

    /// A machine stops in its tracks or goes on.
    pub fn set_frozen(&mut self, host: HostId, frozen: bool) {
        set(&mut self.frozen, host, frozen);
    }

    /// Nothing arrives from `from` at `to`, until it does again.
    pub fn set_cut(&mut self, from: HostId, to: HostId, cut: bool) {
        set(&mut self.cuts, (from, to), cut);
    }

    /// All cuts and freezes are over.
    pub fn heal(&mut self) {
        self.cuts.clear();
        self.frozen.clear();
    }

    /// A line that both ends take for open.
    pub fn open(&mut self, purpose: Purpose, near: HostId, far: HostId) -> LineId {
        self.next += 1;
        let id = LineId(self.next);
        let line = Line {
            purpose,
            hosts: [near, far],
            open: [true; 2],
            dead: false,
            last: [0; 2],
            held: [VecDeque::new(), VecDeque::new()],
            mute_since: [None; 2],
        };
        self.lines.insert(id, line);
        id
    }

    #[allow(missing_docs)]
    pub fn line(&self, id: LineId) -> Option<&Line> {
        self.lines.get(&id)
    }

    /// All lines that are not forgotten.
    pub fn lines(&self) -> impl Iterator<Item = (&LineId, &Line)> {
        self.lines.iter()
    }

    /// When what is sent now arrives at `to`, after all that was sent before.
    pub fn schedule(
        &mut self,
        now: Time,
        id: LineId,
        to: End,
        random: &mut Random,
    ) -> Option<Time> {
        let line = self.lines.get(&id)?;
        if !line.open[to.other() as usize] {
            return None;
        }
        let way = self.way(line.host(to.other()), line.host(to), random);
        let line = self.lines.get_mut(&id)?;
        let at = (now + way).max(line.last[to as usize]);
        line.last[to as usize] = at;
        Some(at)
    }

    /// Something is about to arrive.
    pub fn arrive(&mut self, id: LineId, to: End, payload: Payload) -> Arrival {
        let Some(line) = self.lines.get(&id) else {
            return Arrival::Nothing;
        };
        let passes = self.passes(line.host(to.other()), line.host(to));
        let host_dark = self.dark.contains(&line.host(to));
        let Some(line) = self.lines.get_mut(&id) else {
            return Arrival::Nothing;
        };
        if line.dead || host_dark {
            return Arrival::Nothing;
        }
        if !passes || !line.held[to as usize].is_empty() {
            line.held[to as usize].push_back(payload);
            return Arrival::Nothing;
        }
        if line.open[to as usize] {
            return Arrival::Taken(payload);
        }
        match payload {
            Payload::Bye => Arrival::Nothing,
            _ => Arrival::Unknown,
        }
    }

    /// Whether something waits there for a better day.
    pub fn holds(&self, id: LineId, to: End) -> bool {
        (self.lines.get(&id)).is_some_and(|line| !line.held[to as usize].is_empty())
    }

    /// What was held and can go on now.
    pub fn release(&mut self) -> Vec<(LineId, End, Payload)> {
        let mut free = Vec::new();
        let ids: Vec<LineId> = self.lines.keys().copied().collect();
        for id in ids {
            for to in [End::Near, End::Far] {
                let line = &self.lines[&id];
                if line.held[to as usize].is_empty()
                    || !self.passes(line.host(to.other()), line.host(to))
                {
                    continue;
                }
                if let Some(line) = self.lines.get_mut(&id) {
                    let held = std::mem::take(&mut line.held[to as usize]);
                    free.extend(held.into_iter().map(|payload| (id, to, payload)));
                }
            }
        }
        free
    }

    /// This end takes the line for closed from now on.
    pub fn close(&mut self, id: LineId, end: End) {
        if let Some(line) = self.lines.get_mut(&id) {
            line.open[end as usize] = false;
            line.held[end as usize].clear();
            if line.open == [false; 2] {
                self.lines.remove(&id);
            }
        }
    }

    /// Lines with an end on this machine.
    pub fn lines_of(&self, host: HostId) -> Vec<(LineId, End)> {
        let ends = self.lines.iter().flat_map(|(id, line)| {
            [End::Near, End::Far]
                .into_iter()
                .filter(|end| line.host(*end) == host && line.is_open(*end))
                .map(|end| (*id, end))
        });
        ends.collect()
    }

    /// The machine is reached elsewhere from now on: what it had open leads nowhere.
    pub fn readdress(&mut self, host: HostId) {
        for line in self.lines.values_mut() {
            line.dead |= line.hosts.contains(&host);
        }
    }

    /// Which ends of links have just begun to hear nothing, now that something has changed.
    pub fn refresh(&mut self, now: Time) -> Vec<(LineId, End, Time)> {
        let mut begun = Vec::new();
        let mute: Vec<(LineId, [bool; 2])> = (self.lines.iter())
            .filter(|(_, line)| line.purpose == Purpose::Link)
            .map(|(id, line)| {
                (
                    *id,
                    [End::Near, End::Far].map(|end| self.is_mute(line, end)),
                )
            })
            .collect();
        for (id, mute) in mute {
            let Some(line) = self.lines.get_mut(&id) else {
                continue;
            };
            for end in [End::Near, End::Far] {
                let since = &mut line.mute_since[end as usize];
                match (mute[end as usize], *since) {
                    (true, None) => {
                        *since = Some(now);
                        begun.push((id, end, now));
                    }
                    (false, Some(_)) => *since = None,
                    _ => {}
                }
            }
        }
        begun
    }

    /// Whether this end has heard nothing since then.
    pub fn is_silent(&self, id: LineId, end: End, since: Time) -> bool {
        self.lines
            .get(&id)
            .is_some_and(|line| line.is_open(end) && line.mute_since[end as usize] == Some(since))
    }

    /// Whether heartbeats from the other end do not arrive at this one.
    fn is_mute(&self, line: &Line, end: End) -> bool {
        let (from, to) = (line.host(end.other()), line.host(end));
        line.dead
            || self.frozen.contains(&from)
            || !line.is_open(end.other())
            || !self.passes(from, to)
    }
}

fn set<T: Ord>(of: &mut BTreeSet<T>, item: T, there: bool) {
    if there {
        of.insert(item);
    } else {
        of.remove(&item);
    }
}
