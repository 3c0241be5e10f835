//! A server with settings, its ports, and the time.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use turn::client::{Client, Heard};
use turn::{Action, AllocationId, NoPort, Now, Quotas, Secret, Server, Settings, Tuple, Usage};

pub const RELAY: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1));

/// What the server did.
#[derive(Debug, PartialEq, Eq)]
pub enum Did {
    Nothing,
    Replied(Vec<u8>),
    Relayed {
        id: AllocationId,
        peer: SocketAddr,
        data: Vec<u8>,
    },
}

pub struct Stage {
    pub server: Server,
    pub now: Now,
    pub port: u16,
    /// Whether ports can be opened.
    pub ports: bool,
    /// The allocation that was made last.
    pub last: Option<AllocationId>,
}

pub fn peer() -> SocketAddr {
    "203.0.113.7:40000".parse().unwrap()
}

pub fn settings() -> Settings {
    Settings {
        secrets: vec![Secret::new("current"), Secret::new("previous")],
        peers: [peer()].into(),
        quotas: Quotas {
            per_label: 2,
            total: 4,
        },
        clock_offset_ms: 0,
    }
}

pub fn tuple(port: u16) -> Tuple {
    Tuple::udp(SocketAddr::new([192, 0, 2, 9].into(), port), Some(RELAY))
}

pub fn client(label: &str) -> Client {
    Client::of_secret("current", 2_000, label, *b"seed")
}

impl Stage {
    pub fn new() -> Self {
        let mut stage = Self::without_settings();
        stage.server.set_settings(settings());
        stage
    }

    pub fn without_settings() -> Self {
        let mut server = Server::new("muster", &[5; 32], Usage::default());
        server.set_addresses(vec![RELAY]);
        Self {
            server,
            now: Now {
                instant: Instant::now(),
                unix_ms: 1_000_000,
            },
            port: 50_000,
            ports: true,
            last: None,
        }
    }

    pub fn pass(&mut self, time: Duration) {
        self.now.instant += time;
        self.now.unix_ms += time.as_millis() as u64;
        self.server.elapse(&self.now);
    }

    pub fn give(&mut self, from: Tuple, bytes: &[u8]) -> Did {
        match self.server.from_client(&self.now, from, bytes) {
            Action::Nothing => Did::Nothing,
            Action::Reply => Did::Replied(self.server.reply().to_vec()),
            Action::Open(ticket) => {
                self.port += 1;
                let port = self.ports.then_some(self.port).ok_or(NoPort);
                let id = self.server.opened(&self.now, ticket, port);
                self.last = id.or(self.last);
                Did::Replied(self.server.reply().to_vec())
            }
            Action::Relay {
                allocation,
                peer,
                data,
            } => Did::Relayed {
                id: allocation,
                peer,
                data: data.to_vec(),
            },
        }
    }

    /// Goes through the dialogue that begins with `request`, to its end.
    pub fn ask(&mut self, from: Tuple, client: &mut Client, request: Vec<u8>) -> Heard<'static> {
        let mut request = request;
        loop {
            let Did::Replied(reply) = self.give(from, &request) else {
                return Heard::Nothing;
            };
            match client.hear(&reply) {
                Heard::Send(again) => request = again,
                Heard::Allocated {
                    relayed,
                    mapped,
                    lifetime,
                } => {
                    return Heard::Allocated {
                        relayed,
                        mapped,
                        lifetime,
                    };
                }
                Heard::Granted(method) => return Heard::Granted(method),
                Heard::Refused { method, code } => return Heard::Refused { method, code },
                other => panic!("{other:?}"),
            }
        }
    }

    pub fn allocate(&mut self, from: Tuple, client: &mut Client) -> Heard<'static> {
        let request = client.allocate(false);
        self.ask(from, client, request)
    }

    /// A client with an allocation and a channel to the peer.
    pub fn connected(&mut self, from: Tuple, label: &str) -> (Client, AllocationId) {
        let mut client = client(label);
        assert!(matches!(
            self.allocate(from, &mut client),
            Heard::Allocated { .. }
        ));
        let bind = client.bind(0x4001, peer());
        assert_eq!(
            self.ask(from, &mut client, bind),
            Heard::Granted(turn::method::CHANNEL_BIND)
        );
        (client, self.last.unwrap())
    }
}

pub fn code(heard: &Heard<'_>) -> u16 {
    match heard {
        Heard::Refused { code, .. } => *code,
        other => panic!("expected a refusal, got {other:?}"),
    }
}
