//! Who may use the REST API: `Authorization: Basic` with the fixed user `OPENVIDUAPP` and the server's secret.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The user name every OpenVidu SDK sends.
pub const USER: &str = "OPENVIDUAPP";

/// Compares what a request brings with the one accepted pair of user and secret, in a time that does not depend on
/// where they differ.
#[derive(Clone)]
pub struct Gate {
    expected: [u8; 32],
}

impl Gate {
    /// A gate that opens for [`USER`] with this secret.
    pub fn new(secret: &str) -> Self {
        Self {
            expected: fingerprint(format!("{USER}:{secret}").as_bytes()),
        }
    }

    /// Whether the value of an `Authorization` header opens the gate. Absent or malformed ones do not.
    pub fn allows(&self, authorization: Option<&str>) -> bool {
        let Some(pair) = authorization.and_then(basic) else {
            return false;
        };
        verify_slices_are_equal(&fingerprint(&pair), &self.expected).is_ok()
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gate")
    }
}

/// `user:password` of a `Basic` header (RFC 7617); the scheme is matched without regard to case.
fn basic(header: &str) -> Option<Vec<u8>> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    STANDARD.decode(encoded.trim()).ok()
}

/// Hashing first makes both sides equally long, so that the length of the secret stays unknown too.
fn fingerprint(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    out
}
