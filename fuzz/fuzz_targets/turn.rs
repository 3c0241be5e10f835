//! The relay's server: whatever clients send, signed or not, data goes to listed peers only, quotas hold, and nobody who
//! has not proven himself gets much more than he sent.
#![no_main]

use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use turn::client::{Client, Heard, Value};
use turn::{Action, AllocationId, Message, Now, Quotas, Secret, Server, Settings, Tuple, Usage};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);
const PEER: &str = "203.0.113.7:40000";
const ALLOCATIONS: u32 = 3;

fuzz_target!(|data: &[u8]| {
    let mut world = World::new();
    let mut rest = data;
    // Each step: what is done, how long it is, and so many bytes.
    while let Some(([kind, len], more)) = rest.split_first_chunk::<2>() {
        let (bytes, more) = more.split_at(usize::from(*len).min(more.len()));
        rest = more;
        world.step(*kind, bytes);
    }
});

struct World {
    server: Server,
    now: Now,
    clients: Vec<Client>,
    last: Option<AllocationId>,
    port: u16,
}

impl World {
    fn new() -> Self {
        let mut server = Server::new("muster", &[5; 32], Usage::default());
        server.set_addresses(vec!["198.51.100.1".parse().expect("an address")]);
        server.set_settings(Settings {
            secrets: vec![Secret::new("secret")],
            peers: [PEER.parse().expect("an address")].into(),
            quotas: Quotas {
                per_label: ALLOCATIONS - 1,
                total: ALLOCATIONS,
            },
            clock_offset_ms: 0,
        });
        let client = |seed| Client::of_secret("secret", 2_000, "label", [seed; 4]);
        Self {
            server,
            now: Now {
                instant: *START,
                unix_ms: 1_000_000,
            },
            clients: (0..4).map(client).collect(),
            last: None,
            port: 50_000,
        }
    }

    fn step(&mut self, kind: u8, bytes: &[u8]) {
        let who = usize::from(kind & 3);
        let from = SocketAddr::from(([192, 0, 2, 9], 5000 + who as u16));
        let tuple = Tuple::udp(from, None);
        match kind >> 2 & 7 {
            0 | 1 => drop(self.give(tuple, bytes, true)),
            2 => self.ask(tuple, who, |client| client.allocate(false)),
            3 => self.ask(tuple, who, |client| client.refresh(600)),
            4 => self.ask(tuple, who, |client| {
                client.permit(PEER.parse().expect("an address"))
            }),
            // A request of the fuzzer's own, well signed.
            5 => {
                let method = u16::from(bytes.first().copied().unwrap_or(0));
                let mut attributes = Vec::new();
                let mut rest = bytes.get(1..).unwrap_or(&[]);
                while let Some(([kind, len], more)) = rest.split_first_chunk::<2>() {
                    let (value, more) = more.split_at(usize::from(*len & 31).min(more.len()));
                    attributes.push((u16::from(*kind), Value::Bytes(value.to_vec())));
                    rest = more;
                }
                self.ask(tuple, who, |client| client.ask(method, attributes));
            }
            6 => {
                let time = Duration::from_secs(u64::from(bytes.first().copied().unwrap_or(0)) * 4);
                self.now.instant += time;
                self.now.unix_ms += time.as_millis() as u64;
                self.server.elapse(&self.now);
            }
            _ => self.come(bytes),
        }
        assert!(self.server.counts().allocations <= u64::from(ALLOCATIONS));
    }

    fn ask(&mut self, tuple: Tuple, who: usize, make: impl FnOnce(&mut Client) -> Vec<u8>) {
        let mut request = make(&mut self.clients[who]);
        for _ in 0..3 {
            let Some(reply) = self.give(tuple, &request, false) else {
                return;
            };
            match self.clients[who].hear(&reply) {
                Heard::Send(again) => request = again,
                _ => return,
            }
        }
    }

    fn give(&mut self, tuple: Tuple, bytes: &[u8], stranger: bool) -> Option<Vec<u8>> {
        let reply = match self.server.from_client(&self.now, tuple, bytes) {
            Action::Nothing => return None,
            Action::Reply => self.server.reply().to_vec(),
            Action::Open(ticket) => {
                self.port += 1;
                let opened = self.server.opened(&self.now, ticket, Ok(self.port));
                self.last = opened.or(self.last);
                self.server.reply().to_vec()
            }
            Action::Relay { peer, data, .. } => {
                assert_eq!(peer.to_string(), PEER);
                assert!(data.len() < bytes.len());
                return None;
            }
        };
        assert!(Message::parse(&reply).is_some());
        assert!(
            !stranger || reply.len() <= bytes.len() + 80,
            "a means to flood somebody"
        );
        Some(reply)
    }

    fn come(&mut self, bytes: &[u8]) {
        let Some(id) = self.last else {
            return;
        };
        let peer = match bytes.first() {
            Some(0..=127) => PEER.parse().expect("an address"),
            _ => SocketAddr::from(([203, 0, 113, 7], 22)),
        };
        let room = self.server.room(&self.now, id, peer);
        if let Some(dress) = self.server.from_peer(&self.now, id, peer, bytes.len()) {
            assert_eq!(peer.to_string(), PEER);
            assert_eq!(dress.head().len(), room);
            let mut whole = [dress.head(), bytes].concat();
            whole.resize(whole.len() + dress.padding, 0);
            let data = match self.clients[0].hear(&whole) {
                Heard::Data { data, .. } | Heard::ChannelData { data, .. } => data,
                other => panic!("{other:?}"),
            };
            assert_eq!(data, bytes);
        }
    }
}
