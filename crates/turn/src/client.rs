//! The other side: as much of a client as probes, tests and load need. Pure, too.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

use crate::credentials::Key;
use crate::message::{COOKIE, Class, Message, Reply, attribute, method};

/// Requests that wait for an answer.
const WAITING: usize = 16;
/// How often a request is made again because the server wants (other) credentials.
const ATTEMPTS: u32 = 3;

/// A client of one server.
#[derive(Debug)]
pub struct Client {
    username: String,
    password: String,
    realm: Vec<u8>,
    nonce: Vec<u8>,
    key: Option<Key>,
    seed: [u8; 4],
    next: u64,
    waiting: Vec<Asked>,
    reply: Reply,
}

#[derive(Debug)]
struct Asked {
    transaction: [u8; 16],
    method: u16,
    attributes: Vec<(u16, Value)>,
    attempts: u32,
}

/// Value of an attribute of a request.
#[derive(Clone, Debug)]
pub enum Value {
    #[allow(missing_docs)]
    Bytes(Vec<u8>),
    /// Masked as it is written.
    Address(SocketAddr),
}

/// What a server's message means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// Nothing for this client.
    Nothing,
    /// The server wants credentials: send this.
    Send(Vec<u8>),
    /// There is an allocation.
    Allocated {
        #[allow(missing_docs)]
        relayed: SocketAddr,
        /// Where the server sees this client.
        mapped: SocketAddr,
        /// Seconds until it must be refreshed.
        lifetime: u32,
    },
    /// A request of this method succeeded.
    Granted(u16),
    /// A request was refused.
    Refused {
        #[allow(missing_docs)]
        method: u16,
        /// RFC 8656 section 19.
        code: u16,
    },
    /// Data of a peer.
    Data {
        #[allow(missing_docs)]
        peer: SocketAddr,
        #[allow(missing_docs)]
        data: &'a [u8],
    },
    /// Data of the peer that has this channel.
    ChannelData {
        #[allow(missing_docs)]
        channel: u16,
        #[allow(missing_docs)]
        data: &'a [u8],
    },
}

impl Client {
    /// With credentials. Clients of one server need different seeds.
    pub fn new(username: &str, password: &str, seed: [u8; 4]) -> Self {
        Self {
            username: username.to_owned(),
            password: password.to_owned(),
            realm: Vec::new(),
            nonce: Vec::new(),
            key: None,
            seed,
            next: 0,
            waiting: Vec::new(),
            reply: Reply::default(),
        }
    }

    /// With credentials for `label`, made of a shared secret, until `expiry` in Unix seconds.
    pub fn of_secret(secret: &str, expiry: u64, label: &str, seed: [u8; 4]) -> Self {
        use aws_lc_rs::hmac;
        let username = format!("{expiry}:{label}");
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
        let password = STANDARD.encode(hmac::sign(&key, username.as_bytes()));
        Self::new(&username, &password, seed)
    }

    /// What it says it is.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// With which it proves it.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Asks for a UDP port of IPv4 or IPv6.
    pub fn allocate(&mut self, ipv6: bool) -> Vec<u8> {
        let mut attributes = vec![(
            attribute::REQUESTED_TRANSPORT,
            Value::Bytes(vec![17, 0, 0, 0]),
        )];
        if ipv6 {
            let family = Value::Bytes(vec![2, 0, 0, 0]);
            attributes.push((attribute::REQUESTED_ADDRESS_FAMILY, family));
        }
        self.ask(method::ALLOCATE, attributes)
    }

    /// Keeps the allocation for so many seconds, or ends it with 0.
    pub fn refresh(&mut self, seconds: u32) -> Vec<u8> {
        let lifetime = Value::Bytes(seconds.to_be_bytes().to_vec());
        self.ask(method::REFRESH, vec![(attribute::LIFETIME, lifetime)])
    }

    /// Permits a peer's address.
    pub fn permit(&mut self, peer: SocketAddr) -> Vec<u8> {
        self.ask(
            method::CREATE_PERMISSION,
            vec![(attribute::XOR_PEER_ADDRESS, Value::Address(peer))],
        )
    }

    /// Binds a channel to a peer.
    pub fn bind(&mut self, channel: u16, peer: SocketAddr) -> Vec<u8> {
        let [high, low] = channel.to_be_bytes();
        let number = Value::Bytes(vec![high, low, 0, 0]);
        let attributes = vec![
            (attribute::CHANNEL_NUMBER, number),
            (attribute::XOR_PEER_ADDRESS, Value::Address(peer)),
        ];
        self.ask(method::CHANNEL_BIND, attributes)
    }

    /// Any request.
    pub fn ask(&mut self, method: u16, attributes: Vec<(u16, Value)>) -> Vec<u8> {
        let asked = Asked {
            transaction: [0; 16],
            method,
            attributes,
            attempts: 0,
        };
        self.send(asked)
    }

    fn send(&mut self, mut asked: Asked) -> Vec<u8> {
        self.next += 1;
        asked.attempts += 1;
        asked.transaction[..4].copy_from_slice(&COOKIE);
        asked.transaction[4..8].copy_from_slice(&self.seed);
        asked.transaction[8..].copy_from_slice(&self.next.to_be_bytes());
        let reply = &mut self.reply;
        reply.begin(Class::Request, asked.method, asked.transaction);
        for (kind, value) in &asked.attributes {
            match value {
                Value::Bytes(bytes) => reply.put(*kind, bytes),
                Value::Address(addr) => reply.put_address(*kind, *addr),
            }
        }
        if let Some(key) = &self.key {
            reply.put(attribute::USERNAME, self.username.as_bytes());
            reply.put(attribute::REALM, &self.realm);
            reply.put(attribute::NONCE, &self.nonce);
            reply.sign(key);
        }
        reply.finish();
        if self.waiting.len() == WAITING {
            self.waiting.remove(0);
        }
        self.waiting.push(asked);
        self.reply.bytes().to_vec()
    }

    /// Takes a message of the server's.
    pub fn hear<'a>(&mut self, bytes: &'a [u8]) -> Heard<'a> {
        if let Some(head) = bytes.first_chunk::<4>()
            && head[0] >> 6 == 1
        {
            let channel = u16::from_be_bytes([head[0], head[1]]);
            let len = usize::from(u16::from_be_bytes([head[2], head[3]]));
            let data = bytes[4..].get(..len);
            return data.map_or(Heard::Nothing, |data| Heard::ChannelData { channel, data });
        }
        let Some(message) = Message::parse(bytes) else {
            return Heard::Nothing;
        };
        if (message.class, message.method) == (Class::Indication, method::DATA) {
            let peer = message.get(attribute::XOR_PEER_ADDRESS);
            let peer = peer.and_then(|value| message.address(value));
            return match (peer, message.get(attribute::DATA)) {
                (Some(peer), Some(data)) => Heard::Data { peer, data },
                _ => Heard::Nothing,
            };
        }
        let mut waiting = self.waiting.iter();
        let asked = waiting.position(|asked| asked.transaction == message.transaction);
        match (message.class, asked) {
            (Class::Success, Some(at)) => granted(&message, &self.waiting.remove(at)),
            (Class::Error, Some(at)) => {
                let asked = self.waiting.remove(at);
                self.refused(&message, asked)
            }
            _ => Heard::Nothing,
        }
    }

    fn refused<'a>(&mut self, message: &Message<'_>, asked: Asked) -> Heard<'a> {
        let code = message.get(attribute::ERROR_CODE);
        let code = code.and_then(|value| value.first_chunk::<4>());
        let code = code.map_or(0, |value| u16::from(value[2]) * 100 + u16::from(value[3]));
        let realm = message.get(attribute::REALM);
        let nonce = message.get(attribute::NONCE);
        let again = code == 438 || (code == 401 && self.key.is_none());
        if let (true, Some(realm), Some(nonce)) = (again && asked.attempts < ATTEMPTS, realm, nonce)
        {
            self.realm = realm.to_vec();
            self.nonce = nonce.to_vec();
            let mut digest = Md5::new();
            digest.update(format!("{}:", self.username));
            digest.update(realm);
            digest.update(format!(":{}", self.password));
            self.key = Some(digest.finalize().into());
            return Heard::Send(self.send(asked));
        }
        let method = asked.method;
        Heard::Refused { method, code }
    }
}

fn granted<'a>(message: &Message<'_>, asked: &Asked) -> Heard<'a> {
    let address = |kind| message.get(kind).and_then(|value| message.address(value));
    let relayed = address(attribute::XOR_RELAYED_ADDRESS);
    let mapped = address(attribute::XOR_MAPPED_ADDRESS);
    let lifetime = message.get(attribute::LIFETIME);
    let lifetime = lifetime.and_then(|value| value.first_chunk::<4>());
    match (relayed, mapped, lifetime) {
        (Some(relayed), Some(mapped), Some(lifetime)) if asked.method == method::ALLOCATE => {
            Heard::Allocated {
                relayed,
                mapped,
                lifetime: u32::from_be_bytes(*lifetime),
            }
        }
        _ => Heard::Granted(asked.method),
    }
}

/// Data for the peer of a channel. On a stream it has to be padded to four bytes.
pub fn channel_data(channel: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = channel.to_be_bytes().to_vec();
    bytes.extend((data.len() as u16).to_be_bytes());
    bytes.extend(data);
    bytes
}

/// Data for a peer without a channel.
pub fn send_indication(peer: SocketAddr, data: &[u8]) -> Vec<u8> {
    let mut reply = Reply::default();
    let mut transaction = [0; 16];
    transaction[..4].copy_from_slice(&COOKIE);
    reply.begin(Class::Indication, method::SEND, transaction);
    reply.put_address(attribute::XOR_PEER_ADDRESS, peer);
    reply.put(attribute::DATA, data);
    reply.finish();
    reply.bytes().to_vec()
}
