//! The application's way to a token.

use super::{Act, Ask, Browser, Phase, REST_LIMIT, REST_LONGEST, Timer};
use crate::queue::Time;

impl Browser {
    pub(super) fn ask(&mut self, now: Time) {
        if !self.wanted {
            return;
        }
        self.phase = Phase::Asking;
        self.asks += 1;
        self.set(now, REST_LIMIT, Timer::RestLimit(self.asks));
        self.act(Act::Ask(Ask::Session(self.session.clone())));
    }

    /// Which of the application's questions waits for an answer.
    pub fn asking(&self) -> Option<u64> {
        (self.phase == Phase::Asking).then_some(self.asks)
    }

    /// The master has the session now.
    pub fn session_made(&mut self, ask: u64) {
        if self.asking() == Some(ask) {
            self.act(Act::Ask(Ask::Connection(self.session.clone())));
        }
    }

    /// Here is a token.
    pub fn token_given(&mut self, ask: u64, token: String) {
        if self.asking() == Some(ask) {
            self.token = Some(token);
            self.phase = Phase::Opening;
            self.act(Act::Dial);
        }
    }

    /// The master refused, or could not be asked.
    pub fn ask_refused(&mut self, now: Time, ask: u64) {
        if self.asking() == Some(ask) {
            self.asked_in_vain(now);
        }
    }

    pub(super) fn asked_in_vain(&mut self, now: Time) {
        self.asks += 1;
        self.ask_failures += 1;
        let pause = (500u64 << self.ask_failures.min(7)).min(REST_LONGEST);
        self.set(now, pause, Timer::Ask);
    }
}
