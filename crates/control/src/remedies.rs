//! Taking the steps of the ladder.

use std::hash::{DefaultHasher, Hash, Hasher};

use cluster::{AttachmentId, NodeId, State};
use conference::{Input, LegOf, TransportId};
use diagnosis::{Finding, Mark, MarkKind, Step};
use openvidu::rpc::ClientNumber;

use crate::control::Control;
use crate::effect::Effect;
use crate::healing::{Advice, Circumstances};
use crate::notice::Notice;

impl Control {
    /// Takes the next step, or says that there is none.
    pub(crate) fn climb(&mut self, leg: &LegOf, transport: &TransportId, finding: &Finding) {
        let now = self.now.timestamp.0;
        match self.next_step(leg, finding) {
            Advice::Take(step) => {
                self.failures.window.mark(Mark {
                    at: now,
                    kind: MarkKind::Remedy,
                    subject: finding.subject.clone(),
                    detail: format!("{} for {}", step.code(), finding.cause),
                });
                self.failures.recent.took(transport.as_str(), step, now);
                self.log(Notice::Remedy {
                    leg: leg.clone(),
                    step,
                    cause: finding.cause,
                    proof: finding.proof.clone(),
                });
                self.take_step(leg, step);
            }
            Advice::Attempt(step) => {
                self.log(Notice::Attempt {
                    leg: leg.clone(),
                    step,
                });
                self.take_step(leg, step);
            }
            Advice::Wait
                if self.failures.ladder.is_given_up(leg)
                    && self.failures.recent.gave_up(transport.as_str()) =>
            {
                self.log_failure(Notice::NotHealed {
                    leg: leg.clone(),
                    cause: finding.cause,
                    remedy: finding.remedy.text.clone(),
                });
            }
            Advice::Wait => {}
        }
    }

    /// A client has come back. Another network than before may let its media through.
    pub(crate) fn came_from(&mut self, client: ClientNumber, ip: &str) {
        let Some(who) = self.clients.connection_of(client).cloned() else {
            return;
        };
        let Some((session, connection)) = self.conference.connection(&who) else {
            return;
        };
        let session = session.id.clone();
        let joined_from = connection.active.as_ref().map(|active| active.ip.clone());
        let before = self.clients.came_from(client, ip).or(joined_from);
        if before.is_some_and(|before| before != ip) {
            let now = self.now.moment;
            self.failures.ladder.encourage(now, &session, &who);
        }
    }

    fn next_step(&mut self, leg: &LegOf, finding: &Finding) -> Advice {
        let session = self.conference.session(&leg.session);
        let Some(node) = session.and_then(|session| session.node.as_ref()) else {
            return Advice::Wait;
        };
        let node = NodeId::new(node.as_str());
        let elsewhere = self.cluster.another(&node).is_some() && self.is_moving_right(leg);
        // The conference itself makes publishers dial again whose source the node has given up.
        let own = leg.publishes && self.failures.is_closed(leg);
        let told = self.is_told_settings(&node);
        let attached = self.attachment_of(&node).is_some();
        let hopeless = attached && self.is_moving_right(leg);
        let possible = |step: Step| match step {
            Step::AnotherPath => !own,
            Step::AnotherNode => elsewhere,
            Step::Republish => told,
            Step::ResolveAddresses => attached,
            Step::RestartShard => hopeless,
        };
        let (now, cause, under) = (self.now.moment, finding.cause, self.circumstances());
        let ladder = &mut self.failures.ladder;
        ladder.next(now, leg, cause, finding.remedy.step, under, possible)
    }

    fn circumstances(&self) -> Circumstances {
        let mut hasher = DefaultHasher::new();
        for node in self.cluster.nodes() {
            let serves = node.state() == State::Serving;
            (node.id(), node.boot(), node.addresses().version, serves).hash(&mut hasher);
        }
        Circumstances(hasher.finish())
    }

    /// All of a session go to another node, and whoever has media loses it for a moment; of those who have none it is not
    /// known whether they are still there. So nearly all have to be better off for it.
    fn is_moving_right(&self, leg: &LegOf) -> bool {
        let Some(session) = self.conference.session(&leg.session) else {
            return false;
        };
        let present = session.participants().count();
        let failing = session
            .participants()
            .filter(|(connection, _)| self.failures.is_failing(&leg.session, &connection.id));
        failing.count() * 10 >= present * 9
    }

    fn take_step(&mut self, leg: &LegOf, step: Step) {
        match step {
            Step::AnotherPath => self.tell_conference(Input::Repair {
                connection: leg.connection.clone(),
                stream: leg.stream.clone(),
            }),
            Step::AnotherNode => self.move_elsewhere(leg),
            Step::Republish => self.tell_settings_again(leg),
            Step::ResolveAddresses => {
                if let Some(attachment) = self.attachment_of_leg(leg) {
                    self.out(Effect::ResolveAddresses { attachment });
                }
            }
            Step::RestartShard => self.restart_shard(leg),
        }
    }

    /// A session is on one shard, so any of its transports names it.
    fn restart_shard(&mut self, leg: &LegOf) {
        let named = self.failures.a_transport_of(&leg.session);
        if let Some((attachment, transport)) = self.attachment_of_leg(leg).zip(named) {
            self.out(Effect::RestartShard {
                attachment,
                transport,
            });
        }
    }

    fn is_told_settings(&self, node: &NodeId) -> bool {
        self.working(node)
            .is_some_and(|working| working.told.is_some())
    }

    fn tell_settings_again(&mut self, leg: &LegOf) {
        if let Some(attachment) = self.attachment_of_leg(leg) {
            self.say_settings_again(attachment);
        }
    }

    fn attachment_of_leg(&self, leg: &LegOf) -> Option<AttachmentId> {
        let session = self.conference.session(&leg.session)?;
        self.attachment_of(&NodeId::new(session.node.as_ref()?.as_str()))
    }

    fn attachment_of(&self, node: &NodeId) -> Option<AttachmentId> {
        self.cluster.node(node)?.attachment()
    }

    fn move_elsewhere(&mut self, leg: &LegOf) {
        let session = leg.session.clone();
        let node = self
            .conference
            .session(&session)
            .and_then(|it| it.node.clone());
        if let Some(node) = node {
            self.homeless
                .avoid(session.clone(), NodeId::new(node.as_str()));
            self.session_closed(&session);
            self.tell_conference(Input::Move { session });
        }
    }
}
