use super::*;

#[test]
fn packets_come_out_however_the_stream_is_cut() {
    let packets: [&[u8]; 3] = [b"", b"a", &[7; 1500]];
    let stream: Vec<u8> = packets.iter().flat_map(|packet| framed(packet)).collect();
    for size in [1, 2, 3, 500, stream.len()] {
        let mut frames = Frames::default();
        let mut taken = Vec::new();
        for chunk in stream.chunks(size) {
            frames.feed(chunk);
            while let Some(packet) = frames.take().expect("whole") {
                taken.push(packet);
            }
        }
        assert_eq!(taken, packets);
    }
}

#[test]
fn what_is_longer_than_any_packet_is_no_frame() {
    let mut frames = Frames::default();
    frames.feed(b"HTTP/1.1 400");
    assert_eq!(frames.take(), Err(TooLong));
    assert_eq!(frames.take(), Err(TooLong));
    assert!(framed(&[0; 70_000]).is_empty());
}
