use super::*;

#[test]
fn one_that_does_not_read_is_bounded() {
    let backlog = Backlog::new(Total::default());
    let held = backlog.hold(ONE);
    assert!(held.is_some());
    assert!(backlog.hold(1).is_none());
    drop(held);
    assert!(backlog.hold(1).is_some(), "what was refused is not counted");
}

#[test]
fn many_that_do_not_read_are_bounded_together_and_readers_go_on() {
    let total = Total::default();
    let crowd: Vec<Backlog> = (0..=ALL / ONE)
        .map(|_| Backlog::new(total.clone()))
        .collect();
    let held: Vec<Held> = crowd.iter().filter_map(|one| one.hold(ONE)).collect();
    assert_eq!(held.len(), ALL / ONE);
    let reader = Backlog::new(total.clone());
    assert!(reader.hold(MODEST).is_some());
    assert!(reader.hold(MODEST + 1).is_none());
    drop(held);
    assert_eq!(total.0.load(Ordering::Relaxed), 0);
}
