//! RTP headers, extensions, padding and RTX bodies; and that a header we write reads back as we meant it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::rtp::{ExtensionIds, Fields, Header, MAX_HEADER_LEN, Mid, Packet, Template, Values};

fuzz_target!(|data: &[u8]| {
    // The first six bytes choose the negotiated extension ids, as an SDP of a stranger would.
    let Some((ids, packet)) = data.split_first_chunk::<6>() else {
        return;
    };
    let ids = negotiated(*ids);
    if let Ok(packet) = Packet::parse(packet) {
        media::rtp::decapsulate(packet.payload);
    }
    let Ok(header) = Header::parse(packet) else {
        return;
    };
    assert_eq!(media::rtp::header_len(packet), Ok(header.len));
    assert!(header.len <= packet.len());
    let carried: usize = header.extensions.iter().map(|(_, value)| value.len()).sum();
    assert!(carried <= header.len);
    written_reads_back(&header, ids);
});

fn negotiated(ids: [u8; 6]) -> ExtensionIds {
    let [
        audio_level,
        orientation,
        playout_delay,
        abs_send_time,
        transport_cc,
        mid,
    ] = ids.map(Some);
    ExtensionIds {
        audio_level,
        orientation,
        playout_delay,
        abs_send_time,
        transport_cc,
        mid,
    }
}

/// Forwards the header as a shard does, and reads it as the subscriber does.
fn written_reads_back(header: &Header<'_>, ids: ExtensionIds) {
    let mut values = Values::read(&header.extensions, &ids);
    values.mid = header.marker;
    let mid = Mid::new("0").expect("one byte is a mid");
    let template = Template::new(header.ssrc, ids, Some(mid));
    let fields = Fields {
        payload_type: header.payload_type,
        marker: header.marker,
        sequence: header.sequence,
        timestamp: header.timestamp,
    };
    let mut out = [0; MAX_HEADER_LEN];
    let len = template
        .write(&mut out, fields, &values)
        .expect("the buffer holds any header");
    let read = Header::parse(&out[..len]).expect("what is written is a header");
    assert_eq!(read.len, len);
    assert_eq!(
        (
            read.payload_type,
            read.marker,
            read.sequence,
            read.timestamp,
            read.ssrc
        ),
        (
            fields.payload_type,
            fields.marker,
            fields.sequence,
            fields.timestamp,
            header.ssrc
        )
    );
    if distinct(ids) {
        let again = Values::read(&read.extensions, template.ids());
        assert_eq!(
            Values {
                mid: values.mid,
                ..again
            },
            written(values, template.ids())
        );
    }
}

/// Two extensions under one id can not be told apart by anybody.
fn distinct(ids: ExtensionIds) -> bool {
    let all = [
        ids.audio_level,
        ids.orientation,
        ids.playout_delay,
        ids.abs_send_time,
        ids.transport_cc,
        ids.mid,
    ];
    (1..all.len()).all(|at| !all[..at].contains(&all[at]))
}

/// What of `values` has an id to be written under.
fn written(values: Values, ids: &ExtensionIds) -> Values {
    Values {
        audio_level: values.audio_level.filter(|_| ids.audio_level.is_some()),
        orientation: values.orientation.filter(|_| ids.orientation.is_some()),
        playout_delay: values.playout_delay.filter(|_| ids.playout_delay.is_some()),
        abs_send_time: values.abs_send_time.filter(|_| ids.abs_send_time.is_some()),
        transport_cc: values.transport_cc.filter(|_| ids.transport_cc.is_some()),
        mid: values.mid,
    }
}
