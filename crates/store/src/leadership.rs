//! One leader at a time, and a number that says which.

use crate::contract::{Store, read};
use crate::entry::{Entry, Rev};
use crate::error::StoreError;
use crate::names::{self, Name};
use crate::record::{self, LeaderRecord};
use crate::registry::Registration;
use crate::transaction::{Guard, Op, Outcome};

/// A time of leading. Later terms have larger numbers, so that nodes can refuse commands of a lower one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term(Rev);

impl Term {
    /// The number that goes with every command.
    pub fn number(self) -> u64 {
        self.0
    }

    /// Goes with every act as leader: holds as long as the term lasts.
    pub fn guard(self) -> Guard {
        Guard::Generation(names::leader(), self.0)
    }
}

/// How a campaign ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Campaign {
    /// Leads, perhaps since earlier.
    Won(Term),
    /// Another leads.
    Lost {
        /// Who; `None` when that cannot be read.
        leader: Option<LeaderRecord>,
        /// Since when.
        term: Term,
    },
    /// Is not registered any more, and so cannot lead.
    Fenced,
}

/// Leads if nobody does. May be said again at any time, also after an unknown outcome; a leader that says it again
/// keeps its term.
///
/// # Errors
/// As [`Store::commit`] and [`Store::list`].
pub async fn campaign(
    store: &dyn Store,
    name: &Name,
    me: &Registration,
) -> Result<Campaign, StoreError> {
    let leader = names::leader();
    let put = Op::Put {
        key: leader.clone(),
        value: record::write(&LeaderRecord {
            master: name.as_str().into(),
        }),
        lease: Some(me.lease),
    };
    let guards = vec![Guard::Absent(leader.clone()), me.guard()];
    match store.commit(guards, vec![put]).await {
        Ok(Outcome::Applied(rev)) => return Ok(Campaign::Won(Term(rev))),
        Ok(Outcome::Refused) => {}
        Err(StoreError::LeaseGone) => return Ok(Campaign::Fenced),
        Err(error) => return Err(error),
    }
    match read(store, &leader).await?.1 {
        Some(entry) => Ok(standing(&entry, me)),
        None => vacant(store, me).await,
    }
}

/// Stops leading. `false` when the term had ended already.
///
/// # Errors
/// As [`Store::commit`].
pub async fn resign(store: &dyn Store, term: Term) -> Result<bool, StoreError> {
    let delete = Op::Delete {
        key: names::leader(),
    };
    let outcome = store.commit(vec![term.guard()], vec![delete]).await?;
    Ok(outcome != Outcome::Refused)
}

fn standing(entry: &Entry, me: &Registration) -> Campaign {
    if entry.lease == Some(me.lease) {
        return Campaign::Won(Term(entry.created));
    }
    Campaign::Lost {
        leader: record::read(&entry.key, &entry.value).ok(),
        term: Term(entry.created),
    }
}

/// Refused, and yet nobody leads: either the leader left just now, or it is the own registration that is gone.
async fn vacant(store: &dyn Store, me: &Registration) -> Result<Campaign, StoreError> {
    match store.commit(vec![me.guard()], vec![]).await? {
        Outcome::Refused => Ok(Campaign::Fenced),
        Outcome::Applied(_) => Err(StoreError::Unavailable(
            "the leader left meanwhile; try again".into(),
        )),
    }
}
