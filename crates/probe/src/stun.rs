//! Plain STUN Binding requests and their answers (RFC 8489). No authentication: that is ICE's business.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Chosen by whoever asks.
pub type Transaction = [u8; 12];

const HEADER: usize = 20;
const COOKIE: [u8; 4] = 0x2112_a442_u32.to_be_bytes();
const BINDING_REQUEST: [u8; 2] = [0x00, 0x01];
const BINDING_SUCCESS: [u8; 2] = [0x01, 0x01];
const BINDING_ERROR: [u8; 2] = [0x01, 0x11];
const ERROR_CODE: u16 = 0x0009;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;

/// What a datagram says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// A Binding success response: where the request was seen to come from.
    Seen(Transaction, SocketAddr),
    /// A Binding error response with its code (300 to 699, 0 when it has none).
    Refused(Transaction, u16),
    /// Anything else.
    Nothing,
}

impl Said {
    /// Of the request that it answers.
    pub fn transaction(&self) -> Option<Transaction> {
        match self {
            Self::Seen(transaction, _) | Self::Refused(transaction, _) => Some(*transaction),
            Self::Nothing => None,
        }
    }
}

/// The transaction id of request `number`: a secret, so that nobody can answer who was not asked, and the number.
pub fn transaction(number: usize, secret: &[u8; 10]) -> Transaction {
    let mut transaction = [0; 12];
    transaction[..10].copy_from_slice(secret);
    let number = u16::try_from(number).unwrap_or(u16::MAX);
    transaction[10..].copy_from_slice(&number.to_be_bytes());
    transaction
}

/// The number in a transaction id that was made with this secret.
pub fn number(transaction: &Transaction, secret: &[u8; 10]) -> Option<usize> {
    let number = transaction.strip_prefix(secret)?.try_into().ok()?;
    Some(u16::from_be_bytes(number).into())
}

/// A Binding request without attributes.
pub fn request(transaction: &Transaction) -> [u8; HEADER] {
    let mut request = [0; HEADER];
    request[..2].copy_from_slice(&BINDING_REQUEST);
    request[4..8].copy_from_slice(&COOKIE);
    request[8..].copy_from_slice(transaction);
    request
}

/// Reads an answer. Success without a readable XOR-MAPPED-ADDRESS says nothing.
pub fn read(datagram: &[u8]) -> Said {
    parse(datagram).unwrap_or(Said::Nothing)
}

fn parse(datagram: &[u8]) -> Option<Said> {
    let (header, attributes) = datagram.split_first_chunk::<HEADER>()?;
    let len = usize::from(u16::from_be_bytes([header[2], header[3]]));
    if header[4..8] != COOKIE || len != attributes.len() || len % 4 != 0 {
        return None;
    }
    let transaction: Transaction = *header.last_chunk()?;
    match [header[0], header[1]] {
        BINDING_SUCCESS => {
            let value = find(attributes, XOR_MAPPED_ADDRESS)?;
            let mask = *header.last_chunk::<16>()?;
            Some(Said::Seen(transaction, mapped(value, mask)?))
        }
        BINDING_ERROR => {
            let code = find(attributes, ERROR_CODE).and_then(|value| {
                let [_, _, class, number] = *value.first_chunk::<4>()?;
                Some(u16::from(class & 7) * 100 + u16::from(number.min(99)))
            });
            Some(Said::Refused(transaction, code.unwrap_or(0)))
        }
        _ => None,
    }
}

/// The value of the first attribute of this type.
fn find(mut attributes: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let (header, rest) = attributes.split_first_chunk::<4>()?;
        let kind = u16::from_be_bytes([header[0], header[1]]);
        let len = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let (value, rest) = rest.split_at_checked(len)?;
        if kind == wanted {
            return Some(value);
        }
        attributes = rest.get(len.next_multiple_of(4) - len..)?;
    }
}

/// Undoes the masking by cookie and transaction id (RFC 8489 section 14.2).
fn mapped(value: &[u8], mask: [u8; 16]) -> Option<SocketAddr> {
    let (&[_, family, high, low], ip) = value.split_first_chunk::<4>()?;
    let port = u16::from_be_bytes([high ^ mask[0], low ^ mask[1]]);
    let ip: IpAddr = match family {
        1 => {
            let masked: [u8; 4] = ip.try_into().ok()?;
            Ipv4Addr::from(std::array::from_fn(|at| masked[at] ^ mask[at])).into()
        }
        2 => {
            let masked: [u8; 16] = ip.try_into().ok()?;
            Ipv6Addr::from(std::array::from_fn(|at| masked[at] ^ mask[at])).into()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests;
