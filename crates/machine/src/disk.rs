//! How much room there is where a process writes.

use std::path::Path;

/// Bytes of the file system that this is on: free for whoever is not root, and in all.
///
/// # Errors
/// When the system cannot look at it.
pub fn disk(directory: &Path) -> std::io::Result<(u64, u64)> {
    let found = rustix::fs::statvfs(directory)?;
    let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
    Ok((bytes(found.f_bavail), bytes(found.f_blocks)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_a_file_system_and_what_is_not_there_has_none() {
        let (free, all) = disk(Path::new("/")).expect("it is there");
        assert!(all > 0 && free <= all, "{free} of {all}");
        assert!(disk(Path::new("/no such directory")).is_err());
    }
}
