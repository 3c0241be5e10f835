//! Where media reaches this machine: a versioned set of addresses, each with its source, age and proof.
//!
//! Pure, and used by nodes and by whatever else has to know its own address. [`AddressSet::due`] says whom to ask,
//! [`AddressSet::learn`] takes the answers, asked for or not, and [`AddressSet::settle`] says whether that changed
//! anything. Every question leads to one answer, or is asked again after a while.
//!
//! # What always holds
//! - An answer that is empty, has several lines, or is no address of the kind that was asked for is a named problem
//!   ([`BadAddress`]) and never an address.
//! - What is advertised is configured, or at this moment on an interface that is not of containers, loopback or
//!   link-local, or was named by metadata or STUN. What an earlier boot was reached at is shown and never advertised.
//! - An answer that does not come changes nothing: an address is dropped when its source has said nothing for minutes.
//!   One that its source replaced is advertised beside the new one for a minute.
//! - Sources that disagree are all kept, advertised in the order of trust, and the disagreement is told.
//! - The version grows exactly when what is advertised changes, or the reason why nothing is.

mod answer;
mod choice;
mod entry;
mod finding;
mod held;
mod learning;
mod moment;
mod plan;

use std::net::IpAddr;
use std::time::Duration;

pub use answer::{BadAddress, Family, read, usable};
pub use choice::is_internal;
pub use entry::{Entry, InterfaceAddress, Proof, Source};
pub use finding::{AddressSettings, Finding, Mapping, Metadata, PublicAddress};
pub use moment::Moment;
pub use plan::Query;

use held::{Book, Held, Said};
use plan::{MOST_SERVERS, Plan};

/// Addresses taken from one answer, and entries that are told.
const MOST_ANSWERS: usize = 8;
const MOST_ENTRIES: usize = 32;
const MOST_REMARKS: usize = 16;
/// `HOST:PORT`, characters.
const LONGEST_SERVER: usize = 270;
/// How often entries are told again that only became older or younger.
const REFRESH: Duration = Duration::from_secs(60);

/// What became of the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    #[allow(missing_docs)]
    None,
    /// Other entries, or their ages; what is advertised is the same.
    Entries,
    /// Another version.
    Version,
}

/// The addresses of one machine.
#[derive(Clone, Debug)]
pub struct AddressSet {
    allow_loopback: bool,
    own_servers: Vec<String>,
    book: Book,
    plan: Plan,
    /// As they were read last.
    interfaces: Option<Vec<InterfaceAddress>>,
    version: u64,
    settled: Settled,
    told: Moment,
}

/// What was last told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Settled {
    ips: Vec<IpAddr>,
    problem: String,
    remarks: Vec<String>,
    lines: Vec<Line>,
}

/// An entry without its ages.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line(IpAddr, Source, Option<IpAddr>, Proof, bool);

impl AddressSet {
    /// A set in which nothing is known but what is configured. Its version is 0 until it is settled.
    pub fn new(now: Moment, settings: &AddressSettings) -> Self {
        let mut set = Self {
            allow_loopback: settings.allow_loopback,
            own_servers: settings.stun_servers.clone(),
            book: Book::default(),
            plan: Plan::default(),
            interfaces: None,
            version: 0,
            settled: Settled::default(),
            told: now,
        };
        set.plan.add(now, Query::Interfaces);
        if settings.metadata {
            set.plan.add(now, Query::Metadata);
        }
        let mut literals = Vec::new();
        for address in &settings.public_addresses {
            match address {
                PublicAddress::Ip(ip) => {
                    literals.push(Said::plain(*ip, Source::Configuration { name: None }));
                }
                PublicAddress::Name(name) => set.plan.add(now, Query::Name { name: name.clone() }),
            }
        }
        set.book.report(
            now,
            |held| held.source == Source::Configuration { name: None },
            literals,
        );
        set.set_stun_servers(now, &[]);
        set
    }

    /// Asks these servers as well as those that are configured.
    pub fn set_stun_servers(&mut self, now: Moment, others: &[String]) {
        let mut wanted = Vec::new();
        for server in self.own_servers.iter().chain(others) {
            let query = Query::Stun {
                server: server.clone(),
            };
            let fits = wanted.len() < MOST_SERVERS && server.len() <= LONGEST_SERVER;
            if fits && !wanted.contains(&query) {
                wanted.push(query);
            }
        }
        let is_stun = |query: &Query| matches!(query, Query::Stun { .. });
        self.plan
            .keep(|query| !is_stun(query) || wanted.contains(query));
        for query in wanted {
            self.plan.add(now, query);
        }
        let plan = &self.plan;
        let unasked = |source: &Source| match source {
            Source::Stun { server } => !plan.has(&Query::Stun {
                server: server.clone(),
            }),
            _ => false,
        };
        self.book.forget(unasked);
    }

    /// What an earlier boot was reached at, for people to compare.
    pub fn remember(&mut self, now: Moment, ips: &[IpAddr]) {
        let usable = ips
            .iter()
            .filter_map(|ip| usable(*ip).ok())
            .take(MOST_ANSWERS);
        let said = usable.map(|ip| Said::plain(ip, Source::Memory)).collect();
        self.book
            .report(now, |held| held.source == Source::Memory, said);
    }

    /// Lets time pass, and says whom to ask now.
    pub fn due(&mut self, now: Moment) -> Vec<Query> {
        self.book.expire(now);
        self.plan.due(now)
    }

    /// Everything is asked as soon as may be: what was asked less than a moment ago is asked a moment later.
    pub fn resolve(&mut self, now: Moment) {
        self.plan.hasten_all(now);
    }

    /// When to come back to [`AddressSet::due`].
    pub fn next(&self) -> Moment {
        let refresh = self.told + REFRESH;
        let next = self.plan.next().into_iter().chain(self.book.next_expiry());
        next.fold(refresh, Moment::min)
    }

    /// Looks at what is known now. The first look makes version 1.
    pub fn settle(&mut self, now: Moment) -> Change {
        self.book.expire(now);
        let settled = self.view();
        let advertised = |it: &Settled| (it.ips.clone(), it.problem.clone());
        let change = if self.version == 0 || advertised(&settled) != advertised(&self.settled) {
            self.version += 1;
            Change::Version
        } else if settled != self.settled
            || (self.is_discovering() && now.since(self.told) >= REFRESH)
        {
            Change::Entries
        } else {
            Change::None
        };
        if change != Change::None || now.since(self.told) >= REFRESH {
            self.told = now;
        }
        self.settled = settled;
        change
    }

    /// Grows with each change of what is advertised.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// What clients are told, in order of preference, as of the last look.
    pub fn ips(&self) -> &[IpAddr] {
        &self.settled.ips
    }

    /// Why that is nothing; empty if it is something.
    pub fn problem(&self) -> &str {
        &self.settled.problem
    }

    /// What is odd: answers that could not be used or did not come, and disagreements. A sentence each.
    pub fn remarks(&self) -> &[String] {
        &self.settled.remarks
    }

    /// Of the interfaces, as they were read last; of all of them, those of containers too.
    pub fn interfaces(&self) -> &[InterfaceAddress] {
        self.interfaces.as_deref().unwrap_or_default()
    }

    /// All that is known, what is advertised first.
    pub fn entries(&self, now: Moment) -> Vec<Entry> {
        let held = self.shown(&self.settled.ips);
        let entries = held.into_iter().map(|held| Entry {
            ip: held.ip,
            source: held.source.clone(),
            local: held.local,
            found_ago: now.since(held.found),
            confirmed_ago: now.since(held.confirmed),
            proof: choice::proof(held, self.book.held()),
            advertised: self.settled.ips.contains(&held.ip),
        });
        entries.collect()
    }

    /// Public addresses that were found today: what the next boot may remember.
    pub fn memorable(&self) -> Vec<IpAddr> {
        let found = self.book.held().iter().filter(|held| {
            let found = matches!(
                held.source,
                Source::Metadata | Source::Stun { .. } | Source::Configuration { name: Some(_) }
            );
            found && held.superseded.is_none() && self.settled.ips.contains(&held.ip)
        });
        let mut ips: Vec<_> = found.map(|held| held.ip).collect();
        ips.sort();
        ips.dedup();
        ips
    }

    /// Whether anybody but the machine itself is asked.
    fn is_discovering(&self) -> bool {
        let held = self.book.held().iter();
        held.clone().any(|held| {
            !matches!(
                held.source,
                Source::Interface { .. } | Source::Configuration { name: None } | Source::Memory
            )
        })
    }

    fn view(&self) -> Settled {
        let ips = choice::advertised(self.book.held(), self.allow_loopback);
        let problem = match ips.is_empty() {
            true => self.explain(),
            false => String::new(),
        };
        let held = self.book.held();
        let line = |it: &Held| {
            let advertised = ips.contains(&it.ip);
            Line(
                it.ip,
                it.source.clone(),
                it.local,
                choice::proof(it, held),
                advertised,
            )
        };
        let lines = self.shown(&ips).into_iter().map(line).collect();
        let problems = self.plan.problems();
        let problems = problems.map(|(query, problem)| format!("{}: {problem}", asked(query)));
        let remarks = problems.chain(choice::disagreements(held));
        Settled {
            remarks: remarks.take(MOST_REMARKS).collect(),
            ips,
            problem,
            lines,
        }
    }

    /// Why there is nothing to advertise.
    fn explain(&self) -> String {
        let mut problems = self.plan.problems();
        let unread = problems.find(|(query, _)| **query == Query::Interfaces);
        match (unread, &self.interfaces) {
            (Some((_, reason)), _) => reason.to_owned(),
            (None, Some(interfaces)) => choice::problem(interfaces),
            (None, None) => "the interfaces of this machine have not been read yet".to_owned(),
        }
    }

    /// What people are told of, in a fixed order: what is advertised first.
    fn shown(&self, ips: &[IpAddr]) -> Vec<&Held> {
        let held = self.book.held().iter();
        let mut shown: Vec<_> = held
            .filter(|it| choice::is_shown(it) || ips.contains(&it.ip))
            .collect();
        let place = |it: &Held| {
            let at = ips.iter().position(|ip| *ip == it.ip);
            at.unwrap_or(usize::MAX)
        };
        shown.sort_by_cached_key(|it| (place(it), it.source.clone(), it.ip));
        shown.truncate(MOST_ENTRIES);
        shown
    }
}

fn asked(query: &Query) -> String {
    match query {
        Query::Interfaces => "interfaces".to_owned(),
        Query::Metadata => "metadata".to_owned(),
        Query::Stun { server } => format!("STUN server {server}"),
        Query::Name { name } => name.clone(),
    }
}

#[cfg(test)]
mod tests;
