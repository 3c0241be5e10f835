//! From civil times to instants, across changes of the clocks.

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{Timestamp, ToSpan};

use super::Wall;
use super::pattern::Pattern;

/// How many days are searched: the 1st of February is a Monday at least once in so many, and the 29th exists.
const HORIZON: usize = 40 * 366;

/// The last moment of the pattern that is not after `limit`.
pub(super) fn last_until(pattern: &Pattern, zone: &TimeZone, limit: Wall) -> Option<Wall> {
    let limit = Timestamp::from_millisecond(limit.0).ok()?;
    // A day that a zone skips altogether ends at the instant at which the next one begins.
    let first = zone.to_datetime(limit).date().tomorrow().ok()?;
    days(first, |date| date.yesterday().ok())
        .filter(|date| pattern.on(*date))
        .find_map(|date| {
            let mut instants = pattern.times(date).rev().filter_map(|at| instant(zone, at));
            instants.find(|at| *at <= limit)
        })
        .map(|at| Wall(at.as_millisecond()))
}

/// The first moment of the pattern after `after`.
pub(super) fn next_after(pattern: &Pattern, zone: &TimeZone, after: Wall) -> Option<Wall> {
    let after = Timestamp::from_millisecond(after.0).ok()?;
    let first = zone.to_datetime(after).date().yesterday().ok()?;
    days(first, |date| date.tomorrow().ok())
        .filter(|date| pattern.on(*date))
        .find_map(|date| {
            let mut instants = pattern.times(date).filter_map(|at| instant(zone, at));
            instants.find(|at| *at > after)
        })
        .map(|at| Wall(at.as_millisecond()))
}

fn days(first: Date, step: impl Fn(Date) -> Option<Date>) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(first), move |date| step(*date)).take(HORIZON)
}

/// When a civil time is. It grows with the civil time, also across changes of the clocks.
fn instant(zone: &TimeZone, civil: DateTime) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(civil).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(civil).ok(),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(civil).ok(),
        AmbiguousOffset::Gap { before, .. } => end_of_gap(zone, before, civil),
    }
}

/// A skipped time, read with the offset from before the jump, lies after the jump by as much as it lies within the gap.
fn end_of_gap(zone: &TimeZone, before: Offset, civil: DateTime) -> Option<Timestamp> {
    let beyond = before.to_timestamp(civil).ok()?;
    let just_after = beyond.checked_add(1.nanosecond()).ok()?;
    zone.preceding(just_after)
        .next()
        .map(|transition| transition.timestamp())
}
