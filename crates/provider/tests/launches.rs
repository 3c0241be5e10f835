//! What becomes of launches, one story each.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::sync::Arc;
use std::time::Duration;

use provider::launches::{
    About, Answer, Call, CallId, DeadlineReason, Effect, Failure, FailureReason, Input, Launches,
    Moment, Phase, Timing, Why,
};
use provider::{Ended, LaunchKey, Machine, MachineId, Spec};

fn key(text: &str) -> LaunchKey {
    LaunchKey::parse(text).unwrap()
}

fn id(text: &str) -> MachineId {
    MachineId::parse(text).unwrap()
}

fn machine(name: &str, of: &str) -> Machine {
    Machine {
        id: id(name),
        key: key(of),
        address: None,
    }
}

fn ended(name: &str, of: &str) -> Input {
    Input::Ended(Ended {
        key: key(of),
        machine: id(name),
        reason: "exit status: 2".into(),
        is_final: true,
    })
}

fn ended_by_itself() -> FailureReason {
    FailureReason::EndedByItself {
        reason: "exit status: 2".into(),
        is_final: true,
    }
}

fn lost(of: &str, reason: FailureReason) -> Effect {
    Effect::Lost {
        key: key(of),
        reason,
    }
}

fn timing() -> Timing {
    Timing {
        dial_in: Duration::from_secs(300),
        ..Timing::default()
    }
}

fn failed(reason: &str, is_final: bool) -> Answer {
    Answer::Failed(Failure {
        is_final,
        reason: reason.into(),
    })
}

/// Launches, the time, and the calls without an answer.
struct Story {
    launches: Launches,
    now: Moment,
    calls: Vec<(CallId, Call)>,
}

impl Story {
    fn begin() -> Self {
        let mut story = Self {
            launches: Launches::new(timing(), true),
            now: Moment(0),
            calls: Vec::new(),
        };
        assert_eq!(story.tell(Input::Tick), []);
        assert_eq!(story.calls(), [Call::List]);
        story
    }

    /// After a first list of nothing.
    fn quiet() -> Self {
        let mut story = Self::begin();
        assert_eq!(story.listed(&[]), []);
        story
    }

    fn tell(&mut self, input: Input) -> Vec<Effect> {
        let mut told = Vec::new();
        for effect in self.launches.handle(self.now, input) {
            match effect {
                Effect::Call { id, call } => self.calls.push((id, call)),
                effect => told.push(effect),
            }
        }
        told
    }

    fn calls(&self) -> Vec<Call> {
        self.calls.iter().map(|(_, call)| call.clone()).collect()
    }

    fn launch(&mut self, keys: &[&str]) -> Vec<Effect> {
        let wanted = keys.iter().map(|text| (key(text), Arc::default()));
        self.tell(Input::Launch(wanted.collect()))
    }

    /// Answers the first call of which `which` is true.
    fn answer(&mut self, which: impl Fn(&Call) -> bool, answer: Answer) -> Vec<Effect> {
        let at = self.calls.iter().position(|(_, call)| which(call));
        let (call, _) = self.calls.remove(at.expect("no such call"));
        self.tell(Input::Answered { call, answer })
    }

    fn answer_launch(&mut self, of: &str, answer: Answer) -> Vec<Effect> {
        self.answer(
            |call| matches!(call, Call::Launch { key, .. } if key.as_str() == of),
            answer,
        )
    }

    fn answer_terminate(&mut self, machine: &str, answer: Answer) -> Vec<Effect> {
        let terminate = Call::Terminate {
            machine: id(machine),
        };
        self.answer(|call| *call == terminate, answer)
    }

    fn listed(&mut self, machines: &[Machine]) -> Vec<Effect> {
        self.answer(
            |call| *call == Call::List,
            Answer::Listed(machines.to_vec()),
        )
    }

    /// Lets the time pass, deadline by deadline, and answers every list with these machines.
    fn pass(&mut self, span: Duration, machines: &[Machine]) -> Vec<Effect> {
        let end = self.now + span;
        let mut told = Vec::new();
        loop {
            if self.calls().contains(&Call::List) {
                told.extend(self.listed(machines));
            }
            match self.launches.next_deadline() {
                Some(deadline) if deadline.at <= end => self.now = self.now.max(deadline.at),
                _ => break,
            }
            told.extend(self.tell(Input::Tick));
        }
        self.now = end;
        told
    }

    fn phase(&self, text: &str) -> Option<Phase> {
        self.launches.phase(&key(text))
    }

    /// A launch that went well.
    fn up(&mut self, text: &str, name: &str) {
        self.launch(&[text]);
        self.answer_launch(text, Answer::Launched(machine(name, text)));
        self.tell(Input::Joined(key(text)));
        assert_eq!(self.phase(text), Some(Phase::Joined));
    }
}

fn reason(effects: &[Effect], of: &str) -> FailureReason {
    let failed = effects.iter().find_map(|effect| match effect {
        Effect::Failed { key, reason } if key.as_str() == of => Some(reason.clone()),
        _ => None,
    });
    failed.unwrap_or_else(|| panic!("{of} has not failed: {effects:?}"))
}

fn terminate(name: &str) -> Call {
    Call::Terminate { machine: id(name) }
}

#[test]
fn a_hundred_are_launched_by_one_plan() {
    let mut story = Story::quiet();
    assert_eq!(story.launches.launchable(story.now), 100);
    let names: Vec<String> = (0..100).map(|number| format!("k{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(story.launch(&names), []);
    assert_eq!(story.calls.len(), 100);
    assert_eq!(story.launches.launchable(story.now), 0);
    // Said twice is said once.
    story.launch(&names);
    assert_eq!(story.calls.len(), 100);
}

#[test]
fn a_launch_goes_well() {
    let mut story = Story::quiet();
    story.launch(&["a"]);
    let told = story.answer_launch("a", Answer::Launched(machine("m1", "a")));
    let launched = Effect::Launched {
        machine: machine("m1", "a"),
    };
    assert_eq!(told, [launched]);
    assert_eq!(story.tell(Input::Joined(key("a"))), []);
    assert_eq!(
        story.pass(Duration::from_secs(3600), &[machine("m1", "a")]),
        []
    );
    assert_eq!(story.phase("a"), Some(Phase::Joined));
    assert_eq!(story.calls(), []);
}

#[test]
fn one_that_never_dials_in_fails_is_ended_and_is_waited_out() {
    let mut story = Story::quiet();
    story.launch(&["a"]);
    story.answer_launch("a", Answer::Launched(machine("m1", "a")));
    let told = story.pass(Duration::from_secs(300), &[machine("m1", "a")]);
    assert_eq!(
        reason(&told, "a"),
        FailureReason::NeverDialledIn(Duration::from_secs(300))
    );
    assert_eq!(story.calls(), [terminate("m1")]);
    assert_eq!(story.launches.launchable(story.now), 0);
    let deadline = story.launches.next_deadline().unwrap();
    assert_eq!(deadline.reason, DeadlineReason::Unblocked);
    story.now = deadline.at;
    story.tell(Input::Tick);
    assert_eq!(story.launches.launchable(story.now), 100);

    let told = story.answer_terminate("m1", Answer::Terminated);
    assert_eq!(told, [Effect::Gone { key: key("a") }]);
    story.pass(Duration::from_secs(300), &[]);
    assert_eq!(story.phase("a"), None);
}

#[test]
fn failed_launches_are_waited_out_for_longer_each_time_until_one_goes_well() {
    let mut story = Story::quiet();
    let mut waits = Vec::new();
    for number in 0..4 {
        let (a, b) = (format!("a{number}"), format!("b{number}"));
        story.launch(&[&a, &b]);
        story.answer_launch(&a, failed("no quota", true));
        story.answer_launch(&b, failed("no quota", true));
        let began = story.now.0;
        while story.launches.launchable(story.now) == 0 {
            story.now.0 += 1;
        }
        waits.push(story.now.0 - began);
    }
    assert_eq!(waits, [5000, 10000, 20000, 40000]);
    story.up("c", "m1");
    story.launch(&["d"]);
    story.answer_launch("d", failed("no quota", true));
    story.now = story.now + Duration::from_secs(5);
    assert!(story.launches.launchable(story.now) > 0);
}

#[test]
fn a_call_that_fails_is_said_again_three_times() {
    let mut story = Story::quiet();
    story.launch(&["a"]);
    for wait in [2, 4] {
        let told = story.answer_launch("a", failed("slow", false));
        let again = Some(story.now + Duration::from_secs(wait));
        let about = About::Launch(key("a"));
        let reason = "slow".into();
        assert_eq!(
            told,
            [Effect::Troubled {
                about,
                reason,
                again
            }]
        );
        // It may have had its effect.
        assert_eq!(story.calls(), [Call::List]);
        story.pass(Duration::from_secs(wait), &[]);
    }
    let told = story.answer_launch("a", failed("slow", false));
    let FailureReason::NotLaunched { attempts: 3, .. } = reason(&told, "a") else {
        panic!("{told:?}");
    };
    // Nothing came of it: it is forgotten when lists say so.
    let told = story.pass(Duration::from_secs(300), &[]);
    assert_eq!(told, [Effect::Gone { key: key("a") }]);
    assert_eq!(story.phase("a"), None);
}

#[test]
fn a_refusal_is_final() {
    let mut story = Story::quiet();
    story.launch(&["a"]);
    let told = story.answer_launch("a", failed("no permission", true));
    let FailureReason::NotLaunched { attempts: 1, .. } = reason(&told, "a") else {
        panic!("{told:?}");
    };
}

#[test]
fn a_machine_that_appears_while_its_launch_waits_is_adopted() {
    let mut story = Story::quiet();
    story.launch(&["a"]);
    story.answer_launch("a", failed("timed out", false));
    let told = story.listed(&[machine("m1", "a")]);
    let machine = Some(machine("m1", "a"));
    assert_eq!(
        told,
        [Effect::Adopted {
            key: key("a"),
            machine
        }]
    );
    assert!(matches!(story.phase("a"), Some(Phase::Launched { .. })));
    story.now = story.now + Duration::from_secs(60);
    assert_eq!(story.tell(Input::Tick), []);
    assert_eq!(story.calls(), [Call::List], "and not launched again");
}

#[test]
fn a_machine_that_appears_after_its_launch_failed_is_ended() {
    let mut story = Story::quiet();
    story.launch(&["a"]);
    story.answer_launch("a", failed("no", true));
    story.pass(Duration::from_secs(30), &[]);
    story.pass(Duration::from_secs(30), &[machine("m1", "a")]);
    assert_eq!(story.calls(), [terminate("m1")]);
}

#[test]
fn a_node_that_dials_in_after_its_launch_failed_is_adopted() {
    let mut story = Story::quiet();
    story.launch(&["a"]);
    story.answer_launch("a", failed("no", true));
    let told = story.tell(Input::Joined(key("a")));
    let machine_of_it = None;
    assert_eq!(
        told,
        [Effect::Adopted {
            key: key("a"),
            machine: machine_of_it
        }]
    );
    story.pass(Duration::from_secs(600), &[machine("m1", "a")]);
    assert_eq!(story.calls(), []);
    assert_eq!(story.phase("a"), Some(Phase::Joined));
}

#[test]
fn a_stray_is_ended_unless_its_node_dials_in() {
    let mut story = Story::begin();
    let both = [machine("m1", "a"), machine("m2", "b")];
    let told = story.listed(&both);
    assert_eq!(told.len(), 2);
    assert!(matches!(told[0], Effect::Stray { .. }));
    let told = story.tell(Input::Joined(key("a")));
    let kept = Some(machine("m1", "a"));
    assert_eq!(
        told,
        [Effect::Adopted {
            key: key("a"),
            machine: kept
        }]
    );
    story.pass(Duration::from_secs(120), &both);
    assert_eq!(story.calls(), [terminate("m2")]);
}

#[test]
fn after_a_restart_what_is_known_is_kept() {
    let mut story = Story::begin();
    let known = vec![(key("a"), Some(id("m1"))), (key("b"), None)];
    story.tell(Input::Known(known));
    let both = [machine("m1", "a"), machine("m2", "b")];
    assert_eq!(story.listed(&both), []);
    story.tell(Input::Joined(key("a")));
    let told = story.pass(Duration::from_secs(300), &both);
    assert!(matches!(
        reason(&told, "b"),
        FailureReason::NeverCameBack(_)
    ));
    assert_eq!(story.calls(), [terminate("m2")]);
}

#[test]
fn one_that_is_given_up_while_it_is_launched_goes_as_soon_as_it_is_there() {
    let mut story = Story::quiet();
    story.launch(&["a"]);
    assert_eq!(story.tell(Input::Unwant(vec![key("a")])), []);
    assert_eq!(
        story.answer_launch("a", Answer::Launched(machine("m1", "a"))),
        []
    );
    assert_eq!(story.calls(), [terminate("m1")]);
    // Too late to want it again, and its node is not let in.
    let told = story.launch(&["a"]);
    assert_eq!(reason(&told, "a"), FailureReason::Ended);
    assert_eq!(story.tell(Input::Joined(key("a"))), []);
    let told = story.answer_terminate("m1", Answer::Terminated);
    assert_eq!(told, [Effect::Gone { key: key("a") }]);
}

#[test]
fn one_that_is_given_up_is_not_told_to_go_nor_forgotten_before_its_launch_is_answered() {
    let mut story = Story::quiet();
    story.launch(&["a", "b"]);
    story.pass(Duration::from_secs(30), &[machine("m1", "a")]);
    story.tell(Input::Unwant(vec![key("a"), key("b")]));
    story.pass(Duration::from_secs(600), &[machine("m1", "a")]);
    assert!(!story.calls().contains(&terminate("m1")));
    story.answer_launch("a", Answer::Launched(machine("m1", "a")));
    story.answer_launch("b", Answer::Launched(machine("m2", "b")));
    assert_eq!(story.calls(), [terminate("m1"), terminate("m2")]);
}

#[test]
fn one_that_failed_is_remembered_for_as_long_as_lists_may_lag() {
    let mut story = Story::quiet();
    story.launch(&["a"]);
    story.answer_launch("a", failed("no", true));
    // Lists began 30 and 60 seconds after it; only the second one knows.
    story.pass(Duration::from_secs(61), &[]);
    assert!(story.phase("a").is_some());
    story.pass(Duration::from_secs(30), &[]);
    assert_eq!(story.phase("a"), None);
}

#[test]
fn one_that_is_given_up_can_be_wanted_again_while_it_is_launched() {
    let mut story = Story::quiet();
    story.launch(&["a"]);
    story.tell(Input::Unwant(vec![key("a")]));
    assert_eq!(story.launch(&["a"]), []);
    assert_eq!(story.calls.len(), 1, "the first call is still under way");
    let told = story.answer_launch("a", Answer::Launched(machine("m1", "a")));
    assert!(matches!(told[..], [Effect::Launched { .. }]));
    assert_eq!(story.calls(), []);
}

#[test]
fn a_second_machine_of_one_launch_is_ended() {
    let mut story = Story::quiet();
    story.up("a", "m1");
    story.pass(
        Duration::from_secs(30),
        &[machine("m1", "a"), machine("m0", "a")],
    );
    assert_eq!(story.calls(), [terminate("m0")]);
    assert_eq!(story.phase("a"), Some(Phase::Joined));
}

#[test]
fn a_termination_is_said_until_it_has_its_effect() {
    let mut story = Story::quiet();
    story.up("a", "m1");
    let there = [machine("m1", "a")];
    story.tell(Input::Unwant(vec![key("a")]));
    for _ in 0..20 {
        story.answer_terminate("m1", failed("busy", false));
        story.pass(Duration::from_secs(300), &there);
    }
    let told = story.answer_terminate("m1", Answer::Terminated);
    assert_eq!(told, [Effect::Gone { key: key("a") }]);
    // The provider said that it would go, and it did not.
    story.pass(Duration::from_secs(300), &there);
    assert_eq!(story.calls(), [terminate("m1")]);
    story.answer_terminate("m1", Answer::Terminated);
    story.pass(Duration::from_secs(300), &[]);
    assert_eq!(story.phase("a"), None);
    assert_eq!(story.calls(), []);
}

#[test]
fn a_machine_that_vanishes_before_its_node_dials_in_has_failed() {
    let mut story = Story::quiet();
    story.launch(&["a"]);
    story.answer_launch("a", Answer::Launched(machine("m1", "a")));
    // Lists may lag: the first minute says nothing, and one list alone neither.
    assert_eq!(story.pass(Duration::from_secs(60), &[]), []);
    let told = story.pass(Duration::from_secs(60), &[]);
    assert_eq!(reason(&told, "a"), FailureReason::Vanished);
    assert_eq!(story.calls(), []);
}

#[test]
fn a_machine_whose_node_has_dialled_in_is_not_ended_because_a_list_is_without_it() {
    let mut story = Story::quiet();
    story.up("a", "m1");
    let told = story.pass(Duration::from_secs(3600), &[]);
    let reason = FailureReason::Vanished;
    assert_eq!(told, [lost("a", reason)]);
    assert_eq!(story.phase("a"), Some(Phase::Joined));
    story.pass(Duration::from_secs(60), &[machine("m1", "a")]);
    assert_eq!(story.calls(), []);
    // The lists were wrong: its node may be lost for a while like any other.
    story.tell(Input::Left(key("a")));
    assert!(matches!(story.phase("a"), Some(Phase::Launched { .. })));
}

#[test]
fn a_node_that_is_lost_has_time_to_come_back() {
    let mut story = Story::quiet();
    story.up("a", "m1");
    let there = [machine("m1", "a")];
    story.tell(Input::Left(key("a")));
    assert_eq!(story.pass(Duration::from_secs(299), &there), []);
    story.tell(Input::Joined(key("a")));
    assert_eq!(story.pass(Duration::from_secs(3600), &there), []);
    story.tell(Input::Left(key("a")));
    let told = story.pass(Duration::from_secs(300), &there);
    assert!(matches!(
        reason(&told, "a"),
        FailureReason::NeverCameBack(_)
    ));
    assert_eq!(story.calls(), [terminate("m1")]);
    // That was no failure to launch.
    assert_eq!(story.launches.launchable(story.now), 100);
}

#[test]
fn a_list_that_fails_says_nothing_about_what_is_there() {
    let mut story = Story::quiet();
    story.launch(&["a"]);
    story.answer_launch("a", Answer::Launched(machine("m1", "a")));
    for _ in 0..6 {
        story.now = story.launches.next_deadline().unwrap().at;
        story.tell(Input::Tick);
        let told = story.answer(|call| *call == Call::List, failed("half JSON", false));
        assert!(matches!(
            told[..],
            [Effect::Troubled {
                about: About::List,
                ..
            }]
        ));
    }
    assert!(matches!(story.phase("a"), Some(Phase::Launched { .. })));
}

#[test]
fn nodes_that_were_never_launched_come_and_go() {
    let mut story = Story::quiet();
    assert_eq!(story.tell(Input::Joined(key("own"))), []);
    assert_eq!(story.pass(Duration::from_secs(600), &[]), []);
    assert_eq!(story.phase("own"), Some(Phase::Joined));
    assert_eq!(story.tell(Input::Left(key("own"))), []);
    assert_eq!(story.phase("own"), None);
}

#[test]
fn a_machine_that_nobody_asked_for_is_adopted_when_its_node_came_before_the_list() {
    let mut story = Story::begin();
    assert_eq!(story.tell(Input::Joined(key("a"))), []);
    let adopted = Effect::Adopted {
        key: key("a"),
        machine: Some(machine("m1", "a")),
    };
    assert_eq!(story.listed(&[machine("m1", "a")]), [adopted]);
}

#[test]
fn more_than_can_be_remembered_are_refused_by_name() {
    let timing = Timing {
        remembered: 2,
        ..timing()
    };
    let mut launches = Launches::new(timing, true);
    let wanted = ["a", "b", "c"].map(|text| (key(text), Arc::<Spec>::default()));
    let effects = launches.handle(Moment(0), Input::Launch(wanted.into()));
    assert_eq!(reason(&effects, "c"), FailureReason::TooMany);
}

#[test]
fn where_nodes_dial_in_nothing_is_launchable() {
    assert_eq!(Launches::new(timing(), false).launchable(Moment(0)), 0);
}

#[test]
fn a_machine_that_ends_by_itself_before_its_node_dials_in_has_failed_at_once() {
    let mut story = Story::quiet();
    story.launch(&["a", "b"]);
    story.answer_launch("a", Answer::Launched(machine("m1", "a")));
    let told = story.tell(ended("m1", "a"));
    assert_eq!(reason(&told, "a"), ended_by_itself());
    // Even when it is quicker than the answer to its launch.
    assert_eq!(story.tell(ended("m2", "b")), []);
    let told = story.answer_launch("b", Answer::Launched(machine("m2", "b")));
    assert_eq!(reason(&told, "b"), ended_by_itself());
    story.pass(Duration::from_secs(300), &[]);
    assert_eq!(story.calls(), []);
    assert_eq!(story.phase("a"), None);
    assert_eq!(story.phase("b"), None);
}

#[test]
fn a_machine_that_ends_by_itself_under_its_node_is_told_and_waited_for_no_longer() {
    let mut story = Story::quiet();
    story.up("a", "m1");
    assert_eq!(story.tell(ended("m1", "a")), [lost("a", ended_by_itself())]);
    assert_eq!(story.tell(ended("m1", "a")), []);
    assert_eq!(story.phase("a"), Some(Phase::Joined));
    assert_eq!(story.tell(Input::Left(key("a"))), []);
    assert_eq!(story.phase("a"), Some(Phase::Ending(Why::Failed)));
    story.pass(Duration::from_secs(300), &[]);
    assert_eq!(story.phase("a"), None);
}

#[test]
fn a_machine_that_ends_when_told_to_is_no_news() {
    let mut story = Story::quiet();
    story.up("a", "m1");
    story.tell(Input::Unwant(vec![key("a")]));
    assert_eq!(story.tell(ended("m1", "a")), []);
    let told = story.answer_terminate("m1", Answer::Terminated);
    assert_eq!(told, [Effect::Gone { key: key("a") }]);
}
