//! One path as one party sees it.

use cluster::Moment;

use crate::path::{Depth, Failed, Passed, Stage};
use crate::settings::Settings;

/// Whether a path may be used, by the word of one party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Standing {
    Good,
    Lost,
}

/// What one party knows of one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    standing: Standing,
    /// Outcomes in a row that speak against the standing.
    against: u32,
    /// It has been good in this place.
    proven: bool,
    /// It failed last where only calls come to.
    in_calls: bool,
    last: Result<Passed, Failed>,
    depth: Depth,
    at: Moment,
    since: Moment,
}

impl Cell {
    /// By the first outcome. `None` for one that proves nothing: an echo that passed.
    pub(crate) fn new(now: Moment, depth: Depth, result: Result<Passed, Failed>) -> Option<Self> {
        let standing = match (depth, &result) {
            (_, Err(_)) => Standing::Lost,
            (Depth::Call, Ok(_)) => Standing::Good,
            (Depth::Echo, Ok(_)) => return None,
        };
        Some(Self {
            standing,
            against: 0,
            proven: standing == Standing::Good,
            in_calls: late(&result),
            last: result,
            depth,
            at: now,
            since: now,
        })
    }

    /// The addresses are others now and this one is still among them: what was lost is lost until it is regained, and
    /// nothing is proven.
    pub(crate) fn carried_over(mut self) -> Option<Self> {
        self.proven = false;
        self.against = 0;
        (self.standing == Standing::Lost).then_some(self)
    }

    /// True when its standing has changed.
    pub(crate) fn take(
        &mut self,
        now: Moment,
        depth: Depth,
        result: Result<Passed, Failed>,
        settings: &Settings,
    ) -> bool {
        let before = self.standing;
        match (self.standing, depth, &result) {
            (Standing::Good, _, Ok(_)) | (Standing::Lost, _, Err(_)) => self.against = 0,
            (Standing::Good, _, Err(_)) => self.against += 1,
            (Standing::Lost, Depth::Call, Ok(_)) => self.against += 1,
            // It answers again; only a call proves more.
            (Standing::Lost, Depth::Echo, Ok(_)) => {}
        }
        let regain_after = if self.proven {
            settings.regain_after
        } else {
            1
        };
        let enough = match self.standing {
            Standing::Good => settings.lose_after,
            Standing::Lost => regain_after,
        };
        if self.against >= enough.max(1) {
            self.against = 0;
            self.since = now;
            self.standing = match before {
                Standing::Good => Standing::Lost,
                Standing::Lost => Standing::Good,
            };
            self.proven |= self.standing == Standing::Good;
        }
        if result.is_err() {
            self.in_calls = late(&result);
        }
        (self.last, self.depth, self.at) = (result, depth, now);
        before != self.standing
    }

    /// Whether its standing may change with the next look.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.against > 0 || self.answers_again()
    }

    /// Lost where the echo failed too, and the echo passes now.
    fn answers_again(&self) -> bool {
        let echoes = self.depth == Depth::Echo && self.last.is_ok();
        self.standing == Standing::Lost && !self.in_calls && echoes
    }

    /// Lost although plain STUN is answered: only calls can tell.
    pub(crate) fn needs_calls(&self) -> bool {
        self.standing == Standing::Lost && self.in_calls
    }

    #[allow(missing_docs)]
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// How it went last.
    pub fn last(&self) -> &Result<Passed, Failed> {
        &self.last
    }

    /// How deep was looked then.
    pub fn depth(&self) -> Depth {
        self.depth
    }

    /// When that was.
    pub fn at(&self) -> Moment {
        self.at
    }

    /// Since when it has its standing.
    pub fn since(&self) -> Moment {
        self.since
    }

    /// At which stage it failed last.
    pub fn stage(&self) -> Option<Stage> {
        Some(self.last.as_ref().err()?.stage)
    }
}

fn late(result: &Result<Passed, Failed>) -> bool {
    result
        .as_ref()
        .is_err_and(|failed| !failed.stage.is_before_call())
}
