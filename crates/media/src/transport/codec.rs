//! Codecs as negotiated with one peer.

use str0m::RtcConfig;
use str0m::format::{Codec as Format, CodecConfig, FormatParams, PayloadParams};
use str0m::media::{Frequency, MediaKind, Pt};

use super::Kind;
use crate::api::VideoCodec;

/// A codec with the payload types that one peer knows it by.
#[derive(Clone, Copy, Debug)]
pub struct Codec(pub(super) PayloadParams);

impl Codec {
    /// Audio or video.
    pub fn kind(&self) -> Kind {
        match self.0.spec().codec.kind() {
            MediaKind::Audio => Kind::Audio,
            MediaKind::Video => Kind::Video,
        }
    }

    /// Payload type.
    pub fn payload_type(&self) -> u8 {
        *self.0.pt()
    }

    /// Payload type of its retransmissions.
    pub fn rtx(&self) -> Option<u8> {
        self.0.resend().map(|pt| *pt)
    }

    /// Of its RTP timestamps, in Hz.
    pub fn clock_rate(&self) -> u32 {
        self.0.spec().clock_rate.get()
    }
}

/// What one peer negotiated.
#[derive(Clone, Debug, Default)]
pub struct Codecs(Vec<Codec>);

impl Codecs {
    /// From what the library holds.
    pub(super) fn new(codecs: impl IntoIterator<Item = PayloadParams>) -> Self {
        Self(codecs.into_iter().map(Codec).collect())
    }

    /// Those of one medium.
    #[cfg(test)]
    pub fn of(&self, kind: Kind) -> Self {
        let codecs = self.iter().copied();
        Self(codecs.filter(|codec| codec.kind() == kind).collect())
    }

    /// By these payload types.
    #[cfg(test)]
    pub fn opus_and_vp8(opus: u8, vp8: u8, rtx: u8) -> Self {
        let mut config = CodecConfig::empty();
        let (rate, format) = (Frequency::FORTY_EIGHT_KHZ, FormatParams::default());
        config.add_config(opus.into(), None, Format::Opus, rate, Some(2), format);
        let (rate, rtx) = (Frequency::NINETY_KHZ, Some(rtx.into()));
        config.add_config(vp8.into(), rtx, Format::Vp8, rate, None, format);
        Self::new(config.params().iter().copied())
    }

    /// All of them, most wanted first.
    pub fn iter(&self) -> impl Iterator<Item = &Codec> {
        self.0.iter()
    }

    /// Whether there is one for this medium.
    pub fn has(&self, kind: Kind) -> bool {
        self.iter().any(|codec| codec.kind() == kind)
    }

    /// The one that is the same codec as `other`, which another peer negotiated.
    pub fn same_as(&self, other: &Codec) -> Option<Codec> {
        let all: Vec<_> = self.iter().map(|codec| codec.0).collect();
        let all = CodecConfig::new_from_payload_params(all);
        all.match_params(other.0).copied().map(Codec)
    }
}

/// Lets `config` negotiate what publishers may send: Opus, and all video codecs or only the forced one.
pub(super) fn enable(config: RtcConfig, forced: Option<VideoCodec>) -> RtcConfig {
    let takes = |codec| forced.is_none_or(|forced| forced == codec);
    config
        .clear_codecs()
        .enable_opus(true, false)
        .enable_vp8(takes(VideoCodec::Vp8))
        .enable_h264(takes(VideoCodec::H264))
        .enable_vp9(takes(VideoCodec::Vp9))
        .enable_av1(takes(VideoCodec::Av1))
}

/// Lets `config` offer exactly `codecs`, or the usual ones while nobody publishes. A medium that is asked for but not
/// published still needs a codec in its m-section: Opus or VP8, by payload types that are free.
pub(super) fn offer(config: RtcConfig, codecs: &Codecs) -> RtcConfig {
    if codecs.0.is_empty() {
        return enable(config, None);
    }
    let mut config = config.clear_codecs();
    let all = config.codec_config();
    for Codec(codec) in codecs.iter() {
        let spec = codec.spec();
        all.add_config(
            codec.pt(),
            codec.resend(),
            spec.codec,
            spec.clock_rate,
            spec.channels,
            spec.format,
        );
    }
    if !codecs.has(Kind::Audio) {
        let (pt, rate) = (unused(all), Frequency::FORTY_EIGHT_KHZ);
        all.add_config(
            pt,
            None,
            Format::Opus,
            rate,
            Some(2),
            FormatParams::default(),
        );
    }
    if !codecs.has(Kind::Video) {
        let (pt, rate) = (unused(all), Frequency::NINETY_KHZ);
        all.add_config(pt, None, Format::Vp8, rate, None, FormatParams::default());
    }
    config
}

fn unused(codecs: &CodecConfig) -> Pt {
    let used = |pt: Pt| {
        let mut codecs = codecs.params().iter();
        codecs.any(|codec| codec.pt() == pt || codec.resend() == Some(pt))
    };
    let mut dynamic = (96..=127).map(Pt::from);
    dynamic.find(|pt| !used(*pt)).unwrap_or(Pt::from(35))
}

/// As it is called in SDP.
pub(super) fn name(codec: VideoCodec) -> &'static str {
    match codec {
        VideoCodec::Vp8 => "VP8",
        VideoCodec::Vp9 => "VP9",
        VideoCodec::H264 => "H264",
        VideoCodec::Av1 => "AV1",
    }
}
