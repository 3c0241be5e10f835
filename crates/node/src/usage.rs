//! How busy this machine is, from `/proc`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use agent::Usage;
use diagnosis::Limits;
use machine::Interfaces;

/// `CLK_TCK` of every Linux: the unit of the times in `/proc`.
const TICKS_PER_SECOND: f64 = 100.0;

/// Between two looks at what is scarce: all open files are counted for it.
const LIMITS: Duration = Duration::from_secs(5);

/// Measures the CPU used by this process between two looks, and the machine's memory.
#[derive(Debug)]
pub(crate) struct Meter {
    cores: f64,
    last: Option<(Instant, u64)>,
    limits: Option<Instant>,
    directory: PathBuf,
    interfaces: Interfaces,
}

impl Meter {
    /// For a machine with so many cores, and a node that writes into this directory. Takes the first look.
    pub(crate) fn new(cores: usize, directory: &Path, now: Instant) -> Self {
        #[allow(clippy::cast_precision_loss)]
        let cores = cores.max(1) as f64;
        let mut meter = Self {
            cores,
            last: None,
            limits: None,
            directory: directory.into(),
            interfaces: Interfaces::new(now),
        };
        meter.cpu(now);
        meter
    }

    /// What was used since the last look; 0 where `/proc` cannot be read.
    pub(crate) fn look(&mut self, now: Instant) -> Usage {
        Usage {
            cpu_percent: self.cpu(now),
            memory_percent: read("/proc/meminfo", memory_percent).unwrap_or(0.0),
        }
    }

    /// How much of what is scarce is used, when it is time to look again.
    pub(crate) fn limits(&mut self, now: Instant) -> Option<Limits> {
        if self.limits.is_some_and(|at| now < at + LIMITS) {
            return None;
        }
        self.limits = Some(now);
        Some(Limits {
            network: self.interfaces.look(now),
            disk: machine::disk(&self.directory).ok(),
            ..machine::limits()
        })
    }

    fn cpu(&mut self, now: Instant) -> f64 {
        let Some(ticks) = read("/proc/self/stat", ticks) else {
            return 0.0;
        };
        let percent = self.last.map_or(0.0, |last| self.percent(last, now, ticks));
        self.last = Some((now, ticks));
        percent
    }

    fn percent(&self, (then, before): (Instant, u64), now: Instant, ticks: u64) -> f64 {
        let elapsed = now.saturating_duration_since(then).as_secs_f64();
        if elapsed <= 0.0 {
            return 0.0;
        }
        #[allow(clippy::cast_precision_loss)]
        let used = ticks.saturating_sub(before) as f64 / TICKS_PER_SECOND;
        (used / elapsed / self.cores * 100.0).clamp(0.0, 100.0)
    }
}

fn read<T>(path: &str, parse: fn(&str) -> Option<T>) -> Option<T> {
    parse(&std::fs::read_to_string(path).ok()?)
}

/// User and system time from `/proc/PID/stat` (proc(5)), in ticks. The second field may hold blanks and parentheses.
fn ticks(stat: &str) -> Option<u64> {
    let after_name = &stat[stat.rfind(')')? + 1..];
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    user.checked_add(system)
}

/// What `/proc/meminfo` (proc(5)) says is not available to a program that asks for memory, percent of all.
fn memory_percent(meminfo: &str) -> Option<f64> {
    let field = |name: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name))?;
        let kilobytes = line.split_ascii_whitespace().next()?;
        kilobytes.parse::<f64>().ok()
    };
    let (total, available) = (field("MemTotal:")?, field("MemAvailable:")?);
    let percent = (total > 0.0).then(|| (1.0 - available / total) * 100.0)?;
    Some(percent.clamp(0.0, 100.0))
}

#[cfg(test)]
mod tests;
