//! Numbers in sentences.

use std::fmt::Display;

/// `a, b and c`; at most four are named.
pub(crate) fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    const MOST: usize = 4;
    let mut words: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    let more = words.len().saturating_sub(MOST);
    words.truncate(MOST);
    if more > 0 {
        words.push(format!("{more} more"));
    }
    let last = words.pop();
    match (words.is_empty(), last) {
        (_, None) => "none".to_owned(),
        (true, Some(last)) => last,
        (false, Some(last)) => format!("{} and {last}", words.join(", ")),
    }
}

/// `1 check`, `2 checks`.
pub(crate) fn count(number: u64, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}

/// A span in the unit that suits it.
pub(crate) fn span(ms: u64) -> String {
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..120_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        120_000..7_200_000 => format!("{} min", ms / 60_000),
        7_200_000..172_800_000 => format!("{} h", ms / 3_600_000),
        _ => format!("{} days", ms / 86_400_000),
    }
}

/// Bits per second in the unit that suits them.
pub(crate) fn bits(per_second: u64) -> String {
    match per_second {
        0..10_000_000 => format!("{} kbit/s", per_second / 1000),
        10_000_000..10_000_000_000 => format!("{} Mbit/s", per_second / 1_000_000),
        _ => format!("{} Gbit/s", per_second / 1_000_000_000),
    }
}

/// How much of a whole, 0 to 100.
pub(crate) fn percent(part: u64, whole: u64) -> u64 {
    if whole == 0 {
        return 0;
    }
    let percent = u128::from(part) * 100 / u128::from(whole);
    u64::try_from(percent).unwrap_or(u64::MAX)
}
