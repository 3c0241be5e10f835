//! The shell of a master: the real mind, the real machines of its clients.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use agent::{Cause, ToMaster, Welcome};
use cluster::{AttachmentId, Moment, NodeId};
use conference::Timestamp;
use control::{Control, Effect, Input, Now, Question};
use openvidu::rpc::{self, ClientNumber};

use super::probes::Probe;
use super::providing::Desk;
use super::{AskNumber, Event, MASTER, Who, World, translate};
use crate::browser::Phase;
use crate::network::{End, LineId, Payload};
use crate::plan::Fault;
use crate::queue::Time;
use crate::sabotage::Sabotage;
use crate::seen::Seen;

/// Of nodes that the policy drains: it is to be over in time.
const DRAIN: std::time::Duration = std::time::Duration::from_secs(60);

/// Until a process of the master that failed is started again by what runs it.
const SERVICE_RESTART: Time = 1_000;

/// One run of the master's program.
#[derive(Debug)]
pub struct MasterProcess {
    /// Which.
    pub run: u32,
    #[allow(missing_docs)]
    pub control: Control,
    #[allow(missing_docs)]
    pub started: Time,
    /// Under which it leads: when its record of that was written.
    pub term: store::Rev,
    /// It goes down.
    stops: bool,
    /// Whoever runs it starts it when it has gone down.
    again: bool,
    /// What its wall clock showed then, and its monotonic one.
    wall: (u64, u64),
    pub(super) clients: BTreeMap<ClientNumber, rpc::Client>,
    pub(super) sockets: BTreeMap<LineId, ClientNumber>,
    attachments: BTreeMap<AttachmentId, LineId>,
    links: BTreeMap<LineId, AttachmentId>,
    boots: BTreeMap<AttachmentId, String>,
    pub(super) settings: Arc<rpc::Settings>,
    pub(super) next_client: u32,
    next_attachment: u64,
    next_question: u64,
    /// What comes while something is being carried out waits here, as in a task's mailbox.
    inbox: VecDeque<Input>,
    busy: bool,
    /// Whose questions wait.
    pub(super) questions: BTreeMap<Question, (usize, AskNumber, Option<String>)>,
}

impl MasterProcess {
    /// The ids of all sessions that it knows.
    pub fn sessions(&self) -> std::collections::BTreeSet<String> {
        let sessions = self.control.conference().sessions();
        sessions
            .map(|session| session.id.as_str().to_owned())
            .collect()
    }
}

impl World {
    pub(crate) fn start_master(&mut self) {
        if let Some(master) = &mut self.master {
            master.again = master.stops;
        }
        let runs = self.master.is_some() || self.storage.starting.is_some();
        if runs || self.network.is_dark(MASTER) || self.network.is_frozen(MASTER) {
            return;
        }
        self.runs += 1;
        let run = self.runs;
        self.note(format_args!("master: starts, run {run}"));
        self.begin_start(run);
    }

    /// The store has said that it leads, and what it has to know.
    pub(super) fn lead(&mut self, run: u32, term: store::Rev, entries: Vec<(String, Vec<u8>)>) {
        let now = self.now();
        let clock = self.machines[MASTER.0].clock;
        let (wall, moment) = (clock.wall(now), clock.moment(now));
        let at = Now {
            moment: Moment(moment),
            timestamp: Timestamp(wall),
        };
        let settings = self.settings_of_master(term);
        let (entries, anew) = self.recreate(entries);
        let control = match Control::restore(at, settings, entries) {
            Ok(control) => control,
            Err(error) => return self.see(Seen::Unreadable(error.to_string())),
        };
        let settings_of_clients = rpc::Settings {
            compatible_version: "2.32.1".to_owned(),
        };
        self.master = Some(MasterProcess {
            run,
            term,
            control,
            started: now,
            stops: false,
            again: false,
            wall: (wall, moment),
            clients: BTreeMap::new(),
            sockets: BTreeMap::new(),
            attachments: BTreeMap::new(),
            links: BTreeMap::new(),
            boots: BTreeMap::new(),
            settings: Arc::new(settings_of_clients),
            next_client: 1,
            next_attachment: 1,
            next_question: 1,
            inbox: VecDeque::new(),
            busy: false,
            questions: BTreeMap::new(),
        });
        self.note(format_args!("master: leads, run {run}, term {term}"));
        let told = (self.master.as_ref()).map_or(0, |it| it.control.cluster().settings().term.0);
        self.see(Seen::Led { run, term: told });
        let known = (self.master.as_ref()).map_or_else(Default::default, MasterProcess::sessions);
        let written = self.storage.names("sessions/");
        if anew.is_empty() {
            self.see(Seen::Began { known, written });
        }
        for session in anew {
            self.create_again(&session);
        }
        self.see(Seen::MasterStarted);
        self.open_desk();
        self.tell_control(Input::Tick);
        self.win_back();
    }

    fn settings_of_master(&self, term: store::Rev) -> control::Settings {
        let told = if self.sabotage == Sabotage::SameTerm {
            1
        } else {
            term
        };
        let usual = cluster::Settings::default();
        let launched = self.fleet.is_some();
        control::Settings {
            cluster: cluster::Settings {
                gate: cluster::Gate::Probe,
                term: cluster::Term(told),
                launches: if launched { 4 } else { 0 },
                list_first: launched,
                launch_prefix: format!("media_{told}_"),
                drain: if launched { DRAIN } else { usual.drain },
                ..usual
            },
            policy: self.policy(),
            durable: true,
            webhook: Some(control::Webhook::of_everything("cluster")),
            relay: Some(control::RelayRules {
                first: self.draw_relay_secret(),
                own: control::OwnRelay::default(),
                rotate_every: control::SHORTEST_ROTATION,
                allocations_per_user: 0,
                allocations: 0,
            }),
            ..control::Settings::default()
        }
    }

    /// The process is gone. `goodbye`: its kernel is not.
    pub(crate) fn end_master(&mut self, goodbye: bool) {
        if self.master.is_some() {
            self.leave_untold();
        }
        let starting = self.storage.starting.take().is_some();
        let master = self.master.take();
        if master.as_ref().is_some_and(|master| master.again) {
            self.queue.after(100, Event::Fault(Fault::StartMaster));
        }
        if master.is_some() || starting {
            self.note(format_args!("master: its process is gone"));
            self.see(Seen::MasterEnded);
            self.drop_lines(MASTER, goodbye);
        }
    }

    pub(crate) fn stop_master(&mut self) {
        if self.network.is_frozen(MASTER) {
            // The signal is delivered when the process goes on.
            return self.defer(MASTER, Event::Fault(Fault::StopMaster));
        }
        if let Some(master) = &mut self.master {
            master.stops = true;
        }
        self.tell_control(Input::Stop);
    }

    pub(super) fn master_now(&self) -> Option<Now> {
        let master = self.master.as_ref()?;
        let moment = self.machines[MASTER.0].clock.moment(self.now());
        let (wall, since) = master.wall;
        Some(Now {
            moment: Moment(moment),
            timestamp: Timestamp(wall + moment.saturating_sub(since)),
        })
    }

    pub(crate) fn wake_master(&mut self) {
        self.wake_clients();
        self.ask_desk(Desk::tick);
        self.tell_control(Input::Tick);
    }

    pub(crate) fn tell_control(&mut self, input: Input) {
        let Some(master) = &mut self.master else {
            return;
        };
        master.inbox.push_back(input);
        if std::mem::replace(&mut master.busy, true) {
            return;
        }
        while let (Some(now), Some(master)) = (self.master_now(), &mut self.master) {
            let Some(input) = master.inbox.pop_front() else {
                if self.ask_desk(Desk::flush) {
                    continue;
                }
                self.rest();
                break;
            };
            let effects = master.control.handle(now, input);
            for effect in effects {
                self.do_for_control(effect);
            }
        }
        self.schedule_master();
    }

    fn rest(&mut self) {
        if let Some(master) = &mut self.master {
            master.busy = false;
        }
    }

    pub(super) fn schedule_master(&mut self) {
        let clock = self.machines[MASTER.0].clock;
        let Some(master) = &self.master else {
            return;
        };
        let own = master
            .control
            .next_deadline()
            .map(|due| clock.when(due.at.0));
        let (wall, since) = master.wall;
        let clients = (master.clients.values())
            .filter_map(|client| client.next_timeout())
            .map(|(at, _)| clock.when(at.0.saturating_sub(wall) + since));
        let desk = self.fleet.as_ref().and_then(|fleet| fleet.desk.as_ref());
        let provider = desk.and_then(Desk::next_deadline).map(|at| clock.when(at));
        let due = clients.chain(own).chain(provider).min();
        self.wake_at(Who::Master, due);
    }

    fn do_for_control(&mut self, effect: Effect) {
        match effect {
            Effect::Tell { client, told } => self.tell_client(client, told),
            Effect::PassSocket { from, to, resume } => self.pass_socket(from, to, resume),
            Effect::Answer { question, result } => self.answer(question, result),
            Effect::Obeyed { question, result } => {
                self.note(format_args!("master: {question:?} came to {result:?}"));
            }
            Effect::Event(event) => {
                self.note(format_args!("master: event {event:?}"));
                self.see(Seen::Event(event));
            }
            Effect::Log(notice) => {
                self.note(format_args!("master: {notice}"));
                self.ask_desk(|desk, now, cluster| desk.note(now, &notice, cluster));
                self.see(Seen::Logged(notice));
            }
            Effect::Post(post) => self.post(&post),
            Effect::Commit { number, writes } => self.commit(number, writes),
            Effect::StepDown { reason } => {
                self.note(format_args!("master: steps down, {reason}"));
                self.end_master(true);
                // Its process has failed, and what runs it starts it again.
                self.queue
                    .after(SERVICE_RESTART, Event::Fault(Fault::StartMaster));
            }
            Effect::Stopped => {
                self.note(format_args!("master: has told everybody"));
                self.end_master(true);
            }
            of_nodes => self.do_for_nodes(of_nodes),
        }
    }

    fn do_for_nodes(&mut self, effect: Effect) {
        match effect {
            Effect::Welcome {
                attachment,
                node,
                boot,
                term,
                again,
            } => {
                self.note(format_args!("master: welcomes {boot}"));
                let admitted = node.clone();
                self.see(Seen::Admitted { node, boot, again });
                self.welcome(attachment, term.0);
                self.ask_desk(|desk, now, cluster| desk.welcomed(now, &admitted, cluster));
            }
            Effect::Refuse {
                attachment, reason, ..
            } => self.refuse(attachment, reason),
            Effect::DropStream { attachment } => self.drop_stream(attachment),
            Effect::Command {
                attachment,
                key,
                command,
            } => self.command_node(attachment, key, command),
            Effect::Probe {
                node,
                boot,
                addresses,
            } => self.probe(Probe {
                node,
                boot,
                addresses,
            }),
            Effect::Launch { node } => self.launch(&node),
            Effect::Terminate { node } => self.terminate(node),
            of_relays => self.do_for_relays(of_relays),
        }
    }

    fn launch(&mut self, node: &NodeId) {
        self.note(format_args!("master: wants {node} launched"));
        if self.sabotage == Sabotage::IdleProvider {
            return;
        }
        self.ask_desk(|desk, _, _| {
            desk.launch(node);
            Vec::new()
        });
    }

    /// The provider ends the machine, and the operator, who needs it after all, begins another one a little later.
    fn terminate(&mut self, node: NodeId) {
        self.note(format_args!("master: wants {node} ended"));
        if self.fleet.is_some() {
            self.ask_desk(|desk, now, cluster| desk.terminate(now, &node, cluster));
            return;
        }
        if self.sabotage == Sabotage::DeafProvider {
            return;
        }
        let found =
            (self.nodes.iter()).position(|held| held.id == node.as_str() && held.process.is_some());
        if let Some(found) = found {
            self.end_node(found, true);
            self.queue
                .after(5_000, Event::Fault(Fault::StartNode(found)));
        }
        self.tell_control(Input::Gone { node });
    }

    /// What is being written and was not told yet is never told, and what waits for those who are away goes with it.
    fn leave_untold(&mut self) {
        let unwritten = (self.master.as_ref()).is_some_and(|it| it.control.unwritten() > 0);
        // A master that lets calls go on without its store forgets what it could not write down.
        let forgets = unwritten && self.storage.was_ill();
        let (now, writes) = (self.now(), self.storage.writes());
        for browser in 0..self.browsers.len() {
            if writes || self.browsers[browser].phase() != Phase::In {
                self.browsers[browser].miss();
            }
            if forgets {
                self.browsers[browser].mislead(now);
                self.settle_browser(browser);
            }
        }
    }

    fn refuse(&mut self, attachment: AttachmentId, reason: String) {
        self.note(format_args!("master: refuses a node: {reason}"));
        if self.sabotage == Sabotage::KindMaster {
            let term = self.master.as_ref().map_or(0, |master| master.term);
            return self.welcome(attachment, term);
        }
        self.send_to_node(attachment, Payload::Refused(Cause::Superseded, reason));
        self.drop_stream(attachment);
    }

    fn welcome(&mut self, attachment: AttachmentId, term: u64) {
        let master = format!("run {}", self.runs);
        self.send_to_node(attachment, Payload::Welcome(Welcome { master, term }));
    }

    pub(super) fn send_to_node(&mut self, attachment: AttachmentId, payload: Payload) {
        let line = (self.master.as_ref()).and_then(|master| master.attachments.get(&attachment));
        if let Some(line) = line.copied() {
            self.send(line, End::Far, payload);
        }
    }

    fn drop_stream(&mut self, attachment: AttachmentId) {
        let Some(master) = &mut self.master else {
            return;
        };
        if let Some(line) = master.attachments.remove(&attachment) {
            master.links.remove(&line);
            self.hang_up(line, End::Far);
        }
    }

    fn command_node(
        &mut self,
        attachment: AttachmentId,
        key: Option<conference::RequestId>,
        command: conference::MediaCommand,
    ) {
        let Some(master) = &self.master else {
            return;
        };
        if !master.attachments.contains_key(&attachment) {
            let reason = "the link is gone".to_owned();
            return self.tell_control(Input::Unsent { key, reason });
        }
        let boot_id = master.boots.get(&attachment).cloned().unwrap_or_default();
        let command = agent::Command {
            key: key.map_or(0, |key| key.0),
            term: master.control.cluster().settings().term.0,
            boot_id,
            ask: translate::ask(command),
        };
        self.send_to_node(attachment, Payload::Command(command));
    }

    pub(crate) fn master_hears_node(&mut self, line: LineId, payload: Payload) {
        let Some(master) = &mut self.master else {
            return;
        };
        let known = master.links.get(&line).copied();
        match (payload, known) {
            (Payload::Up(ToMaster::Hello(hello)), None) => {
                let attachment = AttachmentId(master.next_attachment);
                master.next_attachment += 1;
                master.attachments.insert(attachment, line);
                master.links.insert(line, attachment);
                master.boots.insert(attachment, hello.boot_id.clone());
                let (hello, carries) = translate::hello(*hello);
                self.tell_control(Input::Attached {
                    attachment,
                    hello: Box::new(hello),
                    carries,
                });
            }
            (Payload::Up(message), Some(attachment)) => {
                if let Some(says) = translate::says(message) {
                    self.tell_control(Input::Says { attachment, says });
                }
            }
            (Payload::Bye, Some(attachment)) => {
                master.links.remove(&line);
                master.attachments.remove(&attachment);
                let boot = master.boots.remove(&attachment);
                let reason = "the line is closed".to_owned();
                let boot = boot.unwrap_or_default();
                self.see(Seen::LinkLost { boot });
                if self.sabotage != Sabotage::DeafLink {
                    self.tell_control(Input::Detached { attachment, reason });
                }
            }
            _ => {}
        }
    }

    /// Names a new question of an application's.
    pub(super) fn question(
        &mut self,
        browser: usize,
        number: AskNumber,
        token: Option<String>,
    ) -> Option<Question> {
        let master = self.master.as_mut()?;
        let question = Question(master.next_question);
        master.next_question += 1;
        master.questions.insert(question, (browser, number, token));
        Some(question)
    }
}
