/// Which indices have been used, for the newest [`Window::SIZE`] of them.
///
/// A ring of bits that is cleared word by word while the newest index advances (RFC 6479), so that marking costs the
/// same however old the index is.
#[derive(Clone, Debug, Default)]
pub struct Window {
    highest: Option<u64>,
    words: [u64; WORDS as usize],
}

const WORDS: u64 = 16;
const WORD: u64 = u64::BITS as u64;

/// Why an index may not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It has been marked.
    Used,
    /// It is older than what the window remembers.
    Old,
}

impl Window {
    /// How far behind the newest index another one may lie. One word less than there is, because the newest word is
    /// only partly filled.
    pub const SIZE: u64 = (WORDS - 1) * WORD;

    /// The newest index that was marked.
    pub fn highest(&self) -> Option<u64> {
        self.highest
    }

    /// Whether `index` may be marked.
    #[inline]
    pub fn check(&self, index: u64) -> Result<(), Unfit> {
        let Some(highest) = self.highest else {
            return Ok(());
        };
        if index > highest {
            Ok(())
        } else if highest - index >= Self::SIZE {
            Err(Unfit::Old)
        } else if self.words[slot(index)] & bit(index) != 0 {
            Err(Unfit::Used)
        } else {
            Ok(())
        }
    }

    /// Takes `index` as used. Does nothing to one that [`Window::check`] refuses.
    #[inline]
    pub fn mark(&mut self, index: u64) {
        if self.check(index).is_err() {
            return;
        }
        match self.highest {
            Some(highest) if index <= highest => {}
            Some(highest) => self.advance(highest, index),
            None => self.highest = Some(index),
        }
        self.words[slot(index)] |= bit(index);
    }

    #[inline]
    fn advance(&mut self, from: u64, to: u64) {
        let fresh = (to / WORD - from / WORD).min(WORDS);
        for word in 1..=fresh {
            self.words[((from / WORD + word) % WORDS) as usize] = 0;
        }
        self.highest = Some(to);
    }
}

#[inline]
fn slot(index: u64) -> usize {
    (index / WORD % WORDS) as usize
}

#[inline]
fn bit(index: u64) -> u64 {
    1 << (index % WORD)
}
