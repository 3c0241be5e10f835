//! Doing to the world what is planned.

use cluster::{Command, NodeId};
use control::Input;

use super::{MASTER, World};
use crate::network::HostId;
use crate::plan::{Fault, StoreFault};
use crate::queue::Time;
use crate::sabotage::Sabotage;
use crate::seen::Seen;

impl World {
    pub(crate) fn fault(&mut self, fault: Fault) {
        self.note(format_args!("=== {fault:?}"));
        self.see(Seen::Fault(fault.clone()));
        match fault {
            Fault::StartNode(node) => {
                self.nodes[node].wanted = true;
                self.start_node(node);
            }
            Fault::StopNode(node) => {
                self.nodes[node].wanted = false;
                self.stop_node(node);
            }
            Fault::KillNode(node) => {
                self.nodes[node].wanted = false;
                self.end_node(node, true);
                self.may_start_again(node);
            }
            Fault::PowerNode(node, on) => {
                self.nodes[node].wanted &= on;
                self.end_node(node, false);
                self.network.set_dark(self.nodes[node].host, !on);
            }
            Fault::ReaddressNode(node) => self.readdress(node),
            Fault::WipeNode(node) => {
                if self.nodes[node].process.is_none() {
                    let boots = self.nodes[node].boots;
                    self.nodes[node].id = format!("media_{node}_{boots}");
                }
            }
            Fault::Freeze(machine, on) => self.freeze(HostId(machine), on),
            Fault::Cut(from, to, on) => self.network.set_cut(HostId(from), HostId(to), on),
            Fault::Reset(machine) => self.reset(HostId(machine)),
            Fault::SetClock(machine, ahead) => self.machines[machine].clock.set_ahead(ahead),
            Fault::Store(fault) => self.store_fault(fault),
            Fault::BlockMedia(node, on) => self.nodes[node].blocked = on,
            Fault::Zombie(node) => self.zombie(node),
            Fault::Drain(node, within) => self.drain(node, within),
            Fault::Count(nodes) => self.operate(Command::Count(nodes)),
            Fault::EndMachine(node) => self.end_machine_at(node),
            Fault::Stray => self.stray(),
            Fault::Provider(reached) => self.set_provider(reached),
            Fault::UnDrain(node) => self.operate(Command::UnDrain(self.node_id(node))),
            Fault::Calm => self.calm_down(),
            Fault::Farewell => self.farewell(),
            of_people_or_master => self.fault_of_people_or_master(&of_people_or_master),
        }
        self.release();
    }

    fn fault_of_people_or_master(&mut self, fault: &Fault) {
        let now = self.now();
        match *fault {
            Fault::StartMaster => self.start_master(),
            Fault::StopMaster => self.stop_master(),
            Fault::KillMaster => self.end_master(true),
            Fault::PowerMaster(on) => {
                self.end_master(false);
                self.network.set_dark(MASTER, !on);
            }
            Fault::Arrive(person) => self.arrive_person(person),
            Fault::Leave(person) if self.browsers[person].wanted() => {
                self.browsers[person].leave(now);
                self.settle_browser(person);
            }
            Fault::ClosePage(person) => self.end_browser(person, true),
            Fault::PowerPerson(person, on) => {
                self.end_browser(person, false);
                self.network.set_dark(self.host_of_browser(person), !on);
            }
            Fault::Mute(person, on) => {
                self.browsers[person].mute(now, on);
                self.settle_browser(person);
            }
            _ => {}
        }
    }

    /// As the master knows it.
    pub fn node_id(&self, node: usize) -> NodeId {
        NodeId::new(self.nodes[node].id.as_str())
    }

    pub(super) fn readdress(&mut self, node: usize) {
        let ip = self.fresh_ip();
        let host = self.nodes[node].host;
        self.machines[host.0].ip = ip;
        self.network.readdress(host);
        self.note(format_args!("node {node}: is at {ip} now"));
    }

    fn freeze(&mut self, host: HostId, on: bool) {
        self.network.set_frozen(host, on);
        if !on {
            self.thaw(host);
        }
    }

    fn thaw(&mut self, host: HostId) {
        let now = self.now();
        for event in std::mem::take(&mut self.machines[host.0].deferred) {
            self.queue.at(now, event);
        }
    }

    fn reset(&mut self, host: HostId) {
        for (line, end) in self.network.lines_of(host) {
            self.break_line(line, end);
        }
    }

    /// Both ends hear of it at once.
    fn break_line(&mut self, line: crate::network::LineId, end: crate::network::End) {
        for end in [end, end.other()] {
            let event = super::Event::Arrive {
                line,
                end,
                payload: crate::network::Payload::Bye,
            };
            self.queue.after(1, event);
        }
    }

    fn arrive_person(&mut self, person: usize) {
        let now = self.now();
        if self.network.is_dark(self.host_of_browser(person)) {
            return;
        }
        self.browsers[person].arrive(now);
        self.settle_browser(person);
        self.tick_media();
    }

    fn drain(&mut self, node: usize, within: Time) {
        self.operate(Command::Drain {
            node: self.node_id(node),
            within: Some(std::time::Duration::from_millis(within)),
        });
    }

    /// A master that was stopped in its tracks a run ago goes on, and has a node's line still.
    fn zombie(&mut self, node: usize) {
        let Some(process) = &self.nodes[node].process else {
            return;
        };
        let highest = process.agent.term();
        if self.network.is_frozen(self.nodes[node].host) || highest == 0 {
            return;
        }
        let mut command = agent::Command {
            key: 1,
            term: highest - 1,
            boot_id: process.boot.to_string(),
            ask: agent::Ask::Publish {
                session: "yesterday".into(),
                stream: "str_CAM_yesterday".into(),
                transport: "con_yesterday/1".into(),
                offer: String::new(),
                forced_video_codec: String::new(),
            },
        };
        self.see(Seen::Commanded {
            node,
            term: command.term,
            boot: command.boot_id.clone(),
        });
        if self.sabotage == Sabotage::LaxNode {
            command.term = highest;
        }
        self.tell_agent(node, agent::Input::Command(command));
    }

    pub(crate) fn operate(&mut self, command: Command) {
        if self.master.is_none() || self.network.is_frozen(MASTER) {
            return;
        }
        let question = control::Question(u64::MAX);
        self.tell_control(Input::Command { question, command });
    }

    fn calm_down(&mut self) {
        self.calm = true;
        self.network.heal();
        self.store_fault(StoreFault::Well);
        self.nodes.iter_mut().for_each(|held| held.blocked = false);
        for machine in 0..self.machines.len() {
            let vacant = machine > 0 && self.is_vacant(machine - 1);
            let of_rack = vacant && machine <= self.nodes.len();
            self.network.set_dark(HostId(machine), of_rack);
            self.thaw(HostId(machine));
        }
        self.start_master();
        self.settle_fleet();
        for node in 0..self.by_hand() {
            self.operate(Command::UnDrain(self.node_id(node)));
            self.nodes[node].wanted = true;
            self.start_missing(node);
        }
        for person in 0..self.browsers.len() {
            self.arrive_person(person);
        }
    }

    /// An operator whom no master answered asks again when there is one.
    pub(super) fn win_back(&mut self) {
        if self.calm {
            for node in 0..self.by_hand() {
                self.operate(Command::UnDrain(self.node_id(node)));
            }
            self.settle_fleet();
        }
    }

    /// How many nodes are started by hand.
    fn by_hand(&self) -> usize {
        match self.fleet {
            Some(_) => 0,
            None => self.nodes.len(),
        }
    }

    /// Of two machines with one id one is enough.
    fn start_missing(&mut self, node: usize) {
        let id = &self.nodes[node].id;
        if !self
            .nodes
            .iter()
            .any(|held| held.id == *id && held.process.is_some())
        {
            self.start_node(node);
        }
    }

    fn farewell(&mut self) {
        let now = self.now();
        for person in 0..self.browsers.len() {
            self.browsers[person].leave(now);
            self.settle_browser(person);
        }
    }
}
