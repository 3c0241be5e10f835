use super::*;

fn spending(token: u8, uses: u16, by: u8) -> Spending {
    Spending {
        token: TokenId([token; 16]),
        expires: 100,
        uses,
        by: Claimant([by; 32]),
        now: 50,
    }
}

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("temporary directory")
}

#[tokio::test]
async fn uses_are_counted_once_for_each_and_survive() {
    let directory = directory();
    let used = UsedFile::open(directory.path(), 50).expect("made");
    for _ in 0..2 {
        for (spending, expected) in [
            (spending(1, 1, 1), Spent::Counted),
            (spending(1, 1, 2), Spent::UsedUp),
            (spending(2, 2, 1), Spent::Counted),
            (spending(2, 2, 2), Spent::Counted),
            (spending(2, 2, 3), Spent::UsedUp),
        ] {
            assert_eq!(used.spend(spending).await.expect("kept"), expected);
        }
    }
    drop(used);
    let used = UsedFile::open(directory.path(), 100).expect("read");
    let again = used.spend(spending(1, 1, 2)).await.expect("kept");
    assert_eq!(again, Spent::UsedUp);
    let known = used.spend(spending(1, 1, 1)).await.expect("kept");
    assert_eq!(known, Spent::Counted);
}

#[tokio::test]
async fn what_has_expired_is_forgotten_and_a_torn_line_is_no_use() {
    let directory = directory();
    let used = UsedFile::open(directory.path(), 50).expect("made");
    used.spend(spending(1, 1, 1)).await.expect("kept");
    drop(used);
    let path = directory.path().join("used-tokens");
    let line = std::fs::read_to_string(&path).expect("there");
    std::fs::write(&path, format!("{line}{}", &line[..40])).expect("written");
    let used = UsedFile::open(directory.path(), 101).expect("read");
    assert_eq!(std::fs::read_to_string(&path).expect("there"), "");
    let mut later = spending(1, 1, 2);
    later.now = 101;
    assert_eq!(used.spend(later).await.expect("kept"), Spent::Counted);
}
