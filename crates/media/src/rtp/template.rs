use super::extension::{Mid, ONE_BYTE, TWO_BYTE, Values};

/// What stays the same in all headers of one outgoing SSRC, prepared so that writing one is a few stores.
#[derive(Clone, Debug)]
pub struct Template {
    ssrc: [u8; 4],
    ids: ExtensionIds,
    mid: Option<Mid>,
    two_byte: bool,
}

/// What is in each header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Fields {
    /// Of the peer that gets the packet.
    pub payload_type: u8,
    pub marker: bool,
    pub sequence: u16,
    pub timestamp: u32,
}

/// The ids that were negotiated (`a=extmap`), 1 to 255. Extensions without one are not written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ExtensionIds {
    pub audio_level: Option<u8>,
    pub orientation: Option<u8>,
    pub playout_delay: Option<u8>,
    pub abs_send_time: Option<u8>,
    pub transport_cc: Option<u8>,
    pub mid: Option<u8>,
}

/// The buffer is shorter than the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a header can be {MAX_HEADER_LEN} bytes long, the buffer has {0}")]
pub struct NoRoom(pub usize);

/// No header that a [`Template`] writes is longer.
pub const MAX_HEADER_LEN: usize = 12 + 4 + MAX_EXTENSIONS;

/// Two-byte form: six element headers, values of 1, 1, 3, 3, 2 and 16 bytes, padded to whole words.
const MAX_EXTENSIONS: usize = (6 * 2 + 1 + 1 + 3 + 3 + 2 + 16_usize).next_multiple_of(4);

impl Template {
    /// For packets of `ssrc`. Ids out of range are taken as not negotiated.
    pub fn new(ssrc: u32, ids: ExtensionIds, mid: Option<Mid>) -> Self {
        let ids = ids.valid();
        // An id above 14 can only be written in the two-byte form, and a block has one form.
        let two_byte = ids.all().into_iter().flatten().any(|id| id > 14);
        Template {
            ssrc: ssrc.to_be_bytes(),
            ids,
            mid,
            two_byte,
        }
    }

    /// Of the packets written.
    pub fn ssrc(&self) -> u32 {
        u32::from_be_bytes(self.ssrc)
    }

    /// The ids in use.
    pub fn ids(&self) -> &ExtensionIds {
        &self.ids
    }

    /// Writes a header to the start of `out`, which has room for [`MAX_HEADER_LEN`], and returns its length.
    #[inline]
    pub fn write(&self, out: &mut [u8], fields: Fields, values: &Values) -> Result<usize, NoRoom> {
        let got = out.len();
        let out: &mut [u8; MAX_HEADER_LEN] = out.first_chunk_mut().ok_or(NoRoom(got))?;
        out[0] = 0x80;
        out[1] = fields.payload_type & 0x7f | u8::from(fields.marker) << 7;
        out[2..4].copy_from_slice(&fields.sequence.to_be_bytes());
        out[4..8].copy_from_slice(&fields.timestamp.to_be_bytes());
        out[8..12].copy_from_slice(&self.ssrc);
        if values.is_empty() {
            return Ok(12);
        }
        Ok(self.write_extensions(out, values))
    }

    fn write_extensions(&self, out: &mut [u8; MAX_HEADER_LEN], values: &Values) -> usize {
        let mut block = Block {
            out,
            at: 16,
            two_byte: self.two_byte,
        };
        block.element(
            self.ids.transport_cc,
            values.transport_cc.map(u16::to_be_bytes),
        );
        block.element(
            self.ids.abs_send_time,
            values.abs_send_time.map(low_24_bits),
        );
        block.element(
            self.ids.audio_level,
            values.audio_level.map(|level| [level]),
        );
        block.element(
            self.ids.orientation,
            values.orientation.map(|orientation| [orientation]),
        );
        block.element(self.ids.playout_delay, values.playout_delay);
        if values.mid {
            block.element(self.ids.mid, self.mid.as_ref().map(Mid::as_bytes));
        }
        block.finish()
    }
}

fn low_24_bits(value: u32) -> [u8; 3] {
    let [_, a, b, c] = value.to_be_bytes();
    [a, b, c]
}

impl ExtensionIds {
    fn all(&self) -> [Option<u8>; 6] {
        [
            self.audio_level,
            self.orientation,
            self.playout_delay,
            self.abs_send_time,
            self.transport_cc,
            self.mid,
        ]
    }

    /// 0 is padding in both forms.
    fn valid(self) -> Self {
        let valid = |id: Option<u8>| id.filter(|id| *id != 0);
        ExtensionIds {
            audio_level: valid(self.audio_level),
            orientation: valid(self.orientation),
            playout_delay: valid(self.playout_delay),
            abs_send_time: valid(self.abs_send_time),
            transport_cc: valid(self.transport_cc),
            mid: valid(self.mid),
        }
    }
}

/// An extension block being written behind the fixed header.
struct Block<'a> {
    out: &'a mut [u8; MAX_HEADER_LEN],
    at: usize,
    two_byte: bool,
}

impl Block<'_> {
    #[inline]
    fn element(&mut self, id: Option<u8>, value: Option<impl AsRef<[u8]>>) {
        let (Some(id), Some(value)) = (id, value) else {
            return;
        };
        let value = value.as_ref();
        if self.two_byte {
            self.out[self.at..self.at + 2].copy_from_slice(&[id, value.len() as u8]);
            self.at += 2;
        } else {
            self.out[self.at] = id << 4 | (value.len() - 1) as u8;
            self.at += 1;
        }
        self.out[self.at..self.at + value.len()].copy_from_slice(value);
        self.at += value.len();
    }

    /// Pads, writes the block's own header and returns the length of the whole header.
    fn finish(self) -> usize {
        if self.at == 16 {
            return 12;
        }
        let end = self.at.next_multiple_of(4);
        self.out[self.at..end].fill(0);
        let profile = if self.two_byte { TWO_BYTE } else { ONE_BYTE };
        self.out[0] |= 0x10;
        self.out[12..14].copy_from_slice(&profile.to_be_bytes());
        self.out[14..16].copy_from_slice(&((end - 16) as u16 / 4).to_be_bytes());
        end
    }
}

/// Which payload type of the publisher is which of the subscriber.
#[derive(Clone, Debug)]
pub struct PayloadTypes([u8; 128]);

const NOT_NEGOTIATED: u8 = 0xff;

impl Default for PayloadTypes {
    fn default() -> Self {
        PayloadTypes([NOT_NEGOTIATED; 128])
    }
}

impl PayloadTypes {
    /// Maps `source` to `outgoing`, both 7 bits; others change nothing.
    pub fn insert(&mut self, source: u8, outgoing: u8) {
        if let (Some(slot), 0..=127) = (self.0.get_mut(usize::from(source)), outgoing) {
            *slot = outgoing;
        }
    }

    /// What the subscriber calls `source`. None when it did not negotiate that codec.
    #[inline]
    pub fn get(&self, source: u8) -> Option<u8> {
        self.0
            .get(usize::from(source))
            .copied()
            .filter(|outgoing| *outgoing != NOT_NEGOTIATED)
    }
}

impl FromIterator<(u8, u8)> for PayloadTypes {
    fn from_iter<T: IntoIterator<Item = (u8, u8)>>(pairs: T) -> Self {
        let mut types = PayloadTypes::default();
        pairs
            .into_iter()
            .for_each(|(source, outgoing)| types.insert(source, outgoing));
        types
    }
}
