//! What many failures have in common: the four questions of whoever is asked for help, answered.

mod alike;
mod course;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::case::{Case, Mark, MarkKind};

/// What many transports show together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Correlation {
    /// Transports looked at.
    pub cases: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// When the first of `cases` was made.
    pub since: Option<u64>,
    /// Is it permanent, or now and then?
    pub course: Course,
    /// Is it always the same …? Only what tells failures from the rest, the clearest first.
    pub alike: Vec<Likeness>,
    /// What it began with.
    pub began: Option<Beginning>,
    /// The remedy that ended it.
    pub ended: Option<Mark>,
    /// The four answers, each a sentence.
    pub answers: Vec<String>,
}

/// How failures are spread over time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Course {
    /// Nothing failed.
    #[default]
    Well,
    /// Since the first failure everything failed.
    Permanent,
    /// Some fail, others in between do not.
    NowAndThen,
    /// It failed, and has not for a while.
    Over,
}

/// In what failures can be alike.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum Dimension {
    #[default]
    Connection,
    Session,
    Node,
    Relay,
    /// The client's /24 or /48.
    Network,
    Browser,
    /// IPv4 or IPv6 of the client.
    Family,
    /// UDP or TCP.
    Protocol,
}

/// Something that failures share and other transports do not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs)]
pub struct Likeness {
    pub dimension: Dimension,
    pub value: String,
    /// Failures with it.
    pub failed: u64,
    /// Transports with it.
    pub of: u64,
    /// Failures without it.
    pub others_failed: u64,
    /// Transports without it.
    pub others: u64,
}

/// What failures began with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    tag = "with"
)]
#[allow(missing_docs)]
pub enum Beginning {
    /// A boot or a change of addresses; nothing failed before it.
    Mark { mark: Mark, first_failure: u64 },
    /// A number of transports on a node: all that failed began above it, all that did not below.
    Load { above: u32, at_least: u32 },
}

/// What `cases` show together, and which of `marks` they have to do with.
///
/// Order does not matter. Cost grows with the number of cases, not with its square.
pub fn correlate(cases: &[Case], marks: &[Mark]) -> Correlation {
    let mut cases: Vec<&Case> = cases.iter().collect();
    cases.sort_by_key(|case| case.at);
    let failed: Vec<&Case> = cases.iter().copied().filter(|case| case.failed).collect();
    let mut correlation = Correlation {
        cases: cases.len() as u64,
        failed: failed.len() as u64,
        since: cases.first().map(|case| case.at),
        course: course::of(&cases),
        alike: alike::of(&cases),
        began: course::began(&cases, marks),
        ended: course::ended(&cases, marks),
        answers: Vec::new(),
    };
    correlation.answers = answers(&correlation);
    correlation
}

fn answers(correlation: &Correlation) -> Vec<String> {
    let Correlation { cases, failed, .. } = correlation;
    if *failed == 0 {
        return vec![format!("None of the last {cases} transports failed.")];
    }
    let course = match correlation.course {
        Course::Well | Course::NowAndThen => {
            format!("Now and then: {failed} of {cases} transports failed.")
        }
        Course::Permanent => format!(
            "Permanent: all transports since the first failure failed, {failed} of {cases}."
        ),
        Course::Over => {
            format!("It is over: {failed} of {cases} transports failed, the latest did not.")
        }
    };
    let alike = match correlation.alike.as_slice() {
        [] => "Failures have nothing in common that other transports do not have.".to_owned(),
        alike => alike
            .iter()
            .map(Likeness::to_string)
            .collect::<Vec<_>>()
            .join(" "),
    };
    let began = match &correlation.began {
        None => "It did not begin at a boot, a change of addresses or a load level that is known."
            .to_owned(),
        Some(Beginning::Mark { mark, .. }) => {
            format!("It began at {mark}; nothing had failed before.")
        }
        Some(Beginning::Load { above, at_least }) => format!(
            "It began at a load level: with {at_least} or more transports on a node, and never with {above} or fewer."
        ),
    };
    let ended = match &correlation.ended {
        None => "No remedy has ended it.".to_owned(),
        Some(mark) => format!("It ended with {mark}; nothing has failed since."),
    };
    vec![course, alike, began, ended]
}

impl fmt::Display for Likeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            value,
            failed,
            of,
            others_failed,
            others,
            ..
        } = self;
        let what = self.dimension.words();
        if *others_failed == 0 {
            write!(
                f,
                "Always the same {what}, {value}: {failed} of its {of} failed, none of {others} others."
            )
        } else {
            write!(
                f,
                "Mostly the same {what}, {value}: {failed} of its {of} failed, {others_failed} of {others} others."
            )
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            MarkKind::Boot => "the boot",
            MarkKind::AddressChange => "the change of addresses",
            MarkKind::Remedy => "the remedy",
            MarkKind::Unknown => "what happened",
        };
        write!(f, "{what} of {}", self.subject)?;
        if !self.detail.is_empty() {
            write!(f, " ({})", self.detail)?;
        }
        Ok(())
    }
}

impl Dimension {
    fn words(self) -> &'static str {
        match self {
            Self::Connection => "participant",
            Self::Session => "session",
            Self::Node => "node",
            Self::Relay => "relay",
            Self::Network => "network",
            Self::Browser => "browser",
            Self::Family => "IP family",
            Self::Protocol => "protocol",
        }
    }
}
