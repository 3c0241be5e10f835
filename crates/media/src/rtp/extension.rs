/// The extension block of a header (RFC 8285), in the one-byte or the two-byte form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extensions<'a> {
    profile: u16,
    data: &'a [u8],
}

pub(super) const ONE_BYTE: u16 = 0xbede;
/// The low four bits are for the application.
pub(super) const TWO_BYTE: u16 = 0x1000;

impl<'a> Extensions<'a> {
    /// From the 16 bits "defined by profile" and the words that follow the length.
    pub fn new(profile: u16, data: &'a [u8]) -> Self {
        Extensions { profile, data }
    }

    /// Id and value of each element. Stops at the first one that claims to be longer than the block.
    pub fn iter(&self) -> Elements<'a> {
        let form = match self.profile {
            ONE_BYTE => Form::One,
            other if other & 0xfff0 == TWO_BYTE => Form::Two,
            _ => {
                return Elements {
                    form: Form::One,
                    rest: &[],
                };
            }
        };
        Elements {
            form,
            rest: self.data,
        }
    }

    /// The value of the first element with this id.
    pub fn get(&self, id: u8) -> Option<&'a [u8]> {
        self.iter()
            .find(|(found, _)| *found == id)
            .map(|(_, value)| value)
    }
}

#[derive(Clone, Copy, Debug)]
enum Form {
    One,
    Two,
}

/// Iterates over the elements of [`Extensions`].
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    form: Form,
    rest: &'a [u8],
}

impl<'a> Iterator for Elements<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (&first, rest) = self.rest.split_first()?;
            if first == 0 {
                self.rest = rest;
                continue;
            }
            let (id, len, rest) = match self.form {
                // Id 15 is reserved; RFC 8285 section 4.2 says to stop there.
                Form::One if first >> 4 == 15 => (0, usize::MAX, rest),
                Form::One => (first >> 4, usize::from(first & 0x0f) + 1, rest),
                Form::Two => match rest.split_first() {
                    Some((len, rest)) => (first, usize::from(*len), rest),
                    None => (0, usize::MAX, rest),
                },
            };
            let Some((value, rest)) = rest.split_at_checked(len) else {
                self.rest = &[];
                return None;
            };
            self.rest = rest;
            if id != 0 {
                return Some((id, value));
            }
        }
    }
}

/// An `a=mid` value, as it goes into packets (RFC 8843 section 15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mid {
    len: u8,
    bytes: [u8; 16],
}

/// A mid that does not fit an extension of the one-byte form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a mid of 1 to 16 bytes, got {0}")]
pub struct MidError(pub usize);

impl Mid {
    /// From the text of the m-section.
    pub fn new(mid: &str) -> Result<Self, MidError> {
        let mut bytes = [0; 16];
        match bytes.get_mut(..mid.len()) {
            Some(into) if !mid.is_empty() => into.copy_from_slice(mid.as_bytes()),
            _ => return Err(MidError(mid.len())),
        }
        Ok(Mid {
            len: mid.len() as u8,
            bytes,
        })
    }

    /// Its bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len as usize]
    }
}

/// The values of the extensions that are forwarded or made here. What is None is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// `ssrc-audio-level` (RFC 6464): top bit voice, below it -dBov. As it came.
    pub audio_level: Option<u8>,
    /// `3gpp:video-orientation`. As it came.
    pub orientation: Option<u8>,
    /// `playout-delay`: 12 bits minimum, 12 bits maximum, in units of 10 ms. As it came.
    pub playout_delay: Option<[u8; 3]>,
    /// `abs-send-time`: 24 bits of seconds in 6.18 fixed point.
    pub abs_send_time: Option<u32>,
    /// `transport-wide-cc` sequence number, one counter per transport.
    pub transport_cc: Option<u16>,
    /// Whether to write the template's mid. Wanted on the first packets, until the peer must have seen one.
    pub mid: bool,
}

/// Lengths of values on the wire, without the element's own header.
pub struct Wire;

#[allow(missing_docs)]
impl Wire {
    pub const AUDIO_LEVEL: usize = 1;
    pub const ORIENTATION: usize = 1;
    pub const PLAYOUT_DELAY: usize = 3;
    pub const ABS_SEND_TIME: usize = 3;
    pub const TRANSPORT_CC: usize = 2;
}

impl Values {
    /// Takes what can be forwarded out of a received block. Values of the wrong length are left out.
    pub fn read(from: &Extensions<'_>, ids: &super::ExtensionIds) -> Values {
        let mut values = Values::default();
        for (id, value) in from.iter() {
            let is = |wanted: Option<u8>| wanted == Some(id);
            match *value {
                [level] if is(ids.audio_level) => values.audio_level = Some(level),
                [orientation] if is(ids.orientation) => values.orientation = Some(orientation),
                [a, b, c] if is(ids.playout_delay) => values.playout_delay = Some([a, b, c]),
                [a, b, c] if is(ids.abs_send_time) => {
                    values.abs_send_time = Some(u32::from_be_bytes([0, a, b, c]))
                }
                [a, b] if is(ids.transport_cc) => {
                    values.transport_cc = Some(u16::from_be_bytes([a, b]))
                }
                _ => {}
            }
        }
        values
    }

    /// Whether nothing is to be written.
    #[inline]
    pub fn is_empty(&self) -> bool {
        *self == Values::default()
    }
}
