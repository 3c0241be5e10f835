//! TURN's messages out of a TCP stream, however it is cut into pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use turn::{Frames, LARGEST};

fuzz_target!(|data: &[u8]| {
    let Some((cut, stream)) = data.split_first() else {
        return;
    };
    let whole = messages([stream].into_iter());
    let pieces = messages(stream.chunks(usize::from(*cut).max(1)));
    assert_eq!(whole, pieces);
});

/// All messages, and whether the stream broke.
fn messages<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, bool) {
    let mut reader = Frames::default();
    let mut all = Vec::new();
    for piece in pieces {
        let before = reader.waiting();
        reader.feed(piece);
        assert_eq!(reader.waiting(), before + piece.len());
        loop {
            match reader.take() {
                Ok(Some(message)) => {
                    assert!(message.len() <= LARGEST);
                    all.push(message.to_vec());
                }
                Ok(None) => break,
                Err(_) => return (all, true),
            }
        }
    }
    assert!(
        reader.waiting() < LARGEST + 4,
        "{} bytes wait for ever",
        reader.waiting()
    );
    (all, false)
}
