//! What the streams' servers count, together.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use turn::Counts;

/// Of all streams since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Booked {
    /// Servers at this moment: one for each stream, and one for UDP where there is that.
    pub(crate) servers: usize,
    pub(crate) counts: Counts,
}

#[derive(Debug, Default)]
struct Pages {
    /// Of streams that are over.
    over: Counts,
    open: BTreeMap<u32, Counts>,
}

#[derive(Debug, Default)]
pub(super) struct Books(Mutex<Pages>);

/// Of one stream; closed when it is dropped.
pub(super) struct Entry<'a> {
    books: &'a Books,
    number: u32,
}

impl Books {
    pub(super) fn open(&self, number: u32) -> Entry<'_> {
        self.with(|pages| pages.open.insert(number, Counts::default()));
        Entry {
            books: self,
            number,
        }
    }

    pub(super) fn all(&self) -> Booked {
        self.with(|pages| {
            let mut counts = pages.over.clone();
            for open in pages.open.values() {
                counts.add(open);
            }
            Booked {
                servers: pages.open.len(),
                counts,
            }
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut Pages) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Entry<'_> {
    /// What the stream's server has counted by now.
    pub(super) fn note(&self, counts: &Counts) {
        self.books
            .with(|pages| pages.open.insert(self.number, counts.clone()));
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.books.with(|pages| {
            if let Some(mut counts) = pages.open.remove(&self.number) {
                counts.allocations = 0;
                pages.over.add(&counts);
            }
        });
    }
}
