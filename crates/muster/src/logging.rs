//! Logs to standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts logging with a filter that was checked before.
pub fn start(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        // A node outlives the terminal or pipe of the program that started it; complaining there would end it.
        .log_internal_errors(false)
        .try_init();
    // Only a second call fails, and then logging is on already.
    drop(started);
}
