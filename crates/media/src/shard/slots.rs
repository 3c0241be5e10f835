//! A table whose keys stay unique when slots are used again.

/// Names an entry of [`Slots`]. A key of a removed entry finds nothing, even when its slot is in use again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    slot: u32,
    generation: u32,
}

/// The table.
pub struct Slots<T> {
    entries: Vec<(u32, Option<T>)>,
    free: Vec<u32>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Slots<T> {
    /// Takes `value` in.
    pub fn insert(&mut self, value: T) -> Key {
        let slot = self.free.pop().unwrap_or(self.entries.len() as u32);
        if slot as usize == self.entries.len() {
            self.entries.push((0, None));
        }
        let (generation, entry) = &mut self.entries[slot as usize];
        *entry = Some(value);
        Key {
            slot,
            generation: *generation,
        }
    }

    /// Gives the value back.
    pub fn remove(&mut self, key: Key) -> Option<T> {
        let (generation, entry) = self.entries.get_mut(key.slot as usize)?;
        if *generation != key.generation {
            return None;
        }
        let value = entry.take()?;
        *generation = generation.wrapping_add(1);
        self.free.push(key.slot);
        Some(value)
    }

    /// Looks one up.
    pub fn get(&self, key: Key) -> Option<&T> {
        let (generation, entry) = self.entries.get(key.slot as usize)?;
        entry.as_ref().filter(|_| *generation == key.generation)
    }

    /// Looks one up, to change it.
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let (generation, entry) = self.entries.get_mut(key.slot as usize)?;
        entry.as_mut().filter(|_| *generation == key.generation)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// All values.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().filter_map(|(_, entry)| entry.as_ref())
    }
}
