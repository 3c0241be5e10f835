//! A synthetic client: whether a media node can really be reached, and where it fails if not.
