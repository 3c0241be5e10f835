//! Taking the steps of the ladder.

use std::hash::{DefaultHasher, Hash, Hasher};

use cluster::{AttachmentId, NodeId, State};
use conference::{Input, LegOf};
use diagnosis::{Finding, Step};

use crate::control::Control;
use crate::effect::Effect;
use crate::healing::Circumstances;

impl Control {
    pub(crate) fn next_step(&mut self, leg: &LegOf, finding: &Finding) -> Option<Step> {
        let session = self.conference.session(&leg.session)?;
        let node = NodeId::new(session.node.as_ref()?.as_str());
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
        match finding.remedy.step {
            Some(first) => ladder.next(now, leg, cause, first, under, possible),
            // A person has to act.
            None => ladder.next(now, leg, cause, Step::AnotherPath, under, |_| false),
        }
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

    pub(crate) fn take_step(&mut self, leg: &LegOf, step: Step) {
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
