//! What clients are told when the node comes to be reached elsewhere.

use std::net::IpAddr;
use std::time::Instant;

use super::Shard;
use super::connection::Connection;
use crate::api::{Event, NewCandidates};
use crate::transport::section;

impl Shard {
    /// The node is advertised at these from now on.
    pub(super) fn set_addresses(&mut self, now: Instant, version: u64, ips: Vec<IpAddr>) {
        self.wire.relay.set_addresses(&ips);
        self.factory.set_addresses(version, ips, self.port);
        for key in self.by_id.values() {
            let Some(connection) = self.connections.get_mut(*key) else {
                continue;
            };
            let transport = &mut connection.transport;
            let told = transport.advertise(now, &self.factory, &connection.ufrag);
            if let Some(candidates) = told {
                if let Some(recorder) = &mut connection.recorder {
                    recorder.advertised(&candidates);
                }
                self.counters.candidates_told.add(candidates.len() as u64);
                self.outbox.tell(event(connection, candidates));
            }
        }
    }

    /// Whoever was to pass on what was told lately may have been away.
    pub(super) fn tell_again(&mut self, now: Instant) {
        for connection in self.connections.iter() {
            let told = connection.transport.told_lately(now);
            if !told.is_empty() {
                self.outbox.tell(event(connection, told.to_vec()));
            }
        }
    }
}

fn event(connection: &Connection, candidates: Vec<String>) -> Event {
    let (mid, index) = section(&connection.sdp);
    Event::Candidates(NewCandidates {
        transport: connection.id.clone(),
        addresses: connection.transport.addresses_version(),
        mid,
        index,
        candidates,
    })
}
