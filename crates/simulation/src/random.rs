//! The one source of chance of a world: PCG-XSH-RR 64/32 (O'Neill 2014), so that a seed means the same on every machine.

/// A reproducible source of numbers.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
    stream: u64,
}

impl Random {
    /// The numbers of one seed and one purpose: purposes do not disturb each other when one of them draws more.
    pub fn new(seed: u64, purpose: u64) -> Self {
        let mut random = Self {
            state: 0,
            stream: purpose << 1 | 1,
        };
        random.step();
        random.state = random.state.wrapping_add(seed);
        random.step();
        random
    }

    fn step(&mut self) -> u32 {
        let old = self.state;
        self.state = old
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(self.stream);
        let shifted = ((old >> 18 ^ old) >> 27) as u32;
        shifted.rotate_right((old >> 59) as u32)
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        u64::from(self.step()) << 32 | u64::from(self.step())
    }

    /// Below `bound`; 0 when that is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The bias of the remainder does not matter for bounds this far below 2^64.
        self.number().checked_rem(bound).unwrap_or(0)
    }

    /// Both ends may be drawn.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most.saturating_sub(least) + 1)
    }

    /// Whether something happens that happens so many times in a hundred.
    pub fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    /// One of them.
    ///
    /// # Panics
    /// When there is nothing to choose from.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }

    /// Any order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }

    /// A share of one, for jitter.
    pub fn share(&mut self) -> f64 {
        self.step() as f64 / (u32::MAX as f64 + 1.0)
    }

    /// Fills with random bytes.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.step() as u8;
        }
    }
}
