//! Counters that only grow, and what they had counted before a window.

use std::time::Duration;

use cluster::Moment;

/// The window is from one to two of these long.
const HALF: Duration = Duration::from_secs(5 * 60);

/// What something had counted five to ten minutes ago, or when it was first heard of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before<T> {
    older: Option<T>,
    newer: Option<(Moment, T)>,
}

impl<T> Default for Before<T> {
    fn default() -> Self {
        Self {
            older: None,
            newer: None,
        }
    }
}

impl<T: Clone> Before<T> {
    /// It has counted so much now.
    pub(crate) fn take(&mut self, now: Moment, counted: &T) {
        self.older = match self.newer.take() {
            Some(newer) if now < newer.0 + HALF => {
                self.newer = Some(newer);
                return;
            }
            Some((_, newer)) => Some(newer),
            None => Some(counted.clone()),
        };
        self.newer = Some((now, counted.clone()));
    }

    /// Before the window; `None` when nothing was told yet.
    pub(crate) fn counted(&self) -> Option<&T> {
        self.older.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_moves_in_halves() {
        let mut before = Before::default();
        let mut counted = Vec::new();
        for minute in 0..16 {
            before.take(Moment(minute * 60_000), &minute);
            counted.push(before.counted().copied().unwrap_or_default());
        }
        assert_eq!(counted, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 5, 5, 5, 5, 10]);
    }
}
