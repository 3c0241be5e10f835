//! Relayed datagrams between shards: gathered while a batch is worked on, handed over in one piece, dropped and counted
//! where the other shard does not keep up.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use crate::counters::Counters;
use crate::net::{LARGEST, Wake};

/// Parcels that wait for one shard.
const QUEUE: usize = 256;
/// Bytes of one parcel.
const FULL: usize = 128 << 10;

/// Datagrams from one shard for another.
#[derive(Debug, Default)]
pub struct Parcel {
    /// From which shard.
    pub from: usize,
    items: Vec<Item>,
    bytes: Vec<u8>,
}

/// Whose datagram it is.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// The client, at its relayed address.
    pub relayed: SocketAddr,
    /// The node's media.
    pub own: SocketAddr,
    /// From the client to the media, or back.
    pub inward: bool,
    len: usize,
}

impl Parcel {
    fn put(&mut self, item: Item, data: &[u8]) {
        self.items.push(item);
        self.bytes.extend_from_slice(data);
    }

    /// All of them, to be worked on in place.
    pub fn open(&mut self, mut each: impl FnMut(Item, &mut [u8])) {
        let mut at = 0;
        for item in &self.items {
            each(*item, &mut self.bytes[at..at + item.len]);
            at += item.len;
        }
    }
}

/// The ways from one shard to all others, and the end of theirs.
pub struct Links {
    me: usize,
    others: Vec<Link>,
    handed: Receiver<Parcel>,
    /// Out while it is written to.
    scratch: Option<Box<[u8; LARGEST]>>,
}

struct Link {
    sender: SyncSender<Parcel>,
    wake: Wake,
    parcel: Parcel,
}

impl Links {
    /// Between shards that are woken by these.
    pub fn between(wakes: &[Wake]) -> Vec<Self> {
        let (senders, ends): (Vec<_>, Vec<_>) = wakes.iter().map(|_| sync_channel(QUEUE)).unzip();
        let links = ends.into_iter().enumerate().map(|(me, handed)| {
            let others = senders.iter().zip(wakes).map(|(sender, wake)| Link {
                sender: sender.clone(),
                wake: wake.clone(),
                parcel: Parcel::default(),
            });
            Self {
                me,
                others: others.collect(),
                handed,
                scratch: None,
            }
        });
        links.collect()
    }

    /// The number of this shard.
    pub fn me(&self) -> usize {
        self.me
    }

    /// Hands `data` over, at the latest with the next [`Links::flush`].
    pub fn send(
        &mut self,
        shard: usize,
        way: (SocketAddr, SocketAddr, bool),
        data: &[u8],
        counters: &Counters,
    ) {
        let (relayed, own, inward) = way;
        let Some(link) = self.others.get_mut(shard) else {
            return;
        };
        let item = Item {
            relayed,
            own,
            inward,
            len: data.len(),
        };
        link.parcel.put(item, data);
        if link.parcel.bytes.len() > FULL {
            link.flush(self.me, counters);
        }
    }

    /// Hands over what `fill` writes. False when it wrote nothing.
    pub fn write(
        &mut self,
        shard: usize,
        way: (SocketAddr, SocketAddr, bool),
        counters: &Counters,
        fill: impl FnOnce(&mut [u8]) -> Option<usize>,
    ) -> bool {
        let mut scratch = self
            .scratch
            .take()
            .unwrap_or_else(|| Box::new([0; LARGEST]));
        let len = fill(&mut scratch[..]);
        if let Some(len) = len {
            self.send(shard, way, &scratch[..len], counters);
        }
        self.scratch = Some(scratch);
        len.is_some()
    }

    /// Hands over what was gathered.
    pub fn flush(&mut self, counters: &Counters) {
        for link in &mut self.others {
            link.flush(self.me, counters);
        }
    }

    /// What another shard handed over.
    pub fn take(&mut self) -> Option<Parcel> {
        self.handed.try_recv().ok()
    }
}

impl Link {
    fn flush(&mut self, me: usize, counters: &Counters) {
        if self.parcel.items.is_empty() {
            return;
        }
        let mut parcel = std::mem::take(&mut self.parcel);
        parcel.from = me;
        let count = parcel.items.len() as u64;
        match self.sender.try_send(parcel) {
            Ok(()) => {
                counters.relay_crossed.add(count);
                self.wake.ring();
            }
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                counters.relay_dropped.add(count);
            }
        }
    }
}
