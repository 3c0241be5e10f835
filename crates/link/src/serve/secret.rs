//! Comparing what a node says with what it should say, without telling how close it came.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Digest, SHA256, digest};

/// The join secret. Only its hash is kept and compared, so that neither time nor memory tells its length.
pub(super) struct Secret(Digest);

impl Secret {
    pub(super) fn new(text: &str) -> Self {
        Self(digest(&SHA256, text.as_bytes()))
    }

    pub(super) fn is(&self, claim: &str) -> bool {
        verify_slices_are_equal(self.0.as_ref(), digest(&SHA256, claim.as_bytes()).as_ref()).is_ok()
    }
}
