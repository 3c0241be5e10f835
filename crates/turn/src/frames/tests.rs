use super::*;

fn stun(len: usize) -> Vec<u8> {
    let mut message = vec![0, 1, 0, len as u8];
    message.resize(HEADER + len, 7);
    message
}

#[test]
fn messages_come_out_whole_however_they_are_cut() {
    let channel = [0x40, 0, 0, 5, 1, 2, 3, 4, 5];
    let mut stream = stun(8);
    stream.extend(channel);
    stream.extend([0; 3]);
    stream.extend(stun(0));
    for cut in 0..stream.len() {
        let mut frames = Frames::default();
        let mut taken = Vec::new();
        for part in [&stream[..cut], &stream[cut..]] {
            frames.feed(part);
            while let Some(frame) = frames.take().unwrap() {
                taken.push(frame.to_vec());
            }
        }
        assert_eq!(taken, [stun(8), channel.to_vec(), stun(0)]);
        assert_eq!(frames.waiting(), 0);
    }
}

#[test]
fn other_protocols_and_monsters_break_the_stream() {
    for bad in [
        &b"\x80"[..],
        &[0x16 | 0x80, 3, 1],
        &[0xc0, 0, 0, 0],
        &[0, 1, 0x08, 0],
        &[0x40, 0, 0xff, 0xff],
    ] {
        let mut frames = Frames::default();
        frames.feed(bad);
        assert_eq!(frames.take(), Err(Broken), "{bad:?}");
        assert_eq!(frames.take(), Err(Broken), "{bad:?}");
    }
}
