//! Whatever the store does and whenever the master dies: what was told is there afterwards, and a store that answers
//! again holds everything.

use conference::{ConnectionId, ServerOperation, SessionId};
use control::{Effect, Outcome};

use crate::dice::Dice;
use crate::stage::{Stage, publish};

/// Half of them with a store that never fails, whose promises are checked at every step.
const SEEDS: u64 = 60;
const STEPS: u32 = 120;

#[test]
fn nothing_that_was_told_is_lost() {
    for seed in 0..SEEDS {
        let mut play = Play::new(seed);
        for _ in 0..STEPS {
            play.step();
        }
        play.end();
    }
}

struct Play {
    seed: u64,
    dice: Dice,
    stage: Stage,
    /// Sessions that applications were told to be made, and not told to be closed.
    promised: Vec<(control::Question, String)>,
    closing: Vec<(control::Question, String)>,
    next: u32,
}

impl Play {
    fn new(seed: u64) -> Self {
        let mut stage = Stage::new();
        stage.attach(1, "media_1", 1);
        stage.prompt = false;
        Self {
            seed,
            dice: Dice::new(seed),
            stage,
            promised: Vec::new(),
            closing: Vec::new(),
            next: 0,
        }
    }

    fn step(&mut self) {
        match self.dice.below(10) {
            0 | 1 => {
                self.next += 1;
                let name = format!("s{}", self.next);
                let question = self.stage.create(&name);
                self.promised.push((question, name));
            }
            2 => {
                if let Some(name) = self.some_session() {
                    let session = SessionId::new(name.as_str());
                    let question = self.stage.server(ServerOperation::CloseSession { session });
                    self.closing.push((question, name));
                }
            }
            3 | 4 => {
                if let Some(session) = self.some_session() {
                    self.next += 1;
                    let name = format!("p{}", self.next);
                    self.stage.connection(&session, &name);
                    let client = self.stage.join(&session, &name);
                    self.stage.operate(client, 2, &name, publish());
                }
            }
            5 => {
                if let Some(connection) = self.some_connection() {
                    self.stage.handle(control::Input::Lost { connection });
                }
            }
            6..=8 => self.store_answers(),
            _ => {
                let longest = if self.fails() { 400 } else { 100 };
                let span = u64::from(self.dice.below(longest));
                self.stage.pass(span);
            }
        }
    }

    fn fails(&self) -> bool {
        self.seed % 2 == 1
    }

    fn store_answers(&mut self) {
        if self.stage.commit.is_none() {
            return;
        }
        match self.dice.below(4) {
            _ if !self.fails() => self.stage.commits(Outcome::Applied, true),
            0 => self
                .stage
                .commits(Outcome::Failed("no answer".into()), true),
            1 => self
                .stage
                .commits(Outcome::Failed("disk full".into()), false),
            _ => self.stage.commits(Outcome::Applied, true),
        }
        self.check();
    }

    /// As long as the store was never silent, what was told is written.
    fn check(&self) {
        if self.fails() || self.stage.logged("does not write") {
            return;
        }
        for (question, name) in &self.promised {
            // A session may have ended with its last participant.
            let session = SessionId::new(name.as_str());
            let there = self.stage.control.conference().session(&session);
            if self.stage.answered(*question) == Some(true) && there.is_some() {
                let key = format!("sessions/{name}");
                assert!(
                    self.stage.store.contains_key(&key),
                    "seed {}: {key}",
                    self.seed
                );
            }
        }
        for (question, name) in &self.closing {
            if self.stage.answered(*question) == Some(true) {
                let key = format!("sessions/{name}");
                assert!(
                    !self.stage.store.contains_key(&key),
                    "seed {}: {key}",
                    self.seed
                );
            }
        }
    }

    /// The store answers again, and the master dies.
    fn end(mut self) {
        self.stage.prompt = true;
        if self.stage.commit.is_some() {
            self.stage.commits(Outcome::Applied, true);
        }
        self.stage.pass(30_000);
        assert_eq!(self.stage.control.unwritten(), 0, "seed {}", self.seed);
        assert!(!self.stage.control.store_is_silent(), "seed {}", self.seed);
        let unanswered = |stage: &Stage| {
            let answers = stage.seen.iter();
            answers
                .filter(|it| matches!(it, Effect::Answer { .. }))
                .count()
        };
        assert!(unanswered(&self.stage) >= self.promised.len() + self.closing.len());
        let before = self.stage.sessions();
        assert_eq!(
            self.stage.restarted().sessions(),
            before,
            "seed {}",
            self.seed
        );
    }

    fn some_session(&mut self) -> Option<String> {
        let sessions = self.stage.sessions();
        let count = u32::try_from(sessions.len())
            .ok()
            .filter(|count| *count > 0)?;
        let chosen = self.dice.below(count) as usize;
        Some(sessions[chosen].id.as_str().to_owned())
    }

    fn some_connection(&mut self) -> Option<ConnectionId> {
        let sessions = self.stage.sessions();
        let all: Vec<&ConnectionId> = sessions
            .iter()
            .flat_map(|session| session.connections.keys())
            .collect();
        let count = u32::try_from(all.len()).ok().filter(|count| *count > 0)?;
        Some(all[self.dice.below(count) as usize].clone())
    }
}
