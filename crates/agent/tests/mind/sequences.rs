//! Whatever happens in whatever order: what always holds of a node's mind. A failing seed is printed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::dice::Dice;
use crate::stage::{BOOT, Node, interfaces, transport, welcome};
use agent::{
    Addresses, Answer, Ask, Cause, Command, Effect, Ended, Failure, FailureKind, Input, Note,
    Settings, Stage, ToMaster, Transport, Usage,
};

const SEEDS: u64 = 500;
const STEPS: u32 = 400;

/// What a watcher at the link and at the plane knows.
#[derive(Default)]
struct Watcher {
    /// A dial that has not ended.
    dialled: bool,
    /// What the plane carried at the present connection, until the hello is out.
    hello_due: Option<Vec<Transport>>,
    /// A hello is out, nobody hung up and nothing ended.
    open: bool,
    attached: bool,
    highest: u64,
    /// As announced on the present connection.
    announced: Option<Addresses>,
    /// The master's keys that may be answered on the present connection, by the plane's.
    waiting: BTreeMap<u64, u64>,
    next_masters_key: u64,
    busy: Vec<(u64, Ask)>,
    /// Closes that were accepted and not taken.
    owed: BTreeSet<String>,
}

struct World {
    node: Node,
    dice: Dice,
    watcher: Watcher,
    carried: Vec<Transport>,
    attachments: u32,
    obeyed: u32,
    slept: u32,
}

impl World {
    fn new(seed: u64) -> Self {
        let settings = Settings {
            exit_when_orphaned: None,
        };
        Self {
            node: Node::new(settings),
            dice: Dice::new(seed),
            watcher: Watcher::default(),
            carried: Vec::new(),
            attachments: 0,
            obeyed: 0,
            slept: 0,
        }
    }

    fn step(&mut self) {
        match self.dice.below(12) {
            0..=3 => self.tick(),
            4 => self.sleep(),
            5 => self.link(),
            6 => self.command(),
            7 => self.plane(),
            8 => self.addresses(),
            9 => self.end(),
            _ => self.link(),
        }
    }

    fn tick(&mut self) {
        let due = self.node.agent.next_deadline().expect("at work").at;
        self.node.now = self.node.now.max(due);
        self.take(Input::Tick);
        let next = self.node.agent.next_deadline().expect("at work").at;
        assert!(next > self.node.now, "a deadline that stays due spins");
    }

    fn sleep(&mut self) {
        let millis = u64::from(self.dice.below(100_000));
        self.node.wait(Duration::from_millis(millis));
    }

    /// The way to the master goes on by one stage.
    fn link(&mut self) {
        if !self.watcher.dialled {
            return;
        }
        if self.watcher.hello_due.is_none() && !self.watcher.open {
            let stage = [Stage::New, Stage::Connected, Stage::Closed][self.dice.below(3) as usize];
            self.carried = vec![transport(stage), transport(Stage::Disconnected)];
            let carried = if self.dice.below(8) == 0 {
                Err("the plane is ill".into())
            } else {
                let known = self.carried.iter().filter(|t| t.stage != Stage::Closed);
                self.watcher.hello_due = Some(known.cloned().collect());
                Ok(self.carried.clone())
            };
            self.take(Input::Connected { carried });
            assert!(self.watcher.hello_due.is_none(), "no hello on a connection");
        } else if self.watcher.open && !self.watcher.attached {
            let term = self.watcher.highest.saturating_sub(1) + u64::from(self.dice.below(3));
            let stale = term < self.watcher.highest;
            self.watcher.attached = !stale;
            self.watcher.highest = self.watcher.highest.max(term);
            let effects = self.take(welcome(term));
            assert_eq!(effects.contains(&Effect::HangUp), stale);
            self.attachments += u32::from(!stale);
        }
    }

    fn command(&mut self) {
        self.watcher.next_masters_key += 1;
        let term = (self.watcher.highest + 1).saturating_sub(u64::from(self.dice.below(3)));
        let boot_id = if self.dice.below(6) == 0 {
            "other"
        } else {
            BOOT
        };
        let id = format!("t{}", self.dice.below(3));
        let ask = if self.dice.below(2) == 0 {
            Ask::Close {
                transport: id.as_str().into(),
            }
        } else {
            Ask::Accept {
                transport: id.as_str().into(),
                answer: String::new(),
            }
        };
        let masters_key = self.watcher.next_masters_key;
        let command = Command {
            key: masters_key,
            term,
            boot_id: boot_id.into(),
            ask: ask.clone(),
        };
        let may = self.watcher.attached && boot_id == BOOT && term >= self.watcher.highest;
        let effects = self.take(Input::Command(command));
        if self.watcher.attached && boot_id == BOOT {
            self.watcher.highest = self.watcher.highest.max(term);
        }
        let submitted = effects.into_iter().find_map(|effect| match effect {
            Effect::Submit { key, ask } => Some((key, ask)),
            _ => None,
        });
        assert_eq!(submitted.is_some(), may, "term {term}, boot {boot_id}");
        let Some((key, said)) = submitted else { return };
        assert_eq!(said, ask);
        self.obeyed += 1;
        if ask.is_answered() {
            assert!(self.watcher.waiting.insert(key, masters_key).is_none());
        }
        self.watcher.busy.push((key, ask));
    }

    /// The plane answers, is too busy, or reports.
    fn plane(&mut self) {
        if self.watcher.busy.is_empty() || self.dice.below(3) == 0 {
            let transport = transport(Stage::Connected);
            let reason = "dtls".into();
            self.take(Input::Transport { transport, reason });
            return;
        }
        let some = self.dice.below(self.watcher.busy.len() as u32) as usize;
        let (key, ask) = self.watcher.busy.swap_remove(some);
        let expected = self.watcher.waiting.get(&key).copied();
        let answered = if self.dice.below(2) == 0 {
            if let Ask::Close { transport } = &ask {
                self.watcher.owed.insert(transport.to_string());
            }
            let failure = Failure::new(FailureKind::Unavailable, "busy");
            self.take(Input::NotSubmitted { key, ask, failure })
        } else {
            let result = Ok(Answer::Accepted);
            self.take(Input::Answered { key, result })
        };
        self.watcher.waiting.remove(&key);
        let told = answered.iter().find_map(|effect| match effect {
            Effect::Send(ToMaster::Answer { key, .. }) => Some(*key),
            _ => None,
        });
        assert_eq!(told, expected, "each answer once, and to who asked");
    }

    fn addresses(&mut self) {
        let input = match self.dice.below(4) {
            0 => interfaces(&[]),
            n => interfaces(&[&format!("192.0.2.{n}")]),
        };
        let refused = self.dice.below(3) == 0;
        let effects = self.take(input);
        let sets = |e: &Effect| matches!(e, Effect::SetAddresses { .. });
        if refused && effects.iter().any(sets) {
            self.take(Input::AddressesNotSet);
        }
    }

    fn end(&mut self) {
        if !self.watcher.dialled {
            return;
        }
        let reason = "over".to_owned();
        let why = match self.dice.below(3) {
            0 => Ended::Unreachable { reason },
            1 => Ended::Detached { reason },
            _ => Ended::Refused {
                cause: Cause::Other,
                reason,
            },
        };
        self.watcher.dialled = false;
        self.closed();
        let jitter = f64::from(self.dice.below(1000)) / 1000.0;
        self.take(Input::Ended { why, jitter });
    }

    fn closed(&mut self) {
        self.watcher.open = false;
        self.watcher.attached = false;
        self.watcher.announced = None;
        self.watcher.waiting.clear();
    }

    fn take(&mut self, input: Input) -> Vec<Effect> {
        let ticked = matches!(input, Input::Tick);
        let effects = self.node.take(input);
        for effect in &effects {
            self.watch(effect, ticked);
        }
        if self.watcher.open {
            let told = self.watcher.announced.as_ref();
            assert_eq!(told, Some(self.node.agent.addresses()));
        }
        assert_eq!(self.node.agent.is_attached(), self.watcher.attached);
        if effects.contains(&Effect::Measure) {
            let carried = Ok(self.carried.clone());
            let usage = Usage::default();
            self.take(Input::Measured { carried, usage });
        }
        effects
    }

    fn watch(&mut self, effect: &Effect, ticked: bool) {
        match effect {
            Effect::Dial => {
                assert!(!self.watcher.dialled, "dialled twice");
                self.watcher.dialled = true;
            }
            Effect::HangUp => {
                self.closed();
                // A dialler that is told to hang up has nothing more to say but the end.
                self.watcher.hello_due = None;
                self.watcher.dialled = false;
                let jitter = 0.5;
                let why = Ended::Detached {
                    reason: "hung up".into(),
                };
                let after = self.node.take(Input::Ended { why, jitter });
                assert_eq!(after, []);
            }
            Effect::Send(ToMaster::Hello(hello)) => {
                let carried = self.watcher.hello_due.take();
                assert_eq!(carried.as_ref(), Some(&hello.transports));
                self.watcher.open = true;
                self.watcher.announced = Some(hello.addresses.clone());
            }
            Effect::Send(message) => {
                assert!(self.watcher.open, "nobody hears {message:?}");
                if let ToMaster::AddressesChanged(addresses) = message {
                    let before = self.watcher.announced.replace(addresses.clone());
                    let before = before.expect("a hello came first");
                    let same =
                        (&before.ips, &before.problem) == (&addresses.ips, &addresses.problem);
                    assert_eq!(before.version == addresses.version, same);
                    assert!(before.version <= addresses.version);
                }
            }
            Effect::Submit { key, ask } if ticked => {
                let Ask::Close { transport } = ask else {
                    panic!("said again without need: {ask:?}")
                };
                assert!(self.watcher.owed.remove(&**transport));
                self.watcher.busy.push((*key, ask.clone()));
            }
            Effect::Note(Note::Slept(_)) => self.slept += 1,
            Effect::Exit(exit) => panic!("ended by itself: {exit:?}"),
            Effect::TellAgain
            | Effect::Submit { .. }
            | Effect::SetAddresses { .. }
            | Effect::Apply { .. }
            | Effect::Withhold(_)
            | Effect::Look(_)
            | Effect::NoLook(_)
            | Effect::Measure
            | Effect::Discover(_)
            | Effect::RestartShard(_)
            | Effect::Remember(_)
            | Effect::Note(_) => {}
        }
    }
}

#[test]
fn what_always_holds_holds_in_every_order() {
    let (mut attachments, mut obeyed, mut slept) = (0, 0, 0);
    for seed in 0..SEEDS {
        let world = std::panic::catch_unwind(|| {
            let mut world = World::new(seed);
            (0..STEPS).for_each(|_| world.step());
            world
        });
        let world = world.unwrap_or_else(|_| panic!("seed {seed}"));
        attachments += world.attachments;
        obeyed += world.obeyed;
        slept += world.slept;
    }
    // Sequences in which nothing happens prove nothing.
    assert!(attachments > 1000 && obeyed > 1000 && slept > 1000);
}

#[test]
fn the_same_inputs_bring_the_same_effects() {
    let play = |seed| {
        let mut world = World::new(seed);
        (0..STEPS).for_each(|_| world.step());
        format!("{:?}", world.node.agent)
    };
    for seed in 0..20 {
        assert_eq!(play(seed), play(seed));
    }
}
