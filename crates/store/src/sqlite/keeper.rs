//! The thread that owns the file and the state.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::file::{StoreFile, commit_failed, not_done};
use super::{OpenError, Options, Reply, Shared};
use crate::entry::{Batch, LeaseId, Snapshot};
use crate::error::StoreError;
use crate::key::Prefix;
use crate::state::State;
use crate::state::clock::AwakeClock;
use crate::state::history::History;
use crate::transaction::{Guard, Op, Outcome};

/// How often leases are looked at.
const TICK: Duration = Duration::from_millis(25);

/// Of a longer absence only this much counts against leases: a quarter of a short one of a second.
const LONGEST_STEP: Duration = Duration::from_millis(250);

/// How many requests share one transaction of SQLite at most.
const MOST_PER_ROUND: usize = 256;

pub(super) enum Request {
    Grant {
        ttl: Duration,
        reply: Reply<LeaseId>,
    },
    Renew {
        lease: LeaseId,
        reply: Reply<()>,
    },
    Revoke {
        lease: LeaseId,
        reply: Reply<()>,
    },
    List {
        prefix: Prefix,
        reply: Reply<Snapshot>,
    },
    Commit {
        guards: Vec<Guard>,
        ops: Vec<Op>,
        reply: Reply<Outcome>,
    },
}

/// Answers that wait for the end of the round. Those that only read are made then, from the state that stood.
enum Answer {
    Granted(Reply<LeaseId>, Result<LeaseId, StoreError>),
    Revoked(Reply<()>, Result<(), StoreError>),
    Committed(Reply<Outcome>, Result<Outcome, StoreError>),
    Renew(Reply<()>, LeaseId),
    List(Reply<Snapshot>, Prefix),
}

/// Requests that stand or fall together.
#[derive(Default)]
struct Round {
    writing: bool,
    batches: Vec<Batch>,
    answers: Vec<Answer>,
    /// Why the round is lost. What comes after it in the same round is not tried.
    failure: Option<StoreError>,
}

pub(super) struct Keeper {
    file: StoreFile,
    state: State,
    /// The state in memory may not be that of the file.
    stale: bool,
    clock: AwakeClock,
    started: Instant,
    shared: Arc<Shared>,
    requests: Receiver<Request>,
}

impl Keeper {
    pub fn open(
        path: &Path,
        options: &Options,
        requests: Receiver<Request>,
    ) -> Result<(Self, Arc<Shared>), OpenError> {
        let file = StoreFile::open(path, options.most_bytes)?;
        let state = file
            .load(Duration::ZERO)
            .map_err(|source| OpenError::Database {
                path: path.into(),
                source,
            })?;
        let shared = Arc::new(Shared {
            history: Mutex::new(History::new(state.rev(), options.history)),
            newest: tokio::sync::watch::Sender::new(state.rev()),
        });
        let keeper = Self {
            file,
            state,
            stale: false,
            clock: AwakeClock::new(Duration::ZERO, LONGEST_STEP),
            started: Instant::now(),
            shared: Arc::clone(&shared),
            requests,
        };
        Ok((keeper, shared))
    }

    /// Keeps the store until nobody can ask any more.
    pub fn run(mut self) {
        loop {
            let first = match self.requests.recv_timeout(TICK) {
                Ok(request) => Some(request),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let now = self.clock.advance(self.started.elapsed());
            self.round(first, now);
        }
    }

    fn round(&mut self, first: Option<Request>, now: Duration) {
        let mut round = Round::default();
        if self.stale {
            round.failure = self.reload(now).err();
        }
        let more = self.requests.try_iter().take(MOST_PER_ROUND);
        for request in first.into_iter().chain(more.collect::<Vec<_>>()) {
            self.handle(request, now, &mut round);
        }
        // After the requests, so that a renewal that waited while this thread could not run comes in time.
        self.expire(now, &mut round);
        self.finish(round, now);
    }

    fn handle(&mut self, request: Request, now: Duration, round: &mut Round) {
        let answer = match request {
            Request::Grant { ttl, reply } => Answer::Granted(reply, self.grant(ttl, now, round)),
            Request::Revoke { lease, reply } => Answer::Revoked(reply, self.end(lease, round)),
            Request::Commit { guards, ops, reply } => {
                Answer::Committed(reply, self.commit(&guards, ops, round))
            }
            Request::Renew { lease, reply } => {
                let _answered_at_the_end = self.state.renew(lease, now);
                Answer::Renew(reply, lease)
            }
            Request::List { prefix, reply } => Answer::List(reply, prefix),
        };
        round.answers.push(answer);
    }

    fn grant(
        &mut self,
        ttl: Duration,
        now: Duration,
        round: &mut Round,
    ) -> Result<LeaseId, StoreError> {
        self.begin(round)?;
        let lease = self.state.grant(ttl, now);
        self.written(self.file.grant(lease, ttl), round)?;
        Ok(lease)
    }

    fn end(&mut self, lease: LeaseId, round: &mut Round) -> Result<(), StoreError> {
        let batch = self.state.plan_end(lease)?;
        self.begin(round)?;
        if let Some(batch) = batch {
            self.write(batch, round)?;
        }
        self.written(self.file.end(lease), round)?;
        self.state.end(lease);
        Ok(())
    }

    fn commit(
        &mut self,
        guards: &[Guard],
        ops: Vec<Op>,
        round: &mut Round,
    ) -> Result<Outcome, StoreError> {
        if !self.state.holds(guards) {
            return Ok(Outcome::Refused);
        }
        if let Some(batch) = self.state.plan(ops)? {
            self.begin(round)?;
            self.write(batch, round)?;
        }
        Ok(Outcome::Applied(self.state.rev()))
    }

    fn expire(&mut self, now: Duration, round: &mut Round) {
        for lease in self.state.due(now) {
            match self.end(lease, round) {
                Ok(()) => tracing::debug!(%lease, "a lease ended by time"),
                // It stays, with its entries, and is tried again.
                Err(error) => tracing::debug!(%lease, %error, "a lease could not be ended"),
            }
        }
    }

    fn begin(&mut self, round: &mut Round) -> Result<(), StoreError> {
        if let Some(failure) = &round.failure {
            return Err(failure.clone());
        }
        if !round.writing {
            self.written(self.file.begin(), round)?;
            round.writing = true;
        }
        Ok(())
    }

    fn write(&mut self, batch: Batch, round: &mut Round) -> Result<(), StoreError> {
        let alone = self.file.write(&batch);
        if !self.written(alone, round)? {
            let failure =
                StoreError::Unavailable("another program changed the file; it is read anew".into());
            round.failure = Some(failure.clone());
            return Err(failure);
        }
        self.state.apply(&batch);
        round.batches.push(batch);
        Ok(())
    }

    fn written<T>(&self, result: rusqlite::Result<T>, round: &mut Round) -> Result<T, StoreError> {
        result.map_err(|error| {
            let failure = not_done(&error);
            round.failure = Some(failure.clone());
            failure
        })
    }

    fn finish(&mut self, mut round: Round, now: Duration) {
        if round.writing && round.failure.is_none() {
            round.failure = self.file.commit().err().map(|error| commit_failed(&error));
        }
        if let Some(failure) = &round.failure {
            tracing::warn!(%failure, "the store could not be written");
            self.file.rollback();
            self.stale = true;
            // A failure of this stays in `stale`, and the next round begins with it.
            let _ = self.reload(now);
        } else {
            self.publish(std::mem::take(&mut round.batches));
        }
        self.answer(round, now);
    }

    fn publish(&self, batches: Vec<Batch>) {
        if batches.is_empty() {
            return;
        }
        let mut history = self.shared.history();
        for batch in batches {
            history.push(batch);
        }
        drop(history);
        self.shared.changed(self.state.rev());
    }

    fn answer(&mut self, round: Round, now: Duration) {
        let Round {
            answers, failure, ..
        } = round;
        let stood = self
            .stale
            .then(|| StoreError::Unavailable("the file cannot be read".into()));
        for answer in answers {
            // Whoever does not wait any more does not want to know.
            match answer {
                Answer::Granted(reply, result) => drop(reply.send(either(&failure, result))),
                Answer::Revoked(reply, result) => drop(reply.send(either(&failure, result))),
                Answer::Committed(reply, result) => drop(reply.send(either(&failure, result))),
                Answer::Renew(reply, lease) => {
                    drop(reply.send(either(&stood, self.state.renew(lease, now))));
                }
                Answer::List(reply, prefix) => {
                    drop(reply.send(either(&stood, Ok(self.state.list(&prefix)))));
                }
            }
        }
    }

    /// Takes the state from the file. Leases begin a new period, as after a restart.
    fn reload(&mut self, now: Duration) -> Result<(), StoreError> {
        self.state = self.file.load(now).map_err(|error| not_done(&error))?;
        self.stale = false;
        let rev = self.state.rev();
        let mut history = self.shared.history();
        // What the file has beyond the history was never told to watchers, and cannot be told in batches any more.
        if !history.is_at(rev) {
            history.restart(rev);
            drop(history);
            self.shared.changed(rev);
        }
        Ok(())
    }
}

/// The failure of the round, if it has one, instead of the result.
fn either<T>(failure: &Option<StoreError>, result: Result<T, StoreError>) -> Result<T, StoreError> {
    failure.clone().map_or(result, Err)
}
