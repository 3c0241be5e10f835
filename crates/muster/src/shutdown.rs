//! Being asked to stop.

use std::fmt;

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Ctrl-C: a person wants it to end.
    Interrupt,
    /// SIGTERM: a service manager's, which may be about to start it again.
    Terminate,
    /// The end of the terminal.
    Hangup,
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interrupt => "interrupted",
            Self::Terminate => "told to terminate",
            Self::Hangup => "the terminal is gone",
        })
    }
}

/// Ctrl-C, SIGTERM and the end of the terminal.
#[derive(Debug)]
pub struct Requests {
    interrupt: Signal,
    terminate: Signal,
    /// `None` when whoever started the process wants it to outlive the terminal (nohup).
    hangup: Option<Signal>,
}

impl Requests {
    /// From here on these signals no longer end the process by themselves.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn listen() -> Result<Self> {
        let on = |kind| signal(kind).context("signals cannot be received");
        Ok(Self {
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
            hangup: match is_ignored(SignalKind::hangup()) {
                true => None,
                false => Some(on(SignalKind::hangup())?),
            },
        })
    }

    /// Waits for the next request and says what it was. Safe to cancel.
    pub async fn next(&mut self) -> Request {
        tokio::select! {
            _ = self.interrupt.recv() => Request::Interrupt,
            _ = self.terminate.recv() => Request::Terminate,
            () = received(self.hangup.as_mut()) => Request::Hangup,
        }
    }
}

async fn received(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Whether the process was started with the signal ignored. False where `/proc` cannot be read.
fn is_ignored(kind: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignored_signals(&status).is_some_and(|mask| mask >> (kind.as_raw_value() - 1) & 1 == 1)
}

/// `SigIgn` of `/proc/PID/status` (proc(5)): one bit a signal, the lowest is signal 1.
fn ignored_signals(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|l| l.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_of_ignored_signals_is_read() {
        let status = "Name:\tmuster\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n";
        assert_eq!(ignored_signals(status), Some(0x1001));
        assert_eq!(ignored_signals("Name:\tmuster\n"), None);
    }
}
