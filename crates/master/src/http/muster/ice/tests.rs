use super::*;

#[test]
fn times_are_understood_as_people_write_them() {
    let now = 20 * DAY + 5_000;
    for (text, expected) in [
        ("today", 20 * DAY),
        ("2s", now - 2_000),
        ("1m", now - 60_000),
        ("1d", now - DAY),
        ("99999999999999d", 0),
        ("1700000000000", 1_700_000_000_000),
    ] {
        assert_eq!(moment(text, now).expect("a time"), expected, "{text}");
    }
    for text in ["", "yesterday", "s", "-1s", "1w", "ü"] {
        assert_eq!(
            moment(text, now).expect_err("no time").status,
            400,
            "{text}"
        );
    }
}
