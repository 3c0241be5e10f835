//! Whatever comes, in whatever order: the promises of the crate's first page hold.

use std::net::SocketAddr;
use std::time::Duration;

use super::stage::{Did, Stage, client, peer, settings, tuple};
use turn::client::{Client, Heard, channel_data, send_indication};
use turn::{Message, Tuple};

/// SplitMix64.
struct Noise(u64);

impl Noise {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % end
    }
}

struct Crowd {
    stage: Stage,
    clients: Vec<(Tuple, Client)>,
    listed: Vec<SocketAddr>,
    noise: Noise,
}

fn host(noise: &mut Noise) -> SocketAddr {
    let ip = [203, 0, 113, 7 + noise.below(2) as u8];
    SocketAddr::new(ip.into(), 40_000 + noise.below(2) as u16)
}

impl Crowd {
    fn new(seed: u64) -> Self {
        let clients = (0..6).map(|index| {
            (
                tuple(5000 + index),
                client(["a", "b", "c"][usize::from(index % 3)]),
            )
        });
        Self {
            stage: Stage::new(),
            clients: clients.collect(),
            listed: vec![peer()],
            noise: Noise(seed),
        }
    }

    fn step(&mut self) {
        let index = self.noise.below(self.clients.len() as u64) as usize;
        let peer = host(&mut self.noise);
        let number = 0x4000 + self.noise.below(3) as u16;
        let (from, client) = &mut self.clients[index];
        let mut message = match self.noise.below(30) {
            0..=3 => client.allocate(false),
            4 => client.refresh(600 * self.noise.below(2) as u32),
            5..=9 => client.permit(peer),
            10..=14 => client.bind(number, peer),
            15..=20 => send_indication(peer, b"data"),
            21..=27 => channel_data(number, b"data"),
            28 => return self.stage.pass(Duration::from_secs(self.noise.below(200))),
            _ => return self.relist(),
        };
        let damaged = self.noise.below(4) == 0;
        if damaged {
            let at = self.noise.below(message.len() as u64) as usize;
            match self.noise.below(2) {
                0 => message[at] ^= 1 << self.noise.below(8),
                _ => message.truncate(at),
            }
        }
        let from = *from;
        let did = self.stage.give(from, &message);
        self.judge(did);
        if let (false, (from, client)) = (damaged, &mut self.clients[index])
            && matches!(message.first(), Some(0))
        {
            // The dialogue goes on where the server asked for credentials.
            if let Did::Replied(reply) = self.stage.give(*from, &message)
                && let Heard::Send(again) = client.hear(&reply)
            {
                let did = self.stage.give(*from, &again);
                self.judge(did);
            }
        }
        self.hold();
    }

    fn relist(&mut self) {
        let mut settings = settings();
        settings.peers = (0..self.noise.below(3))
            .map(|_| host(&mut self.noise))
            .collect();
        self.listed = settings.peers.iter().copied().collect();
        self.stage.server.set_settings(settings);
    }

    fn judge(&self, did: Did) {
        match did {
            Did::Relayed { peer, data, .. } => {
                assert!(
                    self.listed.contains(&peer),
                    "{peer} is not among {:?}",
                    self.listed
                );
                assert!(data.len() <= 4);
            }
            Did::Replied(reply) => assert!(Message::parse(&reply).is_some()),
            Did::Nothing => {}
        }
    }

    fn hold(&mut self) {
        let counts = self.stage.server.counts();
        assert!(counts.allocations <= 4, "the quota");
        if let Some(id) = self.stage.last {
            let now = self.stage.now;
            let peer = host(&mut self.noise);
            let room = self.stage.server.room(&now, id, peer);
            if let Some(dress) = self.stage.server.from_peer(&now, id, peer, 9) {
                assert!(self.listed.contains(&peer));
                assert_eq!(dress.head().len(), room);
            }
        }
    }
}

#[test]
fn whatever_comes_data_goes_to_listed_peers_only_and_quotas_hold() {
    for seed in 0..200 {
        let mut crowd = Crowd::new(seed);
        (0..300).for_each(|_| crowd.step());
    }
}

#[test]
fn the_crowd_of_the_test_above_does_relay() {
    let relayed = (0..20).map(|seed| {
        let mut crowd = Crowd::new(seed);
        (0..300).for_each(|_| crowd.step());
        let counts = crowd.stage.server.counts();
        (counts.to_peers, counts.to_clients, counts.forbidden)
    });
    let sums = relayed.fold((0, 0, 0), |sums, one| {
        (sums.0 + one.0, sums.1 + one.1, sums.2 + one.2)
    });
    assert!(sums.0 > 100 && sums.1 > 100 && sums.2 > 10, "{sums:?}");
}
