use std::time::Duration;

use super::*;

#[test]
fn reads_times_behind_a_hostile_process_name() {
    let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 30 12 0 0 20 0 4 0 100 1000 200";
    assert_eq!(ticks(stat), Some(42));
    assert_eq!(ticks("7 (a) S 1"), None);
    assert_eq!(ticks(""), None);
}

#[test]
fn percent_is_of_the_whole_machine() {
    let start = Instant::now();
    let meter = Meter::new(4, Path::new("/"), start);
    let second = start + Duration::from_secs(1);
    assert!((meter.percent((start, 100), second, 200) - 25.0).abs() < 1e-9);
    assert!(meter.percent((start, 100), start, 200).abs() < 1e-9);
    assert!(meter.percent((start, 200), second, 100).abs() < 1e-9);
}

#[test]
fn memory_is_what_is_not_available() {
    let meminfo = "MemTotal:        8000 kB\nMemFree:          100 kB\nMemAvailable:    6000 kB\n";
    assert_eq!(memory_percent(meminfo), Some(25.0));
    assert_eq!(memory_percent("MemTotal: 8000 kB\n"), None);
    assert_eq!(memory_percent("MemTotal: 0 kB\nMemAvailable: 0 kB\n"), None);
    assert_eq!(memory_percent("MemTotal: x kB\nMemAvailable: 1 kB\n"), None);
}

#[test]
fn a_busy_process_on_a_real_machine_is_seen() {
    let start = Instant::now();
    let mut meter = Meter::new(1, Path::new("/"), start);
    while start.elapsed() < Duration::from_millis(300) {
        std::hint::spin_loop();
    }
    let usage = meter.look(Instant::now());
    assert!(
        usage.cpu_percent > 0.0 && usage.memory_percent > 0.0,
        "{usage:?}"
    );
}
