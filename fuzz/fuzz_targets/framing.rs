//! RFC 4571 frames out of a TCP stream, however it is cut into pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::fuzzing::Frames;

fuzz_target!(|data: &[u8]| {
    let Some((cut, stream)) = data.split_first() else {
        return;
    };
    let whole = frames([stream].into_iter());
    let pieces = frames(stream.chunks(usize::from(*cut).max(1)));
    assert_eq!(whole, pieces);
});

/// All frames, and whether the stream broke.
fn frames<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, bool) {
    let mut reader = Frames::default();
    let mut buffer = [0; 2048];
    let mut all = Vec::new();
    for piece in pieces {
        let before = reader.waiting();
        reader.feed(piece);
        assert_eq!(reader.waiting(), before + piece.len());
        loop {
            match reader.take(&mut buffer) {
                Ok(Some(len)) => all.push(buffer[..len].to_vec()),
                Ok(None) => break,
                Err(_) => return (all, true),
            }
        }
    }
    assert!(
        reader.waiting() < 2 + buffer.len(),
        "{} bytes wait for ever",
        reader.waiting()
    );
    (all, false)
}
