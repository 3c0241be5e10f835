//! Which master's commands count.

/// Obeys the highest term ever seen in this boot: a master that was replaced and does not know it yet changes nothing
/// here. Pure.
#[derive(Debug, Default)]
pub(crate) struct Fence {
    highest: u64,
    /// Boot of the master that introduced itself with it.
    by: String,
}

impl Fence {
    /// Whether a message under `term` counts; a higher one raises the bar.
    pub(crate) fn admits(&mut self, term: u64) -> bool {
        self.highest = self.highest.max(term);
        term == self.highest
    }

    /// A master introduces itself.
    pub(crate) fn admits_master(&mut self, term: u64, master: &str) -> bool {
        let admits = self.admits(term);
        if admits {
            master.clone_into(&mut self.by);
        }
        admits
    }

    /// Who introduced himself with the highest term.
    pub(crate) fn by(&self) -> &str {
        &self.by
    }

    /// The highest term seen.
    pub(crate) fn highest(&self) -> u64 {
        self.highest
    }
}

#[cfg(test)]
mod tests;
