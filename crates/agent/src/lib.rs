//! The mind of a media node.
