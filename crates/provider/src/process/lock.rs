//! The files by which launches are known to run.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::error::ProviderError;

pub(super) fn files(path: &Path, error: io::Error) -> ProviderError {
    ProviderError::Files {
        path: path.display().to_string(),
        error,
    }
}

/// Takes the lock, `None` when somebody has it.
pub(super) fn take(path: &Path) -> Result<Option<File>, ProviderError> {
    let shown = |error| files(path, error);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(shown)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(shown(error)),
    }
}

/// Whether somebody has the lock. A file that is missing is held by nobody.
pub(super) fn is_held(path: &Path) -> Result<bool, ProviderError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(files(path, error)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(files(path, error)),
    }
}

/// All files of a folder. One that is missing has none.
pub(super) fn booked(folder: &Path) -> Result<Vec<PathBuf>, ProviderError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(files(folder, error)),
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> = paths
        .collect::<io::Result<_>>()
        .map_err(|error| files(folder, error))?;
    paths.sort();
    Ok(paths)
}

/// Removes a file that nobody holds.
pub(super) fn forget(path: &Path) -> Result<(), ProviderError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(files(path, error)),
        _ => Ok(()),
    }
}
