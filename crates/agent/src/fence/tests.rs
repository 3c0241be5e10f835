use super::*;

#[test]
fn only_the_highest_term_seen_counts() {
    let mut fence = Fence::default();
    assert!(fence.admits(3));
    assert!(fence.admits(3));
    assert!(!fence.admits(2));
    assert!(fence.admits(5));
    assert!(!fence.admits(3));
    assert_eq!(fence.highest(), 5);
}
