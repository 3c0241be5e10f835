use std::net::SocketAddrV4;

use anyhow::Result;
use media::rtp::{ExtensionIds, Fields, MAX_HEADER_LEN, Template, Values};
use media::srtp::{self, Profile, Sealer, Stream};

/// One receiver of packets: keys, an SSRC, and where it is.
pub struct Subscriber {
    pub address: SocketAddrV4,
    sealer: Sealer,
    stream: Stream,
    template: Template,
    index: u64,
}

/// No packet made here is longer.
pub const LARGEST: usize = 1500;
const HEADER: usize = 12;

/// How long a sealed packet is.
pub fn packet_len(profile: Profile, payload: usize) -> usize {
    HEADER + payload + profile.tag_len()
}

impl Subscriber {
    /// One for each address, each with keys and an SSRC of its own.
    pub fn all(profile: Profile, addresses: &[SocketAddrV4]) -> Vec<Subscriber> {
        addresses
            .iter()
            .enumerate()
            .map(|(number, address)| Subscriber::new(profile, number as u32, *address))
            .collect()
    }

    fn new(profile: Profile, number: u32, address: SocketAddrV4) -> Self {
        let mut material = vec![0x5a; profile.keying_material_len()];
        material[..4].copy_from_slice(&number.to_be_bytes());
        let (mut sealer, _) =
            srtp::contexts(profile, &material, true).expect("material of the profile's length");
        let stream = sealer.stream(number).expect("one SSRC is not too many");
        let template = Template::new(number, ExtensionIds::default(), None);
        Subscriber {
            address,
            sealer,
            stream,
            template,
            index: 0,
        }
    }

    /// Writes the next packet to the start of `out`.
    pub fn seal(&mut self, out: &mut [u8], payload: &[u8]) -> Result<usize> {
        self.index += 1;
        let fields = Fields {
            payload_type: 96,
            marker: self.index.is_multiple_of(4),
            sequence: self.index as u16,
            timestamp: (self.index / 4 * 3000) as u32,
        };
        let header = self.template.write(out, fields, &Values::default())?;
        out[header..header + payload.len()].copy_from_slice(payload);
        Ok(self
            .sealer
            .seal_rtp(self.stream, out, header, payload.len(), self.index)?)
    }
}

const _: () = assert!(MAX_HEADER_LEN < LARGEST - 1400);
