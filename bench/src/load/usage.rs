//! What a process has used, from `/proc`.

use anyhow::{Context, Result};

/// CPU time and memory of a process at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// On the CPU, nanoseconds, all threads (`schedstat`: exact, not sampled).
    pub cpu_ns: u64,
    /// Clock ticks in user mode, sampled.
    pub user_ticks: u64,
    /// Clock ticks in the kernel, sampled.
    pub system_ticks: u64,
    /// Resident memory, KiB.
    pub resident_kib: u64,
}

impl Usage {
    /// Reads it for the process `pid`.
    pub fn of(pid: u32) -> Result<Self> {
        let mut usage = Self::default();
        for task in std::fs::read_dir(format!("/proc/{pid}/task"))? {
            let path = task?.path().join("schedstat");
            // A thread may end between the listing and the reading.
            let Ok(text) = std::fs::read_to_string(&path) else {
                continue;
            };
            let on_cpu = text
                .split_whitespace()
                .next()
                .context("schedstat is empty")?;
            usage.cpu_ns += on_cpu.parse::<u64>()?;
        }
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let after_name = stat.rsplit_once(')').context("stat without a name")?.1;
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        usage.user_ticks = fields.get(11).context("stat is short")?.parse()?;
        usage.system_ticks = fields.get(12).context("stat is short")?.parse()?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let resident = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .context("no VmRSS")?;
        usage.resident_kib = resident.trim().trim_end_matches(" kB").parse()?;
        Ok(usage)
    }

    /// What was used since `earlier`; memory stays as it is now.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            cpu_ns: self.cpu_ns - earlier.cpu_ns,
            user_ticks: self.user_ticks - earlier.user_ticks,
            system_ticks: self.system_ticks - earlier.system_ticks,
            resident_kib: self.resident_kib,
        }
    }
}
