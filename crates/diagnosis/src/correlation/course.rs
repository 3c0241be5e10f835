//! How failures are spread over time, and what stands at their ends.

use crate::case::{Case, Mark, MarkKind};

use super::{Beginning, Course};

/// So many that went well after the last failure: it is over.
const OVER: usize = 3;
/// A load level shows only in so many failures and as many that went well.
const MANY: usize = 3;
/// A boot or a change of addresses is to blame for what fails within this, milliseconds.
const AFTERMATH_MS: u64 = 15 * 60_000;

pub(super) fn of(cases: &[&Case]) -> Course {
    let first = cases.iter().position(|case| case.failed);
    let last = cases.iter().rposition(|case| case.failed);
    let (Some(first), Some(last)) = (first, last) else {
        return Course::Well;
    };
    if cases.len() - 1 - last >= OVER {
        return Course::Over;
    }
    let since = &cases[first..];
    match since.iter().all(|case| case.failed) && since.len() > 1 {
        true => Course::Permanent,
        false => Course::NowAndThen,
    }
}

pub(super) fn began(cases: &[&Case], marks: &[Mark]) -> Option<Beginning> {
    let first = cases.iter().position(|case| case.failed)?;
    marked(cases, first, marks).or_else(|| loaded(cases))
}

/// The last boot or change of addresses before the first failure, if most that was made since failed.
fn marked(cases: &[&Case], first: usize, marks: &[Mark]) -> Option<Beginning> {
    let at = cases[first].at;
    let kinds = [MarkKind::Boot, MarkKind::AddressChange];
    let before = marks.iter().filter(|mark| kinds.contains(&mark.kind));
    let mark = before
        .filter(|mark| {
            mark.at <= at && at - mark.at <= AFTERMATH_MS && concerns(mark, cases[first])
        })
        // After a fresh start everything has just begun: that nothing failed before says nothing where nothing was.
        .filter(|mark| mark.kind != MarkKind::Boot || has_before(cases, mark))
        .max_by_key(|mark| mark.at)?;
    // Before the first failure nothing had failed; what went well between the mark and it speaks against the mark.
    let between = cases[..first]
        .iter()
        .filter(|case| case.at >= mark.at && concerns(mark, case))
        .count();
    let failed = cases[first..]
        .iter()
        .filter(|case| case.failed && concerns(mark, case))
        .count();
    (failed > between).then(|| Beginning::Mark {
        mark: mark.clone(),
        first_failure: at,
    })
}

/// Something that it concerns was there before it.
fn has_before(cases: &[&Case], mark: &Mark) -> bool {
    let mut cases = cases.iter().take_while(|case| case.at < mark.at);
    cases.any(|case| concerns(mark, case))
}

/// A master's boot or addresses concern everybody.
fn concerns(mark: &Mark, case: &Case) -> bool {
    mark.subject == case.node || mark.subject == case.relay || mark.subject == "master"
}

fn loaded(cases: &[&Case]) -> Option<Beginning> {
    let failed: Vec<u32> = cases
        .iter()
        .filter(|case| case.failed)
        .map(|case| case.load)
        .collect();
    let well: Vec<u32> = cases
        .iter()
        .filter(|case| !case.failed)
        .map(|case| case.load)
        .collect();
    let (at_least, above) = (*failed.iter().min()?, *well.iter().max()?);
    let clear = failed.len() >= MANY && well.len() >= MANY && at_least > above;
    clear.then_some(Beginning::Load { above, at_least })
}

pub(super) fn ended(cases: &[&Case], marks: &[Mark]) -> Option<Mark> {
    let last = cases.iter().rposition(|case| case.failed)?;
    let at = cases[last].at;
    let well = cases.get(last + 1)?.at;
    let remedies = marks.iter().filter(|mark| mark.kind == MarkKind::Remedy);
    remedies
        .filter(|mark| mark.at >= at && mark.at <= well)
        .min_by_key(|mark| mark.at)
        .cloned()
}
