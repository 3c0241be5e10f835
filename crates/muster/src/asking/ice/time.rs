//! Points in time for people, in UTC: whoever compares logs of several machines wants one clock.

/// `11-27 22:05:09` of milliseconds since the Unix epoch.
pub fn short(millis: u64) -> String {
    let (_, month, day) = date(millis);
    format!("{month:02}-{day:02} {}", clock(millis))
}

/// `2026-11-27 22:05:09`.
pub fn long(millis: u64) -> String {
    let (year, month, day) = date(millis);
    format!("{year}-{month:02}-{day:02} {}", clock(millis))
}

fn clock(millis: u64) -> String {
    let seconds = millis / 1000 % 86_400;
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// Year, month and day (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days).
fn date(millis: u64) -> (u64, u64, u64) {
    let days = millis / 86_400_000 + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

/// `0.3 s`, of a span in milliseconds.
pub fn span(millis: u64) -> String {
    match millis {
        0..=999 => format!("{millis} ms"),
        1_000..=119_999 => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
        _ => format!("{} min", millis / 60_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (millis, expected) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_400_000, "2000-02-29 00:00:00"),
            (1_795_817_109_000, "2026-11-27 22:05:09"),
            (4_107_542_400_000, "2100-03-01 00:00:00"),
        ] {
            assert_eq!(long(millis), expected);
        }
        assert_eq!(short(1_795_817_109_000), "11-27 22:05:09");
        assert_eq!(span(420), "420 ms");
        assert_eq!(span(30_150), "30.1 s");
        assert_eq!(span(600_000), "10 min");
    }
}
