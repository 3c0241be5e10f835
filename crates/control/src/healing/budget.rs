//! How many steps may be taken.

use std::collections::BTreeMap;

use cluster::Moment;
use conference::{ConnectionId, SessionId};

/// So much at once, and so much per second afterwards.
#[derive(Clone, Copy, Debug)]
struct Rate {
    burst: u64,
    per_second: u64,
}

const PARTICIPANT: Rate = Rate {
    burst: 16,
    per_second: 2,
};
const SESSION: Rate = Rate {
    burst: 100,
    per_second: 10,
};
const CLUSTER: Rate = Rate {
    burst: 400,
    per_second: 100,
};

/// Who has spent how much lately. Those who have all that they may have are not remembered.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    participants: BTreeMap<ConnectionId, Spent>,
    sessions: BTreeMap<SessionId, Spent>,
    cluster: Spent,
    swept: Moment,
}

/// Thousandths of steps that are spent and have not come back.
#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    milli: u64,
    at: Moment,
}

impl Spent {
    fn left(&mut self, now: Moment, rate: Rate) -> bool {
        let back = now
            .0
            .saturating_sub(self.at.0)
            .saturating_mul(rate.per_second);
        self.milli = self.milli.saturating_sub(back);
        self.at = now;
        self.milli + 1000 <= rate.burst * 1000
    }
}

impl Budget {
    /// Takes one step out of all three budgets, or none.
    pub fn spend(&mut self, now: Moment, who: &ConnectionId, session: &SessionId) -> bool {
        self.sweep(now);
        let participant = self.participants.entry(who.clone()).or_default();
        let room = self.sessions.entry(session.clone()).or_default();
        let all = [
            participant.left(now, PARTICIPANT),
            room.left(now, SESSION),
            self.cluster.left(now, CLUSTER),
        ];
        let may = all.iter().all(|left| *left);
        if may {
            for spent in [participant, room, &mut self.cluster] {
                spent.milli += 1000;
            }
        }
        may
    }

    /// Once in ten seconds, which is longer than any budget takes to come back.
    fn sweep(&mut self, now: Moment) {
        if now.0.saturating_sub(self.swept.0) < 10_000 {
            return;
        }
        self.swept = now;
        let recent = |spent: &mut Spent| now.0.saturating_sub(spent.at.0) < 10_000;
        self.participants.retain(|_, spent| recent(spent));
        self.sessions.retain(|_, spent| recent(spent));
    }
}
