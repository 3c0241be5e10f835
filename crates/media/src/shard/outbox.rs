//! Events on their way out. The sink may be busy; a shard never waits for it.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::api::{Event, EventSink};
use crate::counters::Counters;

/// Events kept for a busy sink.
const KEPT: usize = 1 << 16;

/// The events that the sink has not taken yet, in order.
pub struct Outbox {
    sink: EventSink,
    kept: VecDeque<Event>,
    counters: Arc<Counters>,
}

impl Outbox {
    /// For `sink`.
    pub fn new(sink: EventSink, counters: Arc<Counters>) -> Self {
        Self {
            sink,
            kept: VecDeque::new(),
            counters,
        }
    }

    /// Tells the sink, now or as soon as it listens.
    pub fn tell(&mut self, event: Event) {
        if self.kept.is_empty() && (self.sink)(event.clone()) {
            return;
        }
        self.counters.events_delayed.add(1);
        if self.kept.len() >= KEPT {
            // The oldest goes: the newest stage of a transport is worth more than an earlier one.
            self.kept.pop_front();
            self.counters.events_lost.add(1);
        }
        self.kept.push_back(event);
    }

    /// Tries again. True when nothing is kept any more.
    pub fn retry(&mut self) -> bool {
        while let Some(event) = self.kept.front() {
            if !(self.sink)(event.clone()) {
                return false;
            }
            self.kept.pop_front();
        }
        true
    }
}
