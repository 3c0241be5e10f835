//! The last transports and what happened around them, within bounds.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::case::{Case, Mark};
use crate::correlation::{Correlation, correlate};
use crate::evidence::Protocol;
use crate::host::Carried;

/// Transports remembered.
pub const MOST_CASES: usize = 512;
/// Boots, changes of addresses and remedies remembered.
pub const MOST_MARKS: usize = 128;

/// Remembers the last [`MOST_CASES`] transports and the last [`MOST_MARKS`] marks; what is older is forgotten.
#[derive(Clone, Debug, Default)]
pub struct Window {
    cases: VecDeque<Case>,
    marks: VecDeque<Mark>,
}

impl Window {
    /// A transport's case; one of the same transport that was told before is replaced.
    pub fn remember(&mut self, case: Case) {
        if let Some(known) = self
            .cases
            .iter_mut()
            .rev()
            .find(|it| it.transport == case.transport)
        {
            *known = case;
            return;
        }
        if self.cases.len() == MOST_CASES {
            self.cases.pop_front();
        }
        self.cases.push_back(case);
    }

    /// The transport is no more.
    pub fn end(&mut self, transport: &str) {
        let mut cases = self.cases.iter_mut().rev();
        if let Some(case) = cases.find(|it| it.transport == transport) {
            case.ended = true;
        }
    }

    /// Something happened that may have begun or ended failures.
    pub fn mark(&mut self, mark: Mark) {
        if self.marks.len() == MOST_MARKS {
            self.marks.pop_front();
        }
        self.marks.push_back(mark);
    }

    /// The case of this transport, if it is remembered.
    pub fn case(&self, transport: &str) -> Option<&Case> {
        self.cases.iter().rev().find(|it| it.transport == transport)
    }

    /// From the oldest.
    pub fn cases(&self) -> impl DoubleEndedIterator<Item = &Case> {
        self.cases.iter()
    }

    /// What they show together.
    pub fn correlate(&self) -> Correlation {
        let cases: Vec<Case> = self.cases.iter().cloned().collect();
        let marks: Vec<Mark> = self.marks.iter().cloned().collect();
        correlate(&cases, &marks)
    }

    /// How clients reached each node since `since`, by the transports remembered.
    pub fn carried(&self, since: u64) -> BTreeMap<String, Carried> {
        let mut nodes: BTreeMap<String, (Carried, BTreeSet<&str>)> = BTreeMap::new();
        let tells = |case: &&Case| case.at >= since && (case.failed || !case.ended);
        for case in self.cases.iter().filter(tells) {
            let (carried, losers) = nodes.entry(case.node.clone()).or_default();
            match (case.failed, case.relay.is_empty(), case.protocol) {
                (false, false, _) => carried.relayed += 1,
                // What is not known is not taken for a path that needs no UDP.
                (false, true, Protocol::Udp | Protocol::Unknown) => carried.udp += 1,
                (false, true, Protocol::Tcp | Protocol::Tls) => carried.tcp += 1,
                (true, true, Protocol::Udp) => {
                    carried.udp_lost += 1;
                    losers.insert(&case.connection);
                }
                _ => {}
            }
        }
        nodes
            .into_iter()
            .map(|(node, (carried, losers))| {
                (
                    node,
                    Carried {
                        udp_lost_clients: losers.len() as u64,
                        ..carried
                    },
                )
            })
            .collect()
    }
}
