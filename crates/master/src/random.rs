//! The only place where the master draws random bytes.

/// Bytes that nobody can guess.
pub(crate) fn draw<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect(
        "the system has a random source: without one no TLS handshake could have succeeded",
    );
    bytes
}

/// A secret for relay credentials.
pub(crate) fn relay_secret() -> control::DrawnSecret {
    let text: String = draw::<24>()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    control::DrawnSecret {
        fingerprint: link::relay_fingerprint(&text).to_vec(),
        secret: text,
    }
}
