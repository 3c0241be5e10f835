//! Names and secrets drawn from the system.

const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// `length` letters and digits, each equally likely.
///
/// # Errors
/// When the system gives no randomness.
pub fn alphanumeric(length: usize) -> Result<String, getrandom::Error> {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut bytes = [0; 64];
        getrandom::fill(&mut bytes)?;
        let drawn = bytes
            .iter()
            .filter_map(|b| ALPHANUMERIC.get(usize::from(b & 63)).copied())
            .map(char::from);
        text.extend(drawn.take(length - text.len()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_as_many_as_asked_and_never_the_same() {
        let one = alphanumeric(40).expect("random");
        let other = alphanumeric(40).expect("random");
        assert_eq!(one.len(), 40);
        assert!(one.bytes().all(|b| b.is_ascii_alphanumeric()));
        assert_ne!(one, other);
        assert_eq!(alphanumeric(0).expect("random"), "");
    }
}
