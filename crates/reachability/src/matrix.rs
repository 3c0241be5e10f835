//! From whom, to whom, by which path.

use std::collections::{BTreeMap, BTreeSet};

use cluster::{BootId, Moment, NodeId};

use crate::cadence::{Cadence, Left};
use crate::cell::{Cell, Standing};
use crate::judgement::Judgement;
use crate::path::{Depth, Outcome, Party, Path, Relayer};
use crate::settings::Settings;

/// Paths to one node that are kept, of one party.
pub const MOST_PATHS: usize = 64;

/// Parties whose looks at one node are kept.
pub const MOST_PARTIES: usize = 16;

/// What a success proves: these addresses of this boot.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Place {
    pub boot: BootId,
    /// Of the addresses.
    pub version: u64,
}

/// Everything that is known of who reaches whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matrix {
    settings: Settings,
    nodes: BTreeMap<NodeId, Held>,
}

/// What is known of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) place: Place,
    pub(crate) cells: BTreeMap<(Path, Party), Cell>,
    cadences: BTreeMap<Party, Cadence>,
    /// When a client last connected to it.
    pub(crate) witnessed: Option<Moment>,
}

/// A path has another standing with somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Change {
    pub from: Party,
    pub path: Path,
    pub standing: Standing,
}

/// One cell with its place in the matrix.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Row<'a> {
    pub from: &'a Party,
    pub path: &'a Path,
    pub cell: &'a Cell,
}

impl Matrix {
    /// One that knows nothing.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            nodes: BTreeMap::new(),
        }
    }

    /// How deep `from` should look at the node in this place now.
    pub fn depth(&self, now: Moment, from: &Party, node: &NodeId, place: &Place) -> Depth {
        let held = self.nodes.get(node).filter(|held| held.place == *place);
        let cadence = held.and_then(|held| held.cadences.get(from));
        cadence.map_or(Depth::Call, |cadence| cadence.depth(now))
    }

    /// Takes in what `from` found of a node, and says what is otherwise than before. News of a place that the node has left
    /// is for the caller to hold back; news of another place makes that the node's.
    pub fn record(
        &mut self,
        now: Moment,
        from: &Party,
        node: &NodeId,
        place: &Place,
        depth: Depth,
        outcomes: &[Outcome],
    ) -> Vec<Change> {
        let settings = self.settings;
        let held = self.held(node, place);
        held.make_room(from);
        let (mut changes, mut unproven) = (Vec::new(), false);
        for outcome in outcomes.iter().take(MOST_PATHS) {
            let key = (outcome.path.clone(), from.clone());
            let (depth, result) = (outcome.depth, outcome.result.clone());
            let changed = match held.cells.get_mut(&key) {
                Some(cell) => cell.take(now, depth, result, &settings),
                None => match Cell::new(now, depth, result) {
                    Some(cell) => held.cells.insert(key, cell).is_none(),
                    None => {
                        unproven |= outcome.path.is_relayed();
                        false
                    }
                },
            };
            changes.extend(changed.then(|| held.change(from, &outcome.path)).flatten());
        }
        held.drop_untried(from, depth, outcomes);
        let left = match held.left(from) {
            Left::Settled if unproven => Left::Unproven,
            left => left,
        };
        let cadence = held.cadences.entry(from.clone()).or_default();
        cadence.done(now, depth, left, &settings);
        changes
    }

    /// Everybody's next look at each node is a whole call.
    pub fn want_calls(&mut self) {
        for held in self.nodes.values_mut() {
            for cadence in held.cadences.values_mut() {
                *cadence = Cadence::default();
            }
        }
    }

    /// Whether `from` should look at the node again soon, because its next look may change something.
    pub fn is_in_doubt(&self, from: &Party, node: &NodeId) -> bool {
        let held = self.nodes.get(node);
        held.is_some_and(|held| held.left(from) == Left::Doubt)
    }

    /// A client has connected to this boot of the node, whichever way.
    pub fn witness(&mut self, now: Moment, node: &NodeId, boot: &BootId) {
        if let Some(held) = self.nodes.get_mut(node)
            && held.place.boot == *boot
        {
            held.witnessed = Some(now);
        }
    }

    /// Whether clients have lately connected to the node.
    pub fn is_witnessed(&self, now: Moment, node: &NodeId) -> bool {
        let at = self.nodes.get(node).and_then(|held| held.witnessed);
        at.is_some_and(|at| now <= at + self.settings.witnessed)
    }

    /// Whether anybody but `party` gets through to the node in this place.
    pub fn is_reached_by_others(&self, party: &Party, node: &NodeId, place: &Place) -> bool {
        let held = self.nodes.get(node).filter(|held| held.place == *place);
        held.is_some_and(|held| {
            let good = held.good(&self.settings);
            good.into_iter().any(|(_, from)| from != party)
        })
    }

    /// The node has other addresses, or another boot.
    pub fn moved(&mut self, node: &NodeId, place: &Place) {
        if self.nodes.contains_key(node) {
            self.held(node, place);
        }
    }

    /// The node is gone: nothing is known of it, and what it found is of no use.
    pub fn forget(&mut self, node: &NodeId) {
        self.nodes.remove(node);
        let (gone, relayer) = (Party::Node(node.clone()), Relayer::Node(node.clone()));
        for held in self.nodes.values_mut() {
            held.drop_party(&gone);
            held.cells.retain(
                |(path, _), _| !matches!(path, Path::Relay { relay, .. } if *relay == relayer),
            );
        }
    }

    /// Whether the node can be used, without what, and why.
    pub fn judge(&self, now: Moment, node: &NodeId) -> Judgement {
        let witnessed = self.is_witnessed(now, node);
        Judgement::of(node, self.nodes.get(node), witnessed, &self.settings)
    }

    /// What must not be handed out of a node's paths.
    pub fn withheld(&self, node: &NodeId) -> BTreeSet<Path> {
        let held = self.nodes.get(node);
        held.map_or_else(BTreeSet::new, |held| held.withheld(&self.settings))
    }

    /// Where a node was when it was last looked at.
    pub fn place(&self, node: &NodeId) -> Option<&Place> {
        self.nodes.get(node).map(|held| &held.place)
    }

    /// What is known of a node, path by path.
    pub fn rows(&self, node: &NodeId) -> impl Iterator<Item = Row<'_>> {
        let held = self.nodes.get(node).into_iter();
        held.flat_map(|held| &held.cells)
            .map(|((path, from), cell)| Row { from, path, cell })
    }

    fn held(&mut self, node: &NodeId, place: &Place) -> &mut Held {
        let held = self.nodes.entry(node.clone()).or_insert_with(|| Held {
            place: place.clone(),
            cells: BTreeMap::new(),
            cadences: BTreeMap::new(),
            witnessed: None,
        });
        if held.place != *place {
            held.moves(place);
        }
        held
    }
}

impl Held {
    fn moves(&mut self, place: &Place) {
        let same_boot = self.place.boot == place.boot;
        let cells = std::mem::take(&mut self.cells).into_iter();
        self.cells = cells
            .filter(|_| same_boot)
            .filter_map(|(key, cell)| Some((key, cell.carried_over()?)))
            .collect();
        self.witnessed = self.witnessed.filter(|_| same_boot);
        self.cadences.clear();
        self.place = place.clone();
    }

    fn change(&self, from: &Party, path: &Path) -> Option<Change> {
        let cell = self.cells.get(&(path.clone(), from.clone()))?;
        Some(Change {
            from: from.clone(),
            path: path.clone(),
            standing: cell.standing(),
        })
    }

    /// What a whole look did not try is not there any more.
    fn drop_untried(&mut self, from: &Party, depth: Depth, outcomes: &[Outcome]) {
        if depth == Depth::Call {
            let tried: BTreeSet<&Path> = outcomes.iter().map(|it| &it.path).collect();
            self.cells
                .retain(|(path, party), _| party != from || tried.contains(path));
        }
    }

    fn drop_party(&mut self, party: &Party) {
        self.cells.retain(|(_, from), _| from != party);
        self.cadences.remove(party);
    }

    /// For one more party that looks. The master stays.
    fn make_room(&mut self, party: &Party) {
        if self.cadences.contains_key(party) || self.cadences.len() < MOST_PARTIES {
            return;
        }
        let heard = |party: &Party| {
            let own = self.cells.iter().filter(|((_, from), _)| from == party);
            own.map(|(_, cell)| cell.at()).max()
        };
        let others = self.cadences.keys().filter(|it| **it != Party::Master);
        if let Some(oldest) = others.min_by_key(|it| heard(it)).cloned() {
            self.cells.retain(|(_, from), _| *from != oldest);
            self.cadences.remove(&oldest);
        }
    }

    fn left(&self, from: &Party) -> Left {
        let own = || self.cells.iter().filter(|((_, it), _)| it == from);
        if own().any(|(_, cell)| cell.is_in_doubt()) {
            Left::Doubt
        } else if own().any(|(_, cell)| cell.needs_calls()) {
            Left::Ailing
        } else {
            Left::Settled
        }
    }

    /// Good paths and who has them, leaving out those who have not been heard for long.
    pub(crate) fn good(&self, settings: &Settings) -> Vec<(&Path, &Party)> {
        let latest = self.cells.values().map(Cell::at).max().unwrap_or_default();
        let cells = self.cells.iter();
        cells
            .filter(|(_, cell)| cell.standing() == Standing::Good)
            .filter(|(_, cell)| latest <= cell.at() + settings.fresh)
            .map(|((path, from), _)| (path, from))
            .collect()
    }

    /// What somebody has lost and nobody gets through by.
    pub(crate) fn broken(&self, good: &BTreeSet<&Path>) -> BTreeSet<&Path> {
        let cells = self.cells.iter();
        let lost = cells.filter(|(_, cell)| cell.standing() == Standing::Lost);
        let lost = lost.map(|((path, _), _)| path);
        lost.filter(|path| !good.contains(path)).collect()
    }

    pub(crate) fn withheld(&self, settings: &Settings) -> BTreeSet<Path> {
        let good: BTreeSet<&Path> = self.good(settings).iter().map(|(path, _)| *path).collect();
        let broken = self.broken(&good).into_iter();
        let others = |path: &&Path| {
            let mut good = good.iter();
            good.any(|it| it.is_relayed() == path.is_relayed())
        };
        broken.filter(others).cloned().collect()
    }
}
