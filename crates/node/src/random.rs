//! What the node draws from the system: its boot id and the jitter of its dialling.

/// 128 bits as hexadecimal text.
pub(crate) fn boot_id() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}

/// A number in `0.0..1.0`; the middle if the system gives none, since a wait without jitter is still a wait.
pub(crate) fn jitter() -> f64 {
    getrandom::u32().map_or(0.5, |n| f64::from(n) / (f64::from(u32::MAX) + 1.0))
}
