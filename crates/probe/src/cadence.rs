//! How often the dear form of a probe is due.

use crate::plan::Depth;

/// Decides for one node. Pure: a place that changes with each outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cadence<P> {
    every: u32,
    proven: Option<P>,
    /// Echoes since the last call that passed.
    echoes: u32,
}

impl<P: PartialEq> Cadence<P> {
    /// A call with every `every`-th probe of a node that is well; 0 is taken for 1.
    pub fn new(every: u32) -> Self {
        Self {
            every: every.max(1),
            proven: None,
            echoes: 0,
        }
    }

    /// How deep to look at the node as `place`, which is whatever a call proves once: its boot and the version of its
    /// addresses. A place that no call has passed at gets one, and one that is well gets one from time to time.
    pub fn depth(&self, place: &P) -> Depth {
        let proven = self.proven.as_ref() == Some(place);
        if proven && self.echoes + 1 < self.every {
            Depth::Echo
        } else {
            Depth::Call
        }
    }

    /// What became of it. After a failure the next probe is a call again.
    pub fn done(&mut self, place: P, depth: Depth, passed: bool) {
        match (depth, passed) {
            (Depth::Call, true) => {
                self.proven = Some(place);
                self.echoes = 0;
            }
            (Depth::Echo, true) => self.echoes = self.echoes.saturating_add(1),
            (_, false) => self.echoes = self.every,
        }
    }
}
