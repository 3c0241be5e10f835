//! In which order and how often messages are posted: one at a time, oldest first, again until the endpoint has taken
//! it.
//!
//! Pure: [`Delivery::step`] says what to do now, whoever posts answers with [`Delivery::answered`]. What it forgets is
//! returned, so that a store forgets it too; after a restart [`Delivery::restore`] goes on where it was, which may post
//! the message that was under way a second time.

use std::collections::VecDeque;
use std::time::Duration;

use cluster::Moment;

use super::EventName;

/// How much waits, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Messages that wait at most.
    pub messages: usize,
    /// Their bodies together, bytes.
    pub bytes: usize,
    /// Pause after the first failure; doubled with each further one.
    pub retry: Duration,
    /// Longest pause.
    pub retry_longest: Duration,
    /// A message that the endpoint itself fails on so often in a row is given up, or all that come after it would wait
    /// for ever. Does not hold for an endpoint that cannot be reached.
    pub errors: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            messages: 10_000,
            bytes: 16 << 20,
            retry: Duration::from_millis(500),
            retry_longest: Duration::from_secs(60),
            errors: 10,
        }
    }
}

/// A message and its place in the order of all.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Post {
    /// Grows by one with each message, across restarts.
    pub number: u64,
    pub event: EventName,
    pub body: String,
}

/// What came of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The endpoint answered with this status.
    Answered(u16),
    /// It could not be reached, or did not answer in time.
    Failed(String),
}

/// What an answer meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Taken: the message is forgotten.
    Delivered,
    /// The endpoint does not want this message, and will not want it when it is said again: it is forgotten.
    Refused,
    /// Again, after this pause.
    Again(Duration),
    /// Nobody waits for this answer.
    Stale,
}

/// What to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting<'a> {
    /// Post it and answer.
    Post(&'a Post),
    /// Ask again then.
    Until(Moment),
    /// Nothing to be done before something is pushed or answered.
    Idle,
}

/// The messages for one endpoint.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    limits: Limits,
    waiting: VecDeque<Post>,
    bytes: usize,
    next: u64,
    /// The first of `waiting` is being posted.
    under_way: bool,
    failures: u32,
    not_before: Option<Moment>,
    delivered: u64,
    refused: u64,
    dropped: u64,
}

impl Delivery {
    /// Nothing waits.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Goes on with what a store has kept, in the order of its numbers. `next` is the least number that was never
    /// given.
    pub fn restore(limits: Limits, kept: impl IntoIterator<Item = Post>, next: u64) -> Self {
        let mut waiting: Vec<Post> = kept.into_iter().collect();
        waiting.sort_by_key(|post| post.number);
        let last = waiting.last().map_or(0, |post| post.number + 1);
        Self {
            bytes: waiting.iter().map(|post| post.body.len()).sum(),
            waiting: waiting.into(),
            next: next.max(last),
            ..Self::new(limits)
        }
    }

    /// Takes a message and says its number. When there is no room, the oldest that are not under way are dropped;
    /// their numbers are returned.
    pub fn push(&mut self, event: EventName, body: String) -> (u64, Vec<u64>) {
        let number = self.next;
        self.next += 1;
        self.bytes += body.len();
        self.waiting.push_back(Post {
            number,
            event,
            body,
        });
        (number, self.make_room())
    }

    fn make_room(&mut self) -> Vec<u64> {
        let mut dropped = Vec::new();
        let oldest = usize::from(self.under_way);
        while self.waiting.len() > oldest + 1
            && (self.waiting.len() > self.limits.messages || self.bytes > self.limits.bytes)
        {
            if let Some(post) = self.waiting.remove(oldest) {
                self.bytes -= post.body.len();
                self.dropped += 1;
                dropped.push(post.number);
            }
        }
        dropped
    }

    /// What to do now. A message that is handed out counts as under way until it is answered.
    pub fn step(&mut self, now: Moment) -> Waiting<'_> {
        if self.under_way {
            return Waiting::Idle;
        }
        if let Some(at) = self.not_before.filter(|at| *at > now) {
            return Waiting::Until(at);
        }
        let Some(post) = self.waiting.front() else {
            return Waiting::Idle;
        };
        self.under_way = true;
        Waiting::Post(post)
    }

    /// When [`step`](Self::step) has something to do, if it is not now and not on an answer.
    pub fn next_deadline(&self) -> Option<Moment> {
        let waits = !self.under_way && !self.waiting.is_empty();
        self.not_before.filter(|_| waits)
    }

    /// What came of the message that is under way.
    pub fn answered(&mut self, now: Moment, number: u64, outcome: &Outcome) -> Step {
        let current = self.waiting.front().map(|post| post.number);
        if !self.under_way || current != Some(number) {
            return Step::Stale;
        }
        self.under_way = false;
        match outcome {
            Outcome::Answered(200..=299) => {
                self.forget_first();
                self.delivered += 1;
                Step::Delivered
            }
            // Too early, too many, or not the endpoint's own word: the same message may well be taken later.
            Outcome::Answered(408 | 425 | 429 | 502..=504) | Outcome::Failed(_) => self.again(now),
            Outcome::Answered(500..) if self.failures + 1 < self.limits.errors => self.again(now),
            Outcome::Answered(_) => {
                self.forget_first();
                self.refused += 1;
                Step::Refused
            }
        }
    }

    fn again(&mut self, now: Moment) -> Step {
        let doublings = self.failures.min(16);
        self.failures = self.failures.saturating_add(1);
        let pause = self.limits.retry * 2_u32.pow(doublings);
        let pause = pause.min(self.limits.retry_longest);
        self.not_before = Some(now + pause);
        Step::Again(pause)
    }

    fn forget_first(&mut self) {
        if let Some(post) = self.waiting.pop_front() {
            self.bytes -= post.body.len();
        }
        self.failures = 0;
        self.not_before = None;
    }

    /// The least number that was never given.
    pub fn next_number(&self) -> u64 {
        self.next
    }

    /// A message that waits.
    pub fn get(&self, number: u64) -> Option<&Post> {
        let place = self
            .waiting
            .binary_search_by_key(&number, |post| post.number);
        self.waiting.get(place.ok()?)
    }

    /// How many messages wait, the one under way included.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// How often in a row the first message has failed.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Messages that were taken, that were refused, and that were dropped for want of room, since the start.
    pub fn counts(&self) -> (u64, u64, u64) {
        (self.delivered, self.refused, self.dropped)
    }
}
