//! Processes that are known by a tag in their environment.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::TAG;

/// Signals every process that has the tag with this path, and says how many there were.
pub(super) fn signal(path: &Path, signal: Signal) -> usize {
    let Ok(entries) = fs::read_dir("/proc") else {
        return 0;
    };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|pid| signalled(*pid, path, signal)).count()
}

fn signalled(pid: i32, path: &Path, signal: Signal) -> bool {
    let Some(handle) = Pid::from_raw(pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok())
    else {
        return false;
    };
    // Looked at after the handle was taken: the number may pass to another process, the handle does not.
    has_tag(pid, path) && pidfd_send_signal(&handle, signal).is_ok()
}

fn has_tag(pid: i32, path: &Path) -> bool {
    // Unreadable ones are another user's, and not ours to signal.
    let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) else {
        return false;
    };
    environment.split(|byte| *byte == 0).any(|variable| {
        let value = variable.strip_prefix(TAG.as_bytes());
        value.and_then(|value| value.strip_prefix(b"=")) == Some(path.as_os_str().as_bytes())
    })
}
