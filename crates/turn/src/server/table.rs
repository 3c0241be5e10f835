//! All allocations, found by their name and by their client.

use std::collections::BTreeMap;

use crate::allocation::Allocation;
use crate::tuple::Tuple;

/// Names an allocation. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AllocationId {
    slot: u32,
    generation: u32,
}

impl AllocationId {
    /// A number that no other allocation has as long as this one lives, and as small as can be: for tables.
    pub fn slot(self) -> usize {
        self.slot as usize
    }
}

/// The allocations of a server.
#[derive(Debug, Default)]
pub struct Table {
    entries: Vec<(u32, Option<Allocation>)>,
    free: Vec<u32>,
    count: usize,
    by_client: BTreeMap<Tuple, AllocationId>,
    /// Datagrams come in runs of one client's.
    last: Option<(Tuple, AllocationId)>,
}

impl Table {
    /// Takes a new one in, of a client that has none.
    pub fn insert(&mut self, allocation: Allocation) -> AllocationId {
        let slot = self.free.pop().unwrap_or(self.entries.len() as u32);
        if slot as usize == self.entries.len() {
            self.entries.push((0, None));
        }
        let (generation, entry) = &mut self.entries[slot as usize];
        let generation = *generation;
        let id = AllocationId { slot, generation };
        self.by_client.insert(allocation.client, id);
        *entry = Some(allocation);
        self.last = None;
        self.count += 1;
        id
    }

    /// Gives it back.
    pub fn remove(&mut self, id: AllocationId) -> Option<Allocation> {
        let (generation, entry) = self.entries.get_mut(id.slot())?;
        if *generation != id.generation {
            return None;
        }
        let allocation = entry.take()?;
        if let Some(next) = generation.checked_add(1) {
            *generation = next;
            self.free.push(id.slot);
        }
        if self.by_client.get(&allocation.client) == Some(&id) {
            self.by_client.remove(&allocation.client);
        }
        self.last = None;
        self.count -= 1;
        Some(allocation)
    }

    #[allow(missing_docs)]
    pub fn get(&self, id: AllocationId) -> Option<&Allocation> {
        let (generation, entry) = self.entries.get(id.slot())?;
        entry.as_ref().filter(|_| *generation == id.generation)
    }

    #[allow(missing_docs)]
    pub fn get_mut(&mut self, id: AllocationId) -> Option<&mut Allocation> {
        let (generation, entry) = self.entries.get_mut(id.slot())?;
        entry.as_mut().filter(|_| *generation == id.generation)
    }

    /// That of a client.
    pub fn id_of(&self, client: &Tuple) -> Option<AllocationId> {
        self.by_client.get(client).copied()
    }

    /// The same for a client that is likely to be asked for again at once.
    pub fn recall(&mut self, client: &Tuple) -> Option<AllocationId> {
        if let Some((_, id)) = self.last.filter(|(last, _)| last == client) {
            return Some(id);
        }
        let id = self.id_of(client)?;
        self.last = Some((*client, id));
        Some(id)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (AllocationId, &Allocation)> {
        let entries = (0..).zip(&self.entries);
        entries.filter_map(|(slot, (generation, entry))| {
            let generation = *generation;
            Some((AllocationId { slot, generation }, entry.as_ref()?))
        })
    }

    /// All of them, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Allocation> {
        let entries = self.entries.iter_mut();
        entries.filter_map(|(_, entry)| entry.as_mut())
    }

    #[allow(missing_docs)]
    pub fn len(&self) -> usize {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn allocation(port: u16) -> Allocation {
        let at = |port| SocketAddr::from(([192, 0, 2, 1], port));
        let key = [0; 16];
        let client = Tuple::udp(at(port), None);
        Allocation::new(client, at(9), ("user".into(), "user".into(), key), [0; 16])
    }

    #[test]
    fn a_name_is_never_used_twice_and_a_slot_is() {
        let mut table = Table::default();
        let first = table.insert(allocation(1));
        assert_eq!(table.recall(&allocation(1).client), Some(first));
        assert!(table.remove(first).is_some());
        assert_eq!(table.recall(&allocation(1).client), None);
        let second = table.insert(allocation(2));
        assert_eq!(second.slot(), first.slot());
        assert_ne!(second, first);
        assert!(table.get(first).is_none());
        assert!(table.remove(first).is_none());
        assert_eq!((table.len(), table.iter().count()), (1, 1));
        assert_eq!(table.recall(&allocation(2).client), Some(second));
    }
}
