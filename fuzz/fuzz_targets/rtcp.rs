//! RTCP compounds of strangers'; and that what we write says what we meant.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::rtcp::{self, Compound, NACK_MAX, NtpTime, Packet, SenderInfo};

fuzz_target!(|data: &[u8]| {
    let mut packets = 0;
    for packet in Compound::new(data) {
        packets += 1;
        if let Ok(packet) = packet {
            let sizes = walk(packet, data);
            assert!(
                sizes <= data.len() / 4 * 17,
                "grew out of {} bytes",
                data.len()
            );
        }
    }
    assert!(packets <= data.len() / 4 + 1);
    written_reads_back(data);
});

/// Reads all of a packet. Returns how many elements it listed.
fn walk(packet: Packet<'_>, data: &[u8]) -> usize {
    let now = NtpTime(0x0123_4567_89ab_cdef);
    match packet {
        Packet::SenderReport(report) => {
            let _ = report.ntp.middle();
            report
                .blocks
                .filter(|block| block.round_trip(now).is_some())
                .count()
        }
        Packet::ReceiverReport(report) => report
            .blocks
            .filter(|block| block.round_trip(now).is_some())
            .count(),
        Packet::Nack(nack) => nack.lost.count(),
        Packet::Fir(fir) => fir.entries.count(),
        Packet::TransportCc(feedback) => feedback.fci.len().min(data.len()) / 4,
        Packet::Remb(remb) => remb.ssrcs.count(),
        Packet::Bye(ssrcs) => ssrcs.count(),
        Packet::Pli(_) | Packet::Sdes | Packet::App | Packet::Other { .. } => 0,
    }
}

/// A compound as a shard writes it, with figures and names out of the input.
fn written_reads_back(data: &[u8]) {
    let Some((figures, rest)) = data.split_first_chunk::<28>() else {
        return;
    };
    let word = |at: usize| u32::from_be_bytes([0, 1, 2, 3].map(|byte| figures[at + byte]));
    let info = SenderInfo {
        ssrc: word(0),
        ntp: NtpTime(u64::from(word(4)) << 32 | u64::from(word(8))),
        rtp_timestamp: word(12),
        packets: word(16),
        octets: word(20),
    };
    let mut lost: Vec<u16> = rest
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect();
    lost.sort_unstable();
    lost.dedup();
    lost.truncate(NACK_MAX);

    let mut out = Vec::new();
    rtcp::sender_report(&mut out, &info, &String::from_utf8_lossy(rest));
    rtcp::nack(&mut out, info.ssrc, word(24), lost.iter().copied());
    rtcp::pli(&mut out, info.ssrc, word(24));
    rtcp::fir(&mut out, info.ssrc, word(24), figures[0]);
    rtcp::bye(&mut out, &[info.ssrc]);

    let mut read = Compound::new(&out).map(|packet| packet.expect("what is written reads back"));
    let Some(Packet::SenderReport(report)) = read.next() else {
        panic!("the sender report is gone");
    };
    assert_eq!(
        (report.ssrc, report.ntp, report.rtp_timestamp),
        (info.ssrc, info.ntp, info.rtp_timestamp)
    );
    assert_eq!((report.packets, report.octets), (info.packets, info.octets));
    assert_eq!(read.next(), Some(Packet::Sdes));
    if !lost.is_empty() {
        let Some(Packet::Nack(nack)) = read.next() else {
            panic!("the NACK is gone");
        };
        assert_eq!((nack.sender, nack.media), (info.ssrc, word(24)));
        assert_eq!(nack.lost.collect::<Vec<_>>(), lost);
    }
    assert!(matches!(read.next(), Some(Packet::Pli(pli)) if pli.media == word(24)));
    let Some(Packet::Fir(mut fir)) = read.next() else {
        panic!("the FIR is gone");
    };
    assert_eq!(
        fir.entries.next().map(|entry| entry.number),
        Some(figures[0])
    );
    let Some(Packet::Bye(mut bye)) = read.next() else {
        panic!("the BYE is gone");
    };
    assert_eq!(bye.next(), Some(info.ssrc));
    assert_eq!(read.next(), None);
}
