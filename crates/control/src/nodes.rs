//! What comes from the nodes, and carrying out what the cluster wants.

use std::collections::BTreeSet;

use cluster::{Addresses, AttachmentId};
use conference::{MediaCommand, NodeId, Remedy, ServerOperation, SessionId, TransportId};
use diagnosis::MarkKind;

use reachability::Place;

use crate::control::Control;
use crate::effect::{Effect, Event};
use crate::input::{Direction, Input, Says, Stage, TransportState};
use crate::journal::Slot;
use crate::node_events::NodeHappening;
use crate::notice::Notice;

impl Control {
    pub(crate) fn take_of_nodes(&mut self, input: Input) {
        use cluster::Input as Cluster;
        match input {
            Input::Attached {
                attachment,
                hello,
                carries,
            } => self.attached(attachment, *hello, &carries),
            Input::Says { attachment, says } => self.says(attachment, says),
            Input::Silence { attachment, silent } => {
                self.tell_cluster(Cluster::Silence { attachment, silent });
            }
            Input::Detached { attachment, reason } => self.detached(attachment, reason),
            Input::Unsent { key, reason } => self.taken_back(key, reason),
            Input::Probed {
                node,
                boot,
                version,
                outcome,
            } => self.probed(node, Place { boot, version }, outcome),
            Input::Looked(looked) => self.looked(*looked),
            Input::Registered {
                node,
                boot,
                generation,
                at,
            } => self.tell_cluster(Cluster::Registered {
                node,
                boot,
                generation,
                at,
            }),
            Input::LeaseLost {
                node,
                generation,
                at,
            } => self.tell_cluster(Cluster::LeaseLost {
                node,
                generation,
                at,
            }),
            Input::Launched { node, environment } => {
                self.note(Slot::Node(node.clone()));
                self.tell_cluster(Cluster::Launched { node, environment });
            }
            Input::LaunchFailed { node, reason } => {
                self.tell_cluster(Cluster::LaunchFailed { node, reason });
            }
            Input::Gone { node } => self.tell_cluster(Cluster::Gone { node }),
            Input::Listed => self.tell_cluster(Cluster::Listed),
            Input::Surroundings(known) => self.learn_surroundings(*known),
            Input::LookNow => self.hurry_looks(),
            Input::OwnRelay(counters) => self.own_relay_did(counters),
            Input::OwnVisits(visits) => self.visited_here(visits),
            Input::Remembered(evidence) => self.remember(evidence),
            Input::Wall(wall) => self.tell_cluster(Cluster::Wall(wall)),
            // Taken by `take`.
            _ => {}
        }
    }

    fn attached(
        &mut self,
        attachment: AttachmentId,
        hello: cluster::Hello,
        carries: &[TransportState],
    ) {
        let node = NodeId::new(hello.node.as_str());
        let before = self.cluster.node(&hello.node);
        let before = before.and_then(cluster::Node::attachment);
        let news = self.news_of(&hello.node);
        let known = hello.node.clone();
        let alive = self.cluster.node(&known).is_some_and(is_alive);
        self.tell_cluster(cluster::Input::Hello { attachment, hello });
        if self.cluster.attached(attachment).is_none() {
            return;
        }
        if let Some(replaced) = before.filter(|before| *before != attachment) {
            self.answers_are_gone(replaced);
        }
        self.mark_news(&known, news.clone());
        self.note_boot(&known, &news.0, alive);
        self.compare(&node, carries);
        self.say_what_waited(&node);
        self.tell_conference(conference::Input::NodeBack { node });
    }

    /// The boot and the version of the addresses of a node.
    fn news_of(&self, node: &cluster::NodeId) -> (Option<cluster::BootId>, u64) {
        let known = self.cluster.node(node);
        let boot = known
            .and_then(cluster::Node::boot)
            .map(|boot| boot.id.clone());
        (boot, known.map_or(0, |node| node.addresses().version))
    }

    /// It may have come in another boot, and the one before may be alive.
    fn note_boot(&mut self, node: &cluster::NodeId, before: &Option<cluster::BootId>, alive: bool) {
        let boot = self.cluster.node(node).and_then(cluster::Node::boot);
        if let Some(boot) = boot.filter(|boot| before.as_ref() != Some(&boot.id)) {
            let claims = alive && before.is_some();
            let heard = self.now.timestamp.0;
            self.failures.boots.came(heard, node, boot.started, claims);
        }
    }

    /// Failures may have begun or ended with it, and there is new hope for those that have not.
    fn mark_news(&mut self, node: &cluster::NodeId, before: (Option<cluster::BootId>, u64)) {
        let after = self.news_of(node);
        let (kind, detail) = match &after {
            (Some(boot), _) if after.0 != before.0 => (MarkKind::Boot, boot.to_string()),
            (_, version) if *version != before.1 => {
                (MarkKind::AddressChange, format!("address set {version}"))
            }
            _ => return,
        };
        let (at, now) = (self.now.timestamp.0, self.now.moment);
        self.failures.mark(at, now, kind, node, detail);
    }

    /// Closes what no session wants (said into a broken link, or by a master that is gone). What is wanted and missing
    /// is left to its client for a moment, which notices by itself, and is a failure then.
    fn compare(&mut self, node: &NodeId, carries: &[TransportState]) {
        let wanted: BTreeSet<TransportId> = self.conference.transports_on(node).cloned().collect();
        let carried: BTreeSet<TransportId> =
            carries.iter().map(|it| it.transport.clone()).collect();
        let missing: Vec<&TransportId> = wanted.difference(&carried).collect();
        let id = cluster::NodeId::new(node.as_str());
        self.find_given_up(&id, &carried);
        self.failures.keep(&id, &carried);
        self.described.forget(&id);
        for state in carries {
            self.described.take(&id, state);
            self.follow(&id, state, "");
            self.hear_of(state);
        }
        for transport in &missing {
            self.clients.touch(transport, false);
        }
        let missing = missing.len();
        let orphans: Vec<TransportId> = carried.difference(&wanted).cloned().collect();
        if missing > 0 || !orphans.is_empty() {
            self.log(Notice::Differs {
                node: cluster::NodeId::new(node.as_str()),
                orphans: orphans.len(),
                missing,
            });
        }
        for transport in orphans {
            self.send(node, MediaCommand::Close { transport });
        }
    }

    fn says(&mut self, attachment: AttachmentId, says: Says) {
        match says {
            Says::Load(load) => self.tell_cluster(cluster::Input::Load { attachment, load }),
            Says::Answer { key, outcome } => {
                if let Some(waited) = self.in_flight.answered(key, attachment) {
                    self.media_answered(waited, outcome);
                }
            }
            Says::Transport { transport, reason } => {
                self.transport_changed(attachment, transport, reason);
            }
            Says::Candidates(new) => self.new_candidates(attachment, new),
            Says::Running(running) => self.runs_with(attachment, running),
            Says::Relay(counters) => self.relay_of(attachment, counters),
            Says::Limits(limits) => self.limits_of(attachment, limits),
            Says::Clock(skew) => self.clock_of(attachment, skew),
            Says::Evidence(evidence) => self.evidence(attachment, *evidence),
            Says::Visits(visits) => self.visited(attachment, visits),
            Says::Addresses(addresses) => self.addresses(attachment, addresses),
            Says::Fenced { master, term } => {
                let heard = self.now.timestamp.0;
                if let Some(node) = self.cluster.attached(attachment) {
                    let node = node.id().clone();
                    self.failures.boots.led_by(heard, node, master, term);
                }
            }
            Says::Leaving { reason } => {
                if let Some(node) = self.cluster.attached(attachment) {
                    let node = node.id().clone();
                    self.log(Notice::NodeLeaving { node, reason });
                }
                self.tell_cluster(cluster::Input::Leaving { attachment });
            }
        }
    }

    fn addresses(&mut self, attachment: AttachmentId, addresses: Addresses) {
        let Some(known) = self.cluster.attached(attachment) else {
            return;
        };
        let node = known.id().clone();
        // What only became older is not worth a write.
        if !known.addresses().says_the_same(&addresses) {
            self.note(Slot::Node(node.clone()));
        }
        self.steer();
        let before = self.news_of(&node);
        self.tell_cluster(cluster::Input::Addresses {
            attachment,
            addresses,
        });
        self.mark_news(&node, before.clone());
        self.tell_of_addresses(&node, before.1);
    }

    /// For the log, if the version is another than before.
    fn tell_of_addresses(&mut self, node: &cluster::NodeId, before: u64) {
        let Some(after) = self.cluster.node(node).map(cluster::Node::addresses) else {
            return;
        };
        if after.version == before {
            return;
        }
        let notice = Notice::NodeAddresses {
            node: node.clone(),
            version: after.version,
            ips: after.ips.clone(),
            problem: after.problem.clone(),
            outdated: self.outdated(node).len(),
        };
        self.log(notice);
    }

    fn transport_changed(
        &mut self,
        attachment: AttachmentId,
        state: TransportState,
        reason: String,
    ) {
        let Some(node) = self.cluster.attached(attachment) else {
            return;
        };
        let node = node.id().clone();
        self.described.take(&node, &state);
        self.follow(&node, &state, &reason);
        self.hear_of(&state);
        self.witness(&node, &state);
        self.log(Notice::Transport {
            node,
            transport: state.transport,
            stage: state.stage,
            reason,
        });
    }

    fn hear_of(&mut self, state: &TransportState) {
        let transport = state.transport.clone();
        self.clients
            .touch(&transport, state.stage == Stage::Connected);
        match (state.direction, state.stage) {
            (Direction::Publish, Stage::Connected) => {
                self.tell_conference(conference::Input::SourceUp { transport });
            }
            (Direction::Publish, Stage::Closed) => {
                self.tell_conference(conference::Input::SourceGone { transport });
            }
            _ => {}
        }
    }

    fn detached(&mut self, attachment: AttachmentId, reason: String) {
        if let Some(node) = self.cluster.attached(attachment) {
            let node = node.id().clone();
            self.log(Notice::LinkLost { node, reason });
        }
        self.answers_are_gone(attachment);
        self.tell_cluster(cluster::Input::Detached { attachment });
    }

    /// Whoever waits for an answer on this stream is told so before it is told that the node is back.
    fn answers_are_gone(&mut self, attachment: AttachmentId) {
        for waited in self.in_flight.detached(attachment) {
            self.media_failed(
                waited,
                "the link to the media node broke before it answered".to_owned(),
            );
        }
    }

    pub(crate) fn tell_cluster(&mut self, input: cluster::Input) {
        let effects = self.cluster.handle(self.now.moment, input);
        for effect in effects {
            self.carry_out_cluster(effect);
        }
    }

    pub(crate) fn carry_out_cluster(&mut self, effect: cluster::Effect) {
        use cluster::Effect as Wanted;
        match effect {
            Wanted::Admit {
                attachment,
                node,
                boot,
                term,
                again,
            } => {
                self.note(Slot::Node(node.clone()));
                self.look_at(&node);
                self.steer_newcomer(&node, attachment);
                let let_in = node.clone();
                self.out(Effect::Welcome {
                    attachment,
                    node,
                    boot,
                    term,
                    again,
                });
                self.withhold_anew(&let_in);
            }
            Wanted::Refuse {
                attachment,
                refusal,
                reason,
            } => {
                self.log(Notice::NodeRefused(reason.clone()));
                self.out(Effect::Refuse {
                    attachment,
                    refusal,
                    reason,
                });
            }
            Wanted::Drop { attachment } => self.out(Effect::DropStream { attachment }),
            Wanted::Probe {
                node,
                boot,
                addresses,
            } => self.out(Effect::Probe {
                node,
                boot,
                addresses,
            }),
            Wanted::Launch { node } => self.out(Effect::Launch { node }),
            Wanted::Terminate { node } => self.out(Effect::Terminate { node }),
            Wanted::CloseSessions { node, sessions, .. } => self.close_sessions(node, sessions),
            Wanted::Lost { .. } => self.node_lost(effect),
            Wanted::Changed { node, from, to } => {
                self.note(Slot::Node(node.clone()));
                self.steer();
                self.log(Notice::NodeState { node, from, to });
            }
            Wanted::Brake { on } => self.log(Notice::Brake(on)),
            Wanted::StatusChanged { .. } | Wanted::Autoscaling(_) | Wanted::Recovered { .. } => {
                self.tell_of_nodes(effect);
            }
        }
    }

    fn tell_of_nodes(&mut self, effect: cluster::Effect) {
        use cluster::Effect as Wanted;
        match effect {
            Wanted::StatusChanged { node, old, new } => {
                self.node_event(&node, NodeHappening::StatusChanged { old, new });
            }
            Wanted::Autoscaling(event) => self.autoscaling(event),
            Wanted::Recovered { node } => {
                self.log(Notice::NodeBack(node.clone()));
                self.node_event(&node, NodeHappening::Recovered);
            }
            // What is to be done and not told.
            _ => {}
        }
    }

    fn node_lost(&mut self, lost: cluster::Effect) {
        let cluster::Effect::Lost {
            node,
            boot,
            reason,
            sessions,
        } = lost
        else {
            return;
        };
        self.log(Notice::NodeLost {
            node: node.clone(),
            boot,
            reason,
            sessions: sessions.len(),
        });
        self.note(Slot::Node(node.clone()));
        self.failures.keep(&node, &BTreeSet::new());
        self.described.forget(&node);
        self.forget_ways(&node);
        if reason.is_crash() {
            self.crashed(&node, sessions);
        }
        self.event(Event::Over { node: node.clone() });
        let node = NodeId::new(node.as_str());
        let remedy = match reason {
            // What it carried was closed when it had to go.
            cluster::LostReason::Terminated => Remedy::Evict,
            _ => self.settings.remedy,
        };
        self.forget_what_waited(&node);
        for transport in self.conference.transports_on(&node) {
            self.clients.touch(transport, false);
        }
        self.tell_conference(conference::Input::NodeLost { node, remedy });
    }

    fn crashed(&mut self, node: &cluster::NodeId, sessions: Vec<cluster::SessionId>) {
        let found = sessions
            .iter()
            .filter_map(|id| self.conference.session(&SessionId::new(id.as_str())));
        let connections = found
            .flat_map(|session| session.connections.values())
            .filter(|connection| connection.active.is_some())
            .map(|connection| connection.id.clone())
            .collect();
        let crashed = NodeHappening::Crashed {
            sessions,
            connections,
        };
        self.node_event(node, crashed);
    }

    pub(crate) fn session_closed(&mut self, session: &SessionId) {
        let session = cluster::SessionId::new(session.as_str());
        self.tell_cluster(cluster::Input::SessionClosed { session });
    }

    fn close_sessions(&mut self, node: cluster::NodeId, sessions: Vec<cluster::SessionId>) {
        self.log(Notice::ClosingLeftovers {
            node,
            sessions: sessions.len(),
        });
        for session in sessions {
            let session = SessionId::new(session.as_str());
            // The events tell it.
            self.ask(None, ServerOperation::CloseSession { session });
        }
    }
}

/// Heard just now, and not about to go.
fn is_alive(node: &cluster::Node) -> bool {
    node.heard() && node.state() != cluster::State::Terminating
}
