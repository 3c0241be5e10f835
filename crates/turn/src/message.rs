//! STUN messages (RFC 8489 section 5): read in place, written into a buffer that is used again.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use aws_lc_rs::hmac;

/// The largest message or datagram that is taken from a client or relayed.
pub const LARGEST: usize = 2048;
/// Bytes before the attributes.
pub const HEADER: usize = 20;
/// What stands before every transaction id since RFC 5389.
pub const COOKIE: [u8; 4] = 0x2112_a442_u32.to_be_bytes();

/// Methods (RFC 8489 section 18.2, RFC 8656 section 17).
#[allow(missing_docs)]
pub mod method {
    pub const BINDING: u16 = 0x001;
    pub const ALLOCATE: u16 = 0x003;
    pub const REFRESH: u16 = 0x004;
    pub const SEND: u16 = 0x006;
    pub const DATA: u16 = 0x007;
    pub const CREATE_PERMISSION: u16 = 0x008;
    pub const CHANNEL_BIND: u16 = 0x009;
}

/// Attributes (RFC 8489 section 18.3, RFC 8656 section 18).
#[allow(missing_docs)]
pub mod attribute {
    pub const MAPPED_ADDRESS: u16 = 0x0001;
    pub const USERNAME: u16 = 0x0006;
    pub const MESSAGE_INTEGRITY: u16 = 0x0008;
    pub const ERROR_CODE: u16 = 0x0009;
    pub const UNKNOWN_ATTRIBUTES: u16 = 0x000a;
    pub const CHANNEL_NUMBER: u16 = 0x000c;
    pub const LIFETIME: u16 = 0x000d;
    pub const XOR_PEER_ADDRESS: u16 = 0x0012;
    pub const DATA: u16 = 0x0013;
    pub const REALM: u16 = 0x0014;
    pub const NONCE: u16 = 0x0015;
    pub const XOR_RELAYED_ADDRESS: u16 = 0x0016;
    pub const REQUESTED_ADDRESS_FAMILY: u16 = 0x0017;
    pub const EVEN_PORT: u16 = 0x0018;
    pub const REQUESTED_TRANSPORT: u16 = 0x0019;
    pub const DONT_FRAGMENT: u16 = 0x001a;
    pub const MESSAGE_INTEGRITY_SHA256: u16 = 0x001c;
    pub const XOR_MAPPED_ADDRESS: u16 = 0x0020;
    pub const RESERVATION_TOKEN: u16 = 0x0022;
    pub const SOFTWARE: u16 = 0x8022;
    pub const FINGERPRINT: u16 = 0x8028;
}

/// What a message is (RFC 8489 section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Class {
    Request,
    Indication,
    Success,
    Error,
}

/// A well-formed message, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    #[allow(missing_docs)]
    pub class: Class,
    #[allow(missing_docs)]
    pub method: u16,
    /// Magic cookie and transaction id. Clients of RFC 3489 have no cookie there.
    pub transaction: [u8; 16],
    bytes: &'a [u8],
    /// End of what counts: whatever follows MESSAGE-INTEGRITY is nobody's word (RFC 8489 section 14.5).
    end: usize,
    integrity: Option<&'a [u8]>,
}

impl<'a> Message<'a> {
    /// `None` for what is no STUN message, or is cut short, or has attributes that end beyond it.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let header: &[u8; HEADER] = bytes.first_chunk()?;
        let kind = u16::from_be_bytes([header[0], header[1]]);
        let len = usize::from(u16::from_be_bytes([header[2], header[3]]));
        if kind & 0xc000 != 0 || len % 4 != 0 || len + HEADER != bytes.len() {
            return None;
        }
        let mut message = Self {
            class: class(kind),
            method: (kind & 0x000f) | (kind & 0x00e0) >> 1 | (kind & 0x3e00) >> 2,
            transaction: *header.last_chunk()?,
            bytes,
            end: bytes.len(),
            integrity: None,
        };
        let mut at = HEADER;
        while let Some((kind, value, next)) = attribute_at(bytes, at)? {
            if kind == attribute::MESSAGE_INTEGRITY && message.integrity.is_none() {
                message.integrity = Some(value);
                message.end = at;
            }
            at = next;
        }
        Some(message)
    }

    /// The first attribute of this kind.
    pub fn get(&self, wanted: u16) -> Option<&'a [u8]> {
        let mut attributes = self.attributes();
        attributes.find_map(|(kind, value)| (kind == wanted).then_some(value))
    }

    /// All attributes before MESSAGE-INTEGRITY.
    pub fn attributes(&self) -> impl Iterator<Item = (u16, &'a [u8])> + use<'a> {
        let (bytes, mut at) = (&self.bytes[..self.end], HEADER);
        std::iter::from_fn(move || {
            let (kind, value, next) = attribute_at(bytes, at)??;
            at = next;
            Some((kind, value))
        })
    }

    /// Whether RFC 5389 or later is spoken: the magic cookie is there.
    pub fn is_modern(&self) -> bool {
        self.transaction[..4] == COOKIE
    }

    /// Whether it carries MESSAGE-INTEGRITY at all.
    pub fn is_signed(&self) -> bool {
        self.integrity.is_some()
    }

    /// Whether its MESSAGE-INTEGRITY was made with `key`.
    pub fn is_signed_with(&self, key: &[u8]) -> bool {
        let Some(signature) = self.integrity.filter(|signature| signature.len() == 20) else {
            return false;
        };
        let signed = integrity(key, &self.bytes[..self.end]);
        aws_lc_rs::constant_time::verify_slices_are_equal(&signed, signature).is_ok()
    }

    /// Unmasks an XOR address attribute of this message.
    pub fn address(&self, value: &[u8]) -> Option<SocketAddr> {
        let (head, ip) = value.split_first_chunk::<4>()?;
        let port = u16::from_be_bytes([head[2] ^ COOKIE[0], head[3] ^ COOKIE[1]]);
        let mut ip = ip.to_vec();
        let masked = ip.iter_mut().zip(self.transaction);
        masked.for_each(|(byte, mask)| *byte ^= mask);
        let ip = match (head[1], ip.len()) {
            (1, 4) => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(ip).ok()?)),
            (2, 16) => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(ip).ok()?)),
            _ => return None,
        };
        // A mapped address would be a second name for an IPv4 host.
        Some(SocketAddr::new(ip.to_canonical(), port))
    }
}

/// Kind, value and where the next one starts. `None` when it ends beyond `bytes`, `Some(None)` when there is no more.
fn attribute_at(bytes: &[u8], at: usize) -> Option<Option<(u16, &[u8], usize)>> {
    if at >= bytes.len() {
        return Some(None);
    }
    let head: &[u8; 4] = bytes.get(at..)?.first_chunk()?;
    let kind = u16::from_be_bytes([head[0], head[1]]);
    let len = usize::from(u16::from_be_bytes([head[2], head[3]]));
    let value = bytes.get(at + 4..at + 4 + len)?;
    Some(Some((kind, value, at + 4 + len.next_multiple_of(4))))
}

fn class(kind: u16) -> Class {
    match (kind & 0x0100 != 0, kind & 0x0010 != 0) {
        (false, false) => Class::Request,
        (false, true) => Class::Indication,
        (true, false) => Class::Success,
        (true, true) => Class::Error,
    }
}

fn kind(class: Class, method: u16) -> u16 {
    let bits = match class {
        Class::Request => 0,
        Class::Indication => 0x0010,
        Class::Success => 0x0100,
        Class::Error => 0x0110,
    };
    (method & 0x000f) | (method & 0x0070) << 1 | (method & 0x0f80) << 2 | bits
}

/// HMAC-SHA1 over `covered`, whose length field is taken to end after MESSAGE-INTEGRITY.
fn integrity(key: &[u8], covered: &[u8]) -> [u8; 20] {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    let mut context = hmac::Context::with_key(&key);
    let len = (covered.len() - HEADER + 24) as u16;
    context.update(&covered[..2]);
    context.update(&len.to_be_bytes());
    context.update(&covered[4..]);
    let mut signed = [0; 20];
    signed.copy_from_slice(context.sign().as_ref());
    signed
}

/// A message that is being written. Lengths are filled in by [`Reply::finish`].
#[derive(Debug, Default)]
pub struct Reply {
    bytes: Vec<u8>,
    transaction: [u8; 16],
}

impl Reply {
    /// Begins a new one, over the last.
    pub fn begin(&mut self, class: Class, method: u16, transaction: [u8; 16]) {
        self.bytes.clear();
        self.bytes.extend(kind(class, method).to_be_bytes());
        self.bytes.extend([0, 0]);
        self.bytes.extend(transaction);
        self.transaction = transaction;
    }

    /// Appends an attribute.
    pub fn put(&mut self, kind: u16, value: &[u8]) {
        self.bytes.extend(kind.to_be_bytes());
        self.bytes.extend((value.len() as u16).to_be_bytes());
        self.bytes.extend(value);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    /// Appends an address, masked (RFC 8489 section 14.2).
    pub fn put_address(&mut self, kind: u16, addr: SocketAddr) {
        let (value, len) = address_value(addr, &self.transaction);
        self.put(kind, &value[..len]);
    }

    /// Appends an address as RFC 3489 wrote it.
    pub fn put_plain_address(&mut self, addr: SocketAddr) {
        let (value, len) = address_value(addr, &[0; 16]);
        self.put(attribute::MAPPED_ADDRESS, &value[..len]);
    }

    /// Appends ERROR-CODE.
    pub fn put_error(&mut self, code: u16, reason: &str) {
        let mut value = vec![0, 0, (code / 100) as u8, (code % 100) as u8];
        value.extend(reason.as_bytes());
        self.put(attribute::ERROR_CODE, &value);
    }

    /// Appends MESSAGE-INTEGRITY; nothing may follow.
    pub fn sign(&mut self, key: &[u8]) {
        let signature = integrity(key, &self.bytes);
        self.put(attribute::MESSAGE_INTEGRITY, &signature);
    }

    /// Fills in the length.
    pub fn finish(&mut self) {
        let len = (self.bytes.len() - HEADER) as u16;
        self.bytes[2..4].copy_from_slice(&len.to_be_bytes());
    }

    /// All of it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// What stands before the data of a Data indication (RFC 8656 section 11.5).
pub fn data_indication(transaction: [u8; 16], peer: SocketAddr, len: usize) -> ([u8; 48], usize) {
    let (value, value_len) = address_value(peer, &transaction);
    let mut head = [0; 48];
    let length = 4 + value_len + 4 + len.next_multiple_of(4);
    head[..2].copy_from_slice(&kind(Class::Indication, method::DATA).to_be_bytes());
    head[2..4].copy_from_slice(&(length as u16).to_be_bytes());
    head[4..HEADER].copy_from_slice(&transaction);
    head[20..22].copy_from_slice(&attribute::XOR_PEER_ADDRESS.to_be_bytes());
    head[22..24].copy_from_slice(&(value_len as u16).to_be_bytes());
    head[24..24 + value_len].copy_from_slice(&value[..value_len]);
    let at = 24 + value_len;
    head[at..at + 2].copy_from_slice(&attribute::DATA.to_be_bytes());
    head[at + 2..at + 4].copy_from_slice(&(len as u16).to_be_bytes());
    (head, at + 4)
}

fn address_value(addr: SocketAddr, transaction: &[u8; 16]) -> ([u8; 20], usize) {
    let mut value = [0; 20];
    let port = addr.port().to_be_bytes();
    value[2] = port[0] ^ transaction[0];
    value[3] = port[1] ^ transaction[1];
    let len = match addr.ip() {
        IpAddr::V4(ip) => {
            value[1] = 1;
            value[4..8].copy_from_slice(&ip.octets());
            8
        }
        IpAddr::V6(ip) => {
            value[1] = 2;
            value[4..20].copy_from_slice(&ip.octets());
            20
        }
    };
    let masked = value[4..len].iter_mut().zip(transaction);
    masked.for_each(|(byte, mask)| *byte ^= mask);
    (value, len)
}

#[cfg(test)]
mod tests;
