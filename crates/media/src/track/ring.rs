/// The newest packets of a track, by extended sequence number.
///
/// Holds at most as many packets as it has slots. What falls out of the back is dropped when its slot is needed.
#[derive(Debug)]
pub struct Ring<P> {
    slots: Vec<Option<Slot<P>>>,
    newest: Option<u64>,
}

#[derive(Debug)]
struct Slot<P> {
    sequence: u64,
    packet: P,
}

/// Slots of a ring for video: about a second at 10 Mbit/s.
pub const RING_LEN: usize = 1024;

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is the newest.
    Newest,
    /// It filled a hole: late, or retransmitted.
    Late,
    /// It is there already. The one handed in was dropped.
    Duplicate,
    /// Its slot belongs to newer packets. Dropped.
    TooOld,
}

impl<P> Default for Ring<P> {
    fn default() -> Self {
        Ring::new(RING_LEN)
    }
}

impl<P> Ring<P> {
    /// With `len` slots, at least 1.
    pub fn new(len: usize) -> Self {
        Ring {
            slots: (0..len.max(1)).map(|_| None).collect(),
            newest: None,
        }
    }

    /// Keeps `packet` as number `sequence`, in whatever order they come.
    pub fn insert(&mut self, sequence: u64, packet: P) -> Inserted {
        if self.is_gone(sequence) {
            return Inserted::TooOld;
        }
        if self.get(sequence).is_some() {
            return Inserted::Duplicate;
        }
        let slot = self.slot(sequence);
        self.slots[slot] = Some(Slot { sequence, packet });
        if self.newest.is_none_or(|newest| sequence > newest) {
            self.newest = Some(sequence);
            Inserted::Newest
        } else {
            Inserted::Late
        }
    }

    /// The packet with this number, if it came and is not gone.
    #[inline]
    pub fn get(&self, sequence: u64) -> Option<&P> {
        if self.is_gone(sequence) {
            return None;
        }
        let slot = self.slots[self.slot(sequence)].as_ref()?;
        (slot.sequence == sequence).then_some(&slot.packet)
    }

    /// The highest number that came.
    pub fn newest(&self) -> Option<u64> {
        self.newest
    }

    /// How many packets it can hold.
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// Drops all packets, for a source whose numbers have nothing to do with the ones before.
    pub fn clear(&mut self) {
        self.slots.fill_with(|| None);
        self.newest = None;
    }

    #[inline]
    fn is_gone(&self, sequence: u64) -> bool {
        self.newest
            .is_some_and(|newest| newest.saturating_sub(sequence) >= self.slots.len() as u64)
    }

    #[inline]
    fn slot(&self, sequence: u64) -> usize {
        (sequence % self.slots.len() as u64) as usize
    }
}
