//! A media plane of which nothing moves.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use media::TransportState;

use crate::carrier::Carrier;

/// A media plane that records what it is told and carries what a test says.
#[derive(Clone, Default)]
pub(super) struct Recording {
    pub(super) commands: Arc<Mutex<Vec<media::Command>>>,
    pub(super) carried: Arc<Mutex<Vec<TransportState>>>,
    pub(super) addresses: Arc<Mutex<Vec<IpAddr>>>,
    pub(super) relay: Arc<Mutex<media::relay::Settings>>,
    pub(super) withheld: Arc<Mutex<Vec<media::Withheld>>>,
    pub(super) visits: Arc<Mutex<Vec<media::relay::Event>>>,
    evidence_asked: Arc<Mutex<Vec<media::Id>>>,
    restarted: Arc<Mutex<Vec<media::Id>>>,
}

impl Carrier for Recording {
    fn submit(&self, command: media::Command) -> Result<(), media::Overloaded> {
        self.commands.lock().expect("lock").push(command);
        Ok(())
    }

    fn snapshot(&self) -> Result<Vec<TransportState>, media::SnapshotError> {
        Ok(self.carried.lock().expect("lock").clone())
    }

    fn set_addresses(&self, _: u64, ips: &[IpAddr]) -> Result<(), media::Overloaded> {
        *self.addresses.lock().expect("lock") = ips.to_vec();
        Ok(())
    }

    fn tell_again(&self) -> Result<(), media::Overloaded> {
        Ok(())
    }

    fn ask_evidence(&self, transports: &[media::Id]) -> Result<(), media::Overloaded> {
        self.evidence_asked
            .lock()
            .expect("lock")
            .extend_from_slice(transports);
        Ok(())
    }

    fn set_relay(&self, settings: media::relay::Settings) -> Result<(), media::Overloaded> {
        *self.relay.lock().expect("lock") = settings;
        Ok(())
    }

    fn relay_counts(&self) -> Result<media::relay::Counts, media::SnapshotError> {
        Ok(media::relay::Counts {
            to_peers: 7,
            ..media::relay::Counts::default()
        })
    }

    fn take_relay_events(&self) -> Result<Vec<media::relay::Event>, media::SnapshotError> {
        Ok(std::mem::take(&mut *self.visits.lock().expect("lock")))
    }

    fn restart_shard(&self, transport: &media::Id) -> Result<(), media::Overloaded> {
        self.restarted.lock().expect("lock").push(transport.clone());
        Ok(())
    }

    fn withhold(&self, withheld: &[media::Withheld]) -> Result<(), media::Overloaded> {
        *self.withheld.lock().expect("lock") = withheld.to_vec();
        Ok(())
    }

    fn ports(&self) -> Vec<u16> {
        vec![40000]
    }

    fn stun_port(&self) -> u16 {
        40001
    }
}

impl Recording {
    /// The node's key of the `n`th command, once it is there.
    pub(super) async fn key(&self, n: usize) -> u64 {
        for _ in 0..1000 {
            if let Some(media::Command::Accept { key, .. }) =
                self.commands.lock().expect("lock").get(n)
            {
                return *key;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("no command arrived");
    }

    /// Waits until the evidence of a transport is asked for.
    pub(super) async fn evidence_wanted(&self, transport: &str) {
        for _ in 0..1000 {
            let asked = self.evidence_asked.lock().expect("lock").clone();
            if asked.iter().any(|id| &**id == transport) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("no evidence was asked for");
    }

    /// Waits until the shard of a transport is to begin anew.
    pub(super) async fn shard_restarted(&self, transport: &str) {
        for _ in 0..1000 {
            let restarted = self.restarted.lock().expect("lock").clone();
            if restarted.iter().any(|id| &**id == transport) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("no shard began anew");
    }
}
