//! What each source said last, and for how long that counts.

use std::net::IpAddr;
use std::time::Duration;

use super::entry::Source;
use crate::Moment;

/// For how long an address that its source replaced by another is kept: clients may be on their way to it.
pub(crate) const OVERLAP: Duration = Duration::from_secs(60);
/// More than this is not held: what was replaced goes first.
const MOST: usize = 128;

/// An address, and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) ip: IpAddr,
    pub(crate) source: Source,
    pub(crate) local: Option<IpAddr>,
    /// Ports are the same on both sides of the translation.
    pub(crate) port_kept: bool,
    pub(crate) found: Moment,
    pub(crate) confirmed: Moment,
    /// Since when its source has been naming others.
    pub(crate) superseded: Option<Moment>,
}

/// One thing that a source says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) ip: IpAddr,
    pub(crate) source: Source,
    pub(crate) local: Option<IpAddr>,
    pub(crate) port_kept: bool,
}

impl Said {
    pub(crate) fn plain(ip: IpAddr, source: Source) -> Self {
        Self {
            ip,
            source,
            local: None,
            port_kept: true,
        }
    }
}

/// All addresses that are held.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    held: Vec<Held>,
}

impl Book {
    pub(crate) fn held(&self) -> &[Held] {
        &self.held
    }

    /// All that the sources of one kind say at this moment. What they do not say any more is superseded; addresses of
    /// interfaces are gone at once, for nothing can arrive there.
    pub(crate) fn report(&mut self, now: Moment, of: impl Fn(&Held) -> bool, said: Vec<Said>) {
        for held in self.held.iter_mut().filter(|held| of(held)) {
            let named = said.iter().any(|said| said.names(held));
            if !named {
                held.superseded.get_or_insert(now);
            }
        }
        let gone = |held: &Held| {
            held.superseded.is_some() && matches!(held.source, Source::Interface { .. })
        };
        self.held.retain(|held| !gone(held));
        for said in said {
            self.take(now, said);
        }
        self.bound();
    }

    fn take(&mut self, now: Moment, said: Said) {
        if let Some(held) = self.held.iter_mut().find(|held| said.names(held)) {
            held.confirmed = now;
            held.superseded = None;
            held.local = said.local;
            held.port_kept = said.port_kept;
            return;
        }
        self.held.push(Held {
            ip: said.ip,
            source: said.source,
            local: said.local,
            port_kept: said.port_kept,
            found: now,
            confirmed: now,
            superseded: None,
        });
    }

    fn bound(&mut self) {
        while self.held.len() > MOST {
            let oldest = (0..self.held.len()).min_by_key(|at| {
                let held = &self.held[*at];
                (held.superseded.is_none(), held.confirmed)
            });
            // `held` is not empty here, so there is an oldest.
            self.held.remove(oldest.unwrap_or(0));
        }
    }

    /// What is translated to an address that the machine has no more is gone with it.
    pub(crate) fn drop_translations(&mut self, is_ours: impl Fn(IpAddr) -> bool) {
        self.held.retain(|held| held.local.is_none_or(&is_ours));
    }

    /// Forgets whatever is from such a source.
    pub(crate) fn forget(&mut self, of: impl Fn(&Source) -> bool) {
        self.held.retain(|held| !of(&held.source));
    }

    /// Lets time pass.
    pub(crate) fn expire(&mut self, now: Moment) {
        self.held
            .retain(|held| held.until().is_none_or(|until| now < until));
    }

    /// When the next one runs out.
    pub(crate) fn next_expiry(&self) -> Option<Moment> {
        self.held.iter().filter_map(Held::until).min()
    }
}

impl Said {
    fn names(&self, held: &Held) -> bool {
        self.ip == held.ip && self.source == held.source
    }
}

impl Held {
    fn until(&self) -> Option<Moment> {
        let unconfirmed = hold(&self.source).map(|hold| self.confirmed + hold);
        let overlap = self.superseded.map(|at| at + OVERLAP);
        unconfirmed.into_iter().chain(overlap).min()
    }
}

/// For how long an address counts of which its source says nothing, neither yes nor no. Several questions are asked in
/// that time, so that one lost answer changes nothing.
fn hold(source: &Source) -> Option<Duration> {
    match source {
        Source::Configuration { name: None } => None,
        Source::Interface { .. } => Some(Duration::from_secs(20)),
        Source::Metadata | Source::Stun { .. } => Some(Duration::from_secs(120)),
        Source::Configuration { name: Some(_) } | Source::Memory => Some(Duration::from_secs(3600)),
    }
}
