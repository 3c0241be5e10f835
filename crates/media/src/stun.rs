//! As much of STUN (RFC 8489) as it takes to know whom a request is for, and to answer those that are for nobody:
//! plain Binding requests, by which clients learn their address. Authentication is the transport's business.

use std::net::{IpAddr, SocketAddr};

/// Plain Binding requests answered per second and socket. One client asks once or twice.
pub const PLAIN_PER_SECOND: u32 = 2000;

const HEADER: usize = 20;
const COOKIE: [u8; 4] = 0x2112_a442_u32.to_be_bytes();
const BINDING_REQUEST: [u8; 2] = [0x00, 0x01];
const BINDING_SUCCESS: [u8; 2] = [0x01, 0x01];
const BINDING_ERROR: [u8; 2] = [0x01, 0x11];
const MAPPED_ADDRESS: u16 = 0x0001;
const ERROR_CODE: u16 = 0x0009;
const USERNAME: u16 = 0x0006;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const USE_CANDIDATE: u16 = 0x0025;

/// A Binding request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// Cookie and transaction id. Clients of RFC 3489 have no cookie there.
    pub transaction: [u8; 16],
    /// The part of USERNAME before the colon: the username fragment of whom it is for.
    pub user: Option<&'a str>,
    /// Nominates the pair (RFC 8445 section 7.1.2).
    pub use_candidate: bool,
}

/// Whether `datagram` answers a Binding request with success.
pub fn is_binding_success(datagram: &[u8]) -> bool {
    datagram.starts_with(&BINDING_SUCCESS) && datagram.len() >= HEADER
}

/// The code of an error that answers a Binding request (RFC 8489 section 14.8).
pub fn error_code(datagram: &[u8]) -> Option<u16> {
    let (header, attributes) = datagram.split_first_chunk::<HEADER>()?;
    if header[..2] != BINDING_ERROR {
        return None;
    }
    Attributes(attributes).find_map(|attribute| match attribute {
        Some((ERROR_CODE, [_, _, class, number, ..])) => {
            Some(u16::from(class & 7) * 100 + u16::from(*number))
        }
        _ => None,
    })
}

impl<'a> Request<'a> {
    /// `None` for anything but a well-formed Binding request.
    pub fn parse(datagram: &'a [u8]) -> Option<Self> {
        let (header, attributes) = datagram.split_first_chunk::<HEADER>()?;
        let len = usize::from(u16::from_be_bytes([header[2], header[3]]));
        if header[..2] != BINDING_REQUEST || len != attributes.len() || len % 4 != 0 {
            return None;
        }
        let mut request = Self {
            transaction: *header.last_chunk()?,
            user: None,
            use_candidate: false,
        };
        for attribute in Attributes(attributes) {
            match attribute? {
                (USERNAME, value) => {
                    let name = std::str::from_utf8(value).ok()?;
                    request.user = Some(name.split(':').next().unwrap_or(name));
                }
                (USE_CANDIDATE, _) => request.use_candidate = true,
                _ => {}
            }
        }
        Some(request)
    }

    /// The answer to a plain request that came from `from`.
    pub fn answer(&self, from: SocketAddr) -> Vec<u8> {
        let modern = self.transaction[..4] == COOKIE;
        let mask: [u8; 16] = if modern { self.transaction } else { [0; 16] };
        let (family, ip): (u8, Vec<u8>) = match from.ip() {
            IpAddr::V4(ip) => (1, ip.octets().to_vec()),
            IpAddr::V6(ip) => (2, ip.octets().to_vec()),
        };
        let port = from.port().to_be_bytes();
        let mut value = vec![0, family];
        value.extend(port.iter().zip(mask).map(|(byte, mask)| byte ^ mask));
        value.extend(ip.iter().zip(mask).map(|(byte, mask)| byte ^ mask));

        let kind = if modern {
            XOR_MAPPED_ADDRESS
        } else {
            MAPPED_ADDRESS
        };
        let mut answer = Vec::with_capacity(HEADER + 4 + value.len());
        answer.extend(BINDING_SUCCESS);
        answer.extend((4 + value.len() as u16).to_be_bytes());
        answer.extend(self.transaction);
        answer.extend(kind.to_be_bytes());
        answer.extend((value.len() as u16).to_be_bytes());
        answer.extend(value);
        answer
    }
}

/// Type and value of each attribute; `None` once for one that ends beyond the message.
struct Attributes<'a>(&'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = Option<(u16, &'a [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let whole = std::mem::take(&mut self.0);
        let Some((header, rest)) = whole.split_first_chunk::<4>() else {
            return Some(None);
        };
        let kind = u16::from_be_bytes([header[0], header[1]]);
        let len = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let Some((value, rest)) = rest.split_at_checked(len) else {
            return Some(None);
        };
        self.0 = rest.get(len.next_multiple_of(4) - len..).unwrap_or(&[]);
        Some(Some((kind, value)))
    }
}

#[cfg(test)]
mod tests;
