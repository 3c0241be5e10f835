use super::started;

#[test]
fn follows_a_clock_that_goes_on() {
    let directory = tempfile::tempdir().expect("a directory");
    assert_eq!(started(directory.path(), 1_000), 1_000);
    assert_eq!(started(directory.path(), 2_000), 2_000);
}

#[test]
fn counts_on_when_the_clock_was_set_back() {
    let directory = tempfile::tempdir().expect("a directory");
    assert_eq!(started(directory.path(), 600_000), 600_000);
    assert_eq!(started(directory.path(), 1_000), 600_001);
    assert_eq!(started(directory.path(), 2_000), 600_002);
    assert_eq!(started(directory.path(), 700_000), 700_000);
}

#[test]
fn does_without_a_disk() {
    let directory = tempfile::tempdir().expect("a directory");
    let missing = directory.path().join("missing");
    assert_eq!(started(&missing, 1_000), 1_000);
    std::fs::write(directory.path().join("last-boot"), "nonsense").expect("writable");
    assert_eq!(started(directory.path(), 1_000), 1_000);
}
