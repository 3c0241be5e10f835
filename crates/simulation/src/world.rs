//! One world: its machines, what runs on them, and what happens next.

mod applications;
mod clients;
mod cloud;
mod events;
mod faults;
mod fleet;
mod master;
mod media;
mod node;
mod persons;
mod probes;
mod providing;
mod relays;
mod storage;
mod translate;

use std::net::{IpAddr, Ipv4Addr};

pub use applications::{AskNumber, Given};
pub use events::{Event, Who};
pub use fleet::Fleet;
pub use master::MasterProcess;
pub use node::{NodeBox, NodeProcess};
pub use storage::Storage;

use crate::browser::Browser;
use crate::clock::Clock;
use crate::network::{Arrival, End, HostId, LineId, Network, Payload, Purpose};
use crate::plan::Plan;
use crate::queue::{Queue, Time};
use crate::random::Random;
use crate::sabotage::Sabotage;
use crate::seen::Seen;
use crate::trace::Trace;

/// The machine of the master.
pub const MASTER: HostId = HostId(0);

/// What is true of a machine whatever runs on it.
#[derive(Debug)]
pub struct Machine {
    #[allow(missing_docs)]
    pub clock: Clock,
    #[allow(missing_docs)]
    pub ip: IpAddr,
    /// What has to wait until it goes on.
    deferred: Vec<Event>,
}

/// Everything there is.
#[derive(Debug)]
pub struct World {
    pub(crate) queue: Queue<Event>,
    pub(crate) random: Random,
    /// What happened.
    pub trace: Trace,
    #[allow(missing_docs)]
    pub network: Network,
    #[allow(missing_docs)]
    pub machines: Vec<Machine>,
    #[allow(missing_docs)]
    pub master: Option<MasterProcess>,
    /// How often a master was started.
    pub runs: u32,
    /// Beside the master.
    pub storage: Storage,
    #[allow(missing_docs)]
    pub nodes: Vec<NodeBox>,
    #[allow(missing_docs)]
    pub browsers: Vec<Browser>,
    /// `None`: nodes are started by hand.
    pub fleet: Option<Fleet>,
    /// The lines of the browsers' WebSockets, and the number of the last attempt at one.
    pub(crate) sockets: Vec<(Option<LineId>, u64)>,
    /// Whose WebSocket each line was.
    pub(crate) webs: std::collections::BTreeMap<LineId, usize>,
    wakes: std::collections::BTreeMap<Who, Time>,
    /// What is worth judging, since it was last judged.
    pub seen: Vec<Seen>,
    /// What is broken on purpose.
    pub sabotage: Sabotage,
    next_ip: u32,
    ticking: bool,
    /// Faults that are to happen are over.
    pub calm: bool,
}

impl World {
    /// Nothing runs yet; what the plan says is in the queue.
    pub fn new(seed: u64, plan: &Plan, sabotage: Sabotage, trace: Trace) -> Self {
        let mut world = Self {
            queue: Queue::default(),
            random: Random::new(seed, 2),
            trace,
            network: Network::default(),
            machines: Vec::new(),
            master: None,
            runs: 0,
            storage: Storage::new(seed),
            nodes: Vec::new(),
            browsers: Vec::new(),
            fleet: (plan.fleet.as_ref()).map(|fleet| Fleet::new(seed, plan.nodes.len(), fleet)),
            sockets: Vec::new(),
            webs: std::collections::BTreeMap::new(),
            wakes: std::collections::BTreeMap::new(),
            seen: Vec::new(),
            sabotage,
            next_ip: 0,
            ticking: false,
            calm: false,
        };
        world.machine(plan.master.latency, plan.master.clock);
        for node in &plan.nodes {
            let host = world.machine(node.machine.latency, node.machine.clock);
            world.network.set_dark(host, plan.fleet.is_some());
            world.nodes.push(NodeBox::new(host, node.id.clone()));
        }
        for person in &plan.persons {
            world.machine(person.machine.latency, person.machine.clock);
            let index = world.browsers.len();
            world
                .browsers
                .push(Browser::new(index, person.session.clone()));
            world.sockets.push((None, 0));
        }
        for (at, fault) in &plan.faults {
            world.queue.at(*at, Event::Fault(fault.clone()));
        }
        world
    }

    fn machine(&mut self, latency: Time, clock: Clock) -> HostId {
        let host = HostId(self.machines.len());
        let ip = self.fresh_ip();
        self.network.place(host, latency);
        self.machines.push(Machine {
            clock,
            ip,
            deferred: Vec::new(),
        });
        host
    }

    pub(crate) fn fresh_ip(&mut self) -> IpAddr {
        self.next_ip += 1;
        let [_, high, middle, low] = self.next_ip.to_be_bytes();
        IpAddr::V4(Ipv4Addr::new(10, high, middle, low))
    }

    /// What time it is.
    pub fn now(&self) -> Time {
        self.queue.now()
    }

    /// The machine of a browser.
    pub fn host_of_browser(&self, browser: usize) -> HostId {
        HostId(1 + self.nodes.len() + browser)
    }

    /// Lets the next thing happen. `false`: nothing ever happens again.
    pub fn step(&mut self) -> bool {
        let Some(event) = self.queue.pop() else {
            return false;
        };
        if let Some(host) = event.host(self) {
            if self.network.is_dark(host) {
                return true;
            }
            if self.network.is_frozen(host) {
                self.defer(host, event);
                return true;
            }
        }
        self.happen(event);
        true
    }

    /// Lets it happen when the machine goes on.
    pub(crate) fn defer(&mut self, host: HostId, event: Event) {
        self.machines[host.0].deferred.push(event);
    }

    /// When the next thing happens.
    pub fn next_at(&self) -> Option<Time> {
        self.queue.next_at()
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Fault(fault) => self.fault(fault),
            Event::Wake(who) => self.woken(who),
            Event::Dialled {
                purpose,
                who,
                attempt,
            } => self.dialled(purpose, who, attempt),
            Event::DialFailed { who, attempt } => self.dial_failed(who, attempt),
            Event::Silence { line, end, since } => self.silence(line, end, since),
            Event::Arrive { line, end, payload } => self.arrive(line, end, payload),
            Event::PlaneSays { node, boot, says } => self.plane_says(node, &boot, says),
            Event::Probed { run, probe } => self.probed(run, probe),
            Event::Asked {
                browser,
                number,
                ask,
            } => self.asked(browser, number, ask),
            Event::Given {
                browser,
                number,
                given,
            } => self.given(browser, number, given),
            Event::TryStart { run } => self.try_start_of(run),
            Event::Posted { run, number, taken } => self.posted(run, number, taken),
            Event::MediaTick => self.media_tick(),
            of_fleet => self.happen_in_fleet(of_fleet),
        }
    }

    pub(crate) fn note(&mut self, what: std::fmt::Arguments<'_>) {
        self.trace.note(self.queue.now(), what);
    }

    pub(crate) fn see(&mut self, seen: Seen) {
        self.seen.push(seen);
    }

    /// Comes back to somebody then, unless it does so earlier anyway.
    pub(crate) fn wake_at(&mut self, who: Who, at: Option<Time>) {
        let Some(at) = at else {
            return;
        };
        let now = self.now();
        let at = at.max(now);
        let known = self.wakes.get(&who).copied();
        if known.is_none_or(|known| known < now || at < known) {
            self.wakes.insert(who, at);
            self.queue.at(at, Event::Wake(who));
        }
    }

    fn woken(&mut self, who: Who) {
        if self.wakes.get(&who).is_some_and(|at| *at <= self.now()) {
            self.wakes.remove(&who);
        }
        match who {
            Who::Master => self.wake_master(),
            Who::Node(node) => self.wake_node(node),
            Who::Browser(browser) => self.wake_browser(browser),
            Who::Store => self.wake_store(),
        }
    }

    pub(crate) fn host_of(&self, who: Who) -> HostId {
        match who {
            Who::Master | Who::Store => MASTER,
            Who::Node(node) => self.nodes[node].host,
            Who::Browser(browser) => self.host_of_browser(browser),
        }
    }

    /// Dials the master.
    pub(crate) fn dial(&mut self, purpose: Purpose, who: Who, attempt: u64) {
        let host = self.host_of(who);
        let there = self.network.way(host, MASTER, &mut self.random);
        let back = self.network.way(MASTER, host, &mut self.random);
        let event = Event::Dialled {
            purpose,
            who,
            attempt,
        };
        self.queue.after(there + back, event);
    }

    fn dialled(&mut self, purpose: Purpose, who: Who, attempt: u64) {
        let host = self.host_of(who);
        if !self.network.passes(host, MASTER) || !self.network.passes(MASTER, host) {
            let patience = match purpose {
                Purpose::Link => 3_000,
                Purpose::Web => 20_000,
            };
            return self
                .queue
                .after(patience, Event::DialFailed { who, attempt });
        }
        if !self.wants_line(who, attempt) {
            return;
        }
        // The kernel of a frozen machine does not answer; that of a machine whose process is frozen does.
        if self.master.is_none() {
            return self.dial_failed(who, attempt);
        }
        let line = self.network.open(purpose, host, MASTER);
        self.watch_silence();
        self.accepted(line, purpose);
        match who {
            Who::Node(node) => self.node_connected(node, line),
            Who::Browser(browser) => self.browser_connected(browser, line),
            Who::Master | Who::Store => {}
        }
    }

    fn wants_line(&self, who: Who, attempt: u64) -> bool {
        match who {
            Who::Node(node) => self.nodes[node].dials(attempt),
            Who::Browser(browser) => self.sockets[browser] == (None, attempt),
            Who::Master | Who::Store => false,
        }
    }

    fn dial_failed(&mut self, who: Who, attempt: u64) {
        if !self.wants_line(who, attempt) {
            return;
        }
        match who {
            Who::Node(node) => self.node_unreachable(node),
            Who::Browser(browser) => self.browser_unreachable(browser),
            Who::Master | Who::Store => {}
        }
    }

    /// Sends to the other end.
    pub(crate) fn send(&mut self, line: LineId, from: End, payload: Payload) {
        let now = self.now();
        let end = from.other();
        if let Some(at) = self.network.schedule(now, line, end, &mut self.random) {
            self.queue.at(at, Event::Arrive { line, end, payload });
        }
    }

    /// Says goodbye and forgets the line.
    pub(crate) fn hang_up(&mut self, line: LineId, end: End) {
        self.send(line, end, Payload::Bye);
        self.network.close(line, end);
        self.watch_silence();
    }

    /// What the machine's kernel does with the lines of a process that is gone.
    pub(crate) fn drop_lines(&mut self, host: HostId, goodbye: bool) {
        for (line, end) in self.network.lines_of(host) {
            if goodbye {
                self.send(line, end, Payload::Bye);
            }
            self.network.close(line, end);
        }
        self.watch_silence();
    }

    fn arrive(&mut self, line: LineId, end: End, payload: Payload) {
        let told = end == End::Near && is_notification(&payload);
        let arrival = self.network.arrive(line, end, payload);
        if told && !matches!(arrival, Arrival::Taken(_)) && !self.network.holds(line, end) {
            self.missed(line);
        }
        match arrival {
            Arrival::Nothing => {}
            Arrival::Unknown => self.send_reset(line, end),
            Arrival::Taken(payload) => {
                let bye = matches!(payload, Payload::Bye);
                self.take(line, end, payload);
                if bye {
                    self.network.close(line, end);
                }
            }
        }
    }

    /// A kernel that knows nothing of a connection says so.
    fn send_reset(&mut self, line: LineId, end: End) {
        let Some(known) = self.network.line(line) else {
            return;
        };
        let (from, to) = (known.host(end), known.host(end.other()));
        let way = self.network.way(from, to, &mut self.random);
        let event = Event::Arrive {
            line,
            end: end.other(),
            payload: Payload::Bye,
        };
        self.queue.after(way, event);
    }

    fn take(&mut self, line: LineId, end: End, payload: Payload) {
        let Some(known) = self.network.line(line) else {
            return;
        };
        let (purpose, near) = (known.purpose, known.host(End::Near));
        match (end, purpose) {
            (End::Far, Purpose::Link) => self.master_hears_node(line, payload),
            (End::Far, Purpose::Web) => self.master_hears_browser(line, payload),
            (End::Near, Purpose::Link) => self.node_hears(near.0 - 1, line, payload),
            (End::Near, Purpose::Web) => {
                self.browser_hears(near.0 - 1 - self.nodes.len(), line, payload);
            }
        }
    }

    /// After anything that can make a line silent.
    pub(crate) fn watch_silence(&mut self) {
        let now = self.now();
        for (line, end, since) in self.network.refresh(now) {
            self.queue
                .after(crate::bounds::SILENCE, Event::Silence { line, end, since });
        }
    }

    fn silence(&mut self, line: LineId, end: End, since: Time) {
        if !self.network.is_silent(line, end, since) {
            return;
        }
        let Some(known) = self.network.line(line) else {
            return;
        };
        let near = known.host(End::Near);
        self.send(line, end, Payload::Bye);
        match end {
            End::Far => self.master_hears_node(line, Payload::Bye),
            End::Near => self.node_hears(near.0 - 1, line, Payload::Bye),
        }
        self.network.close(line, end);
        self.watch_silence();
    }

    /// What was held up goes on.
    pub(crate) fn release(&mut self) {
        for (line, end, payload) in self.network.release() {
            // In their order, and before anything that is sent from now on.
            let now = self.now();
            let at = (self.network)
                .schedule(now, line, end, &mut self.random)
                .unwrap_or(now + 5);
            self.queue.at(at, Event::Arrive { line, end, payload });
        }
        self.watch_silence();
    }
}

/// A frame that answers nothing.
fn is_notification(payload: &Payload) -> bool {
    matches!(payload, Payload::Frame(text) if text.contains("\"method\""))
}
