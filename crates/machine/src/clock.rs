//! What the kernel reads the time from.

use std::fs;

/// Of these each reading is a call into the kernel, and most of that time is spent waiting for a device.
const SLOW: [&str; 5] = ["hpet", "acpi_pm", "pit", "jiffies", "refined-jiffies"];
const CURRENT: &str = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
/// Longest name that is taken for one.
const LONGEST: usize = 32;

/// As the kernel names it (`tsc`, `kvm-clock`, `hpet`); empty where that cannot be read.
pub fn clock_source() -> String {
    let read = fs::read_to_string(CURRENT).unwrap_or_default();
    read.trim().chars().take(LONGEST).collect()
}

/// Whether reading the time from it takes microseconds, as no packet should have to wait for.
pub fn is_slow_clock(source: &str) -> bool {
    SLOW.contains(&source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_processors_count_themselves_is_not_slow() {
        assert!(
            ["hpet", "acpi_pm", "jiffies"]
                .into_iter()
                .all(is_slow_clock)
        );
        let quick = [
            "tsc",
            "kvm-clock",
            "hyperv_clocksource_tsc_page",
            "arch_sys_counter",
            "",
        ];
        assert!(!quick.into_iter().any(is_slow_clock));
    }

    #[test]
    fn a_name_is_one_word() {
        let source = clock_source();
        assert!(!source.contains(char::is_whitespace), "{source:?}");
    }
}
