//! Spans and choices that a cluster is made with.

use std::time::Duration;

use crate::ids::Term;
use crate::placement::Strategy;

/// How long all signs of life of a node may be gone before the node is taken for dead. A node redials within seconds
/// after a break of the link; one that has not returned after this has crashed or is cut off, and its participants are
/// better off with a new session than with waiting.
pub const SUSPICION: Duration = Duration::from_secs(10);

/// So many probes in a row must find that nobody listens at a node without link. One may fall into a moment of change.
pub const REFUSALS: u32 = 2;

/// What grants a node the right to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// A probe that passed in this boot with this version of its addresses ([`Effect::Probe`](crate::Effect::Probe)).
    Probe,
    /// Its own word that it has an address: for a shell that has no prober. No probes are asked for, and a lost link
    /// is then the only sign of death.
    Word,
}

/// How a cluster behaves.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    #[allow(missing_docs)]
    pub gate: Gate,
    /// See [`SUSPICION`].
    pub suspicion: Duration,
    /// Between two probes of a node that is well.
    pub probe_every: Duration,
    /// Between two probes of a node that is not, and until the first that passes.
    pub probe_retry: Duration,
    /// After a failed probe of a node that has served and is not heard on its link: it is to be clear soon whether it
    /// lives.
    pub probe_doubt: Duration,
    /// A probe that is not answered by then has failed.
    pub probe_limit: Duration,
    /// So many probes in a row must fail before a node is not trusted any more. One that passes restores the trust.
    pub probe_failures: u32,
    /// The life of a lease: evacuation waits for one after the store answers again.
    pub lease: Duration,
    /// Suspects within this span are seen together by the mass brake.
    pub brake_window: Duration,
    /// A drain without a deadline of its own ends its sessions after this.
    pub drain: Duration,
    /// A launch has to dial in within this.
    pub launch: Duration,
    /// A termination that is not over by then is asked for again.
    pub terminate: Duration,
    /// First pause after a failed launch; doubled with each further one.
    pub launch_retry: Duration,
    /// Longest pause.
    pub launch_retry_longest: Duration,
    /// How many launches may be under way at once. Zero: nodes are started by somebody else.
    pub launches: u32,
    /// Begin no launch before [`Input::Listed`](crate::Input::Listed): what an earlier run launched counts.
    pub list_first: bool,
    #[allow(missing_docs)]
    pub strategy: Strategy,
    #[allow(missing_docs)]
    pub term: Term,
    /// Begins the ids of launched nodes; unique to this run of the master, so that none is ever used twice.
    pub launch_prefix: String,
}

impl Default for Settings {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            gate: Gate::Word,
            suspicion: SUSPICION,
            probe_every: seconds(10),
            probe_retry: seconds(1),
            probe_doubt: Duration::from_millis(300),
            probe_limit: seconds(3),
            probe_failures: 3,
            lease: seconds(10),
            brake_window: seconds(5),
            drain: seconds(2 * 60 * 60),
            launch: seconds(5 * 60),
            terminate: seconds(60),
            launch_retry: seconds(5),
            launch_retry_longest: seconds(5 * 60),
            launches: 0,
            list_first: false,
            strategy: Strategy::Streams,
            term: Term(0),
            launch_prefix: "media_".to_owned(),
        }
    }
}
