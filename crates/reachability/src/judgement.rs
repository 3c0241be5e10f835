//! Whether a node can be used, in a sentence and with the evidence.

use std::collections::BTreeSet;

use cluster::NodeId;

use crate::cell::{Cell, Standing};
use crate::matrix::Held;
use crate::path::{Failed, Party, Path};
use crate::settings::Settings;

/// Paths that a sentence names. The rest is counted.
const NAMED: usize = 4;

/// What it comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Nobody has looked at it in this place.
    Unknown,
    /// Every path that was tried is good.
    Serves,
    /// Some are, and some are not.
    ServesPartly,
    /// None is.
    Unusable,
}

/// A verdict for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    #[allow(missing_docs)]
    pub verdict: Verdict,
    /// Not handed out.
    pub withheld: BTreeSet<Path>,
    #[allow(missing_docs)]
    pub sentence: String,
    /// Each a fact that it follows from.
    pub evidence: Vec<String>,
}

impl Verdict {
    /// `unknown`, `serves`, `partly` or `unusable`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Serves => "serves",
            Self::ServesPartly => "partly",
            Self::Unusable => "unusable",
        }
    }
}

impl Judgement {
    pub(crate) fn of(
        node: &NodeId,
        held: Option<&Held>,
        witnessed: bool,
        settings: &Settings,
    ) -> Self {
        let Some(held) = held.filter(|held| !held.cells.is_empty()) else {
            return Self {
                verdict: Verdict::Unknown,
                withheld: BTreeSet::new(),
                sentence: format!("nobody has looked yet at how {node} is reached"),
                evidence: Vec::new(),
            };
        };
        let withheld = held.withheld(settings);
        let good: BTreeSet<&Path> = held.good(settings).iter().map(|(path, _)| *path).collect();
        let broken = held.broken(&good);
        let contradicted = good.iter().any(|path| held.is_lost(path));
        let verdict = match (good.is_empty(), broken.is_empty()) {
            (true, _) if witnessed => Verdict::ServesPartly,
            (true, _) => Verdict::Unusable,
            (false, true) if !contradicted => Verdict::Serves,
            (false, _) => Verdict::ServesPartly,
        };
        let sentence = held.sentence(node, verdict, &good, &broken);
        let mut evidence = held.evidence();
        evidence.extend(witnessed.then(|| "clients have lately connected to it".to_owned()));
        Self {
            verdict,
            withheld,
            sentence,
            evidence,
        }
    }
}

impl Held {
    fn sentence(
        &self,
        node: &NodeId,
        verdict: Verdict,
        good: &BTreeSet<&Path>,
        broken: &BTreeSet<&Path>,
    ) -> String {
        let all_lost = || self.reasons(&self.lost().map(|(path, ..)| path).collect());
        match verdict {
            Verdict::Unknown | Verdict::Serves => format!(
                "{node} is reached by {}",
                named(good.iter().map(ToString::to_string))
            ),
            Verdict::Unusable => {
                let reasons = all_lost();
                format!("{node} cannot be used, for no way leads to it: {reasons}")
            }
            Verdict::ServesPartly if good.is_empty() => {
                let reasons = all_lost();
                format!(
                    "{node} serves because clients connect to it, though no probe gets through: {reasons}"
                )
            }
            Verdict::ServesPartly if broken.is_empty() => format!(
                "{node} serves, but not everybody reaches it: {}",
                self.contradictions(good)
            ),
            Verdict::ServesPartly => format!(
                "{node} serves without {}: {}",
                named(broken.iter().map(ToString::to_string)),
                self.reasons(broken)
            ),
        }
    }

    fn is_lost(&self, path: &Path) -> bool {
        self.lost().any(|(lost, ..)| lost == path)
    }

    fn lost(&self) -> impl Iterator<Item = (&Path, &Party, &Cell)> {
        let cells = self.cells.iter();
        let lost = cells.filter(|(_, cell)| cell.standing() == Standing::Lost);
        lost.map(|((path, from), cell)| (path, from, cell))
    }

    /// One reason for each of these paths, the master's before others'. Relays that fail in the same way share one, and
    /// what it may come from is said once.
    fn reasons(&self, paths: &BTreeSet<&Path>) -> String {
        let mut told: Vec<(String, Option<&Failed>, bool)> = Vec::new();
        for path in paths {
            let mut lost = self.lost().filter(|(lost, ..)| lost == path);
            let Some((_, from, cell)) = lost.next() else {
                continue;
            };
            let what = match from {
                Party::Master => path.to_string(),
                Party::Node(_) => format!("{path} from {from}"),
            };
            let failed = cell.last().as_ref().err();
            let relayed = path.is_relayed();
            let same = told.iter_mut().find(|(_, other, other_relayed)| {
                relayed && *other_relayed && alike(*other, failed)
            });
            match same {
                Some((others, ..)) => *others = format!("{others}, {what}"),
                None => told.push((what, failed, relayed)),
            }
        }
        let mut hints: BTreeSet<&str> = BTreeSet::new();
        let sentences = told.into_iter().map(|(what, failed, _)| match failed {
            None => format!("{what}: is watched until it holds"),
            Some(failed) if hints.insert(failed.hint.as_str()) => format!("{what}: {failed}"),
            Some(failed) => format!("{what}: {}", failed.reason),
        });
        named(sentences.collect::<Vec<_>>().into_iter())
    }

    fn contradictions(&self, good: &BTreeSet<&Path>) -> String {
        let lost = self.lost().filter(|(path, ..)| good.contains(path));
        let said = lost.map(|(path, from, cell)| match cell.last() {
            Err(failed) => format!("{path} from {from}: {failed}"),
            Ok(_) => format!("{path} from {from} is watched until it holds"),
        });
        named(said.collect::<Vec<_>>().into_iter())
    }

    fn evidence(&self) -> Vec<String> {
        let cells = self.cells.iter();
        let facts = cells.map(
            |((path, from), cell)| match (cell.standing(), cell.last()) {
                (Standing::Good, Ok(passed)) => format!(
                    "{path} from {from}: ok, {:.1} ms, {} of {} lost",
                    passed.round_trip.as_secs_f64() * 1000.0,
                    passed.lost,
                    passed.sent
                ),
                (Standing::Good, Err(failed)) => {
                    format!(
                        "{path} from {from}: ok until now, failed once at {}: {failed}",
                        failed.stage.as_str()
                    )
                }
                (Standing::Lost, Err(failed)) => {
                    format!(
                        "{path} from {from}: failed at {}: {failed}",
                        failed.stage.as_str()
                    )
                }
                (Standing::Lost, Ok(_)) => {
                    format!("{path} from {from}: answers again, and is watched until it holds")
                }
            },
        );
        facts.collect()
    }
}

/// Lengths of time in the reasons may differ by a little.
fn alike(one: Option<&Failed>, other: Option<&Failed>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => {
            (one.stage, one.hint.as_str()) == (other.stage, other.hint.as_str())
        }
        (one, other) => one.is_none() && other.is_none(),
    }
}

fn named(items: impl ExactSizeIterator<Item = String>) -> String {
    let rest = items.len().saturating_sub(NAMED);
    let mut named: Vec<String> = items.take(NAMED).collect();
    if rest > 0 {
        named.push(format!("{rest} more"));
    }
    named.join("; ")
}
