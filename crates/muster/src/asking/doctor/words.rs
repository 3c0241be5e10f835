//! Lists and cuts in sentences.

/// `a, b and c`; of more than eight the rest is counted.
pub(super) fn list<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    const MOST: usize = 8;
    let items: Vec<T> = items.into_iter().collect();
    let more = items.len().saturating_sub(MOST);
    let mut words: Vec<String> = items
        .iter()
        .take(MOST)
        .map(|it| it.as_ref().to_owned())
        .collect();
    if more > 0 {
        words.push(format!("{more} more"));
    }
    let last = words.pop().unwrap_or_default();
    match words.is_empty() {
        true => last,
        false => format!("{} and {last}", words.join(", ")),
    }
}

/// `1 thing`, `2 things`.
pub(super) fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}
