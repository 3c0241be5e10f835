use super::*;

#[test]
fn an_answer_finds_the_masters_key_once() {
    let mut requests = Requests::default();
    let key = requests.open(77).expect("room");
    assert_eq!(requests.close(key), Some(77));
    assert_eq!(requests.close(key), None);
}

#[test]
fn an_answer_for_an_earlier_master_is_nobodys() {
    let mut requests = Requests::default();
    let old = requests.open(1).expect("room");
    requests.forget_all();
    let new = requests.open(1).expect("room");
    assert_eq!(requests.close(old), None);
    assert_eq!(requests.close(new), Some(1));
}

#[test]
fn the_number_under_way_is_bounded() {
    let mut requests = Requests::default();
    let first = requests.open(0).expect("room");
    for key in 1..MOST {
        requests.open(key as u64).expect("room");
    }
    assert_eq!(requests.open(9), None);
    requests.close(first);
    assert!(requests.open(9).is_some());
}
