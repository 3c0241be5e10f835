//! What a certificate of ours says. Certificates are verified by rustls first; this only reads.

use rustls_pki_types::CertificateDer;

const SCHEME: &str = "muster:node:";

/// What is read in a node's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Whose it is.
    pub node_id: String,
    /// Serial number, big-endian.
    pub serial: Vec<u8>,
    /// Seconds since the Unix epoch.
    pub not_before: u64,
    /// Seconds since the Unix epoch, inclusive.
    pub not_after: u64,
    /// SubjectPublicKeyInfo, DER.
    pub public_key: Vec<u8>,
}

/// Why a certificate is no node's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactsError {
    /// Not X.509 as RFC 5280 has it.
    #[error("it is not an X.509 certificate")]
    Form,
    /// No URI `muster:node:ID` in it, or more than one.
    #[error("it names no node")]
    NoNode,
}

/// The name of a node in its certificate.
pub fn node_uri(node_id: &str) -> String {
    format!("{SCHEME}{node_id}")
}

impl Facts {
    /// Reads a certificate in DER.
    ///
    /// # Errors
    /// When it is no node's certificate.
    pub fn read(der: &[u8]) -> Result<Self, FactsError> {
        let der = CertificateDer::from(der);
        let certificate = webpki::EndEntityCert::try_from(&der).map_err(|_| FactsError::Form)?;
        let mut names = certificate.valid_uri_names();
        let (Some(name), None) = (names.next(), names.next()) else {
            return Err(FactsError::NoNode);
        };
        let node_id = name
            .strip_prefix(SCHEME)
            .filter(|id| super::token::is_node_id(id))
            .ok_or(FactsError::NoNode)?;
        let (not_before, not_after) = validity(&der).ok_or(FactsError::Form)?;
        Ok(Self {
            node_id: node_id.to_owned(),
            serial: certificate.serial().to_vec(),
            not_before,
            not_after,
            public_key: certificate.subject_public_key_info().to_vec(),
        })
    }
}

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// `Validity` of RFC 5280 section 4.1, which webpki judges and does not show: not before and not after, seconds since the
/// Unix epoch. `None` if it is no certificate.
pub fn validity(der: &[u8]) -> Option<(u64, u64)> {
    let mut certificate = Der(Der(der).expect(SEQUENCE)?);
    let mut signed = Der(certificate.expect(SEQUENCE)?);
    if signed.0.first() == Some(&VERSION) {
        signed.expect(VERSION)?;
    }
    signed.expect(INTEGER)?;
    signed.expect(SEQUENCE)?;
    signed.expect(SEQUENCE)?;
    let mut validity = Der(signed.expect(SEQUENCE)?);
    Some((validity.time()?, validity.time()?))
}

/// What is not read yet of a DER encoding (X.690).
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The contents of the next element.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let [tag, first, rest @ ..] = self.0 else {
            return None;
        };
        let (length, rest) = match *first {
            short @ 0..=0x7f => (usize::from(short), rest),
            0x81 => {
                let (length, rest) = rest.split_first()?;
                (usize::from(*length), rest)
            }
            0x82 => {
                let (length, rest) = rest.split_first_chunk::<2>()?;
                (usize::from(u16::from_be_bytes(*length)), rest)
            }
            _ => return None,
        };
        let (contents, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, contents))
    }

    fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (found, contents) = self.next()?;
        (found == tag).then_some(contents)
    }

    fn time(&mut self) -> Option<u64> {
        let (tag, text) = self.next()?;
        match (tag, text.len()) {
            (UTC_TIME, 13) => {
                let year = digits(&text[..2])?;
                // RFC 5280 section 4.1.2.5.1.
                epoch(if year < 50 { 2000 } else { 1900 } + year, &text[2..])
            }
            (GENERALIZED_TIME, 15) => epoch(digits(&text[..4])?, &text[4..]),
            _ => None,
        }
    }
}

fn digits(text: &[u8]) -> Option<u64> {
    text.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + u64::from(byte - b'0'))
    })
}

/// Seconds since the Unix epoch of `MMDDHHMMSSZ` in `year`.
fn epoch(year: u64, rest: &[u8]) -> Option<u64> {
    let two = |at: usize| digits(rest.get(at..at + 2)?);
    let (month, day) = (two(0)?, two(2)?);
    let (hour, minute, second) = (two(4)?, two(6)?, two(8)?);
    let sound = rest.get(10..) == Some(b"Z")
        && year >= 1970
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    sound.then(|| (days(year, month, day) * 24 + hour) * 3600 + minute * 60 + second)
}

/// Days since 1970-01-01 in the Gregorian calendar. The year is counted from March, so that leap days come last.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap = year / 4 - year / 100 + year / 400;
    // 719 468 days lie between 0000-03-01 and 1970-01-01.
    year * 365 + leap + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
// By its path, for the fuzz target takes this file in as a module of its own.
#[path = "certificate/tests.rs"]
mod tests;
