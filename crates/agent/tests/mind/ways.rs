//! What the master says of ways to this node, and wants looked at.

use std::time::Duration;

use agent::{Effect, Input, NewCandidates, Protocol, Settings, ToMaster, Withheld};

use crate::stage::Node;

fn udp() -> Vec<Withheld> {
    let ip = "192.0.2.1".parse().expect("an address");
    let protocol = Protocol::Udp;
    vec![Withheld { ip, protocol }]
}

#[test]
fn what_is_withheld_reaches_the_plane_and_a_new_master_begins_anew() {
    let mut node = Node::new(Settings::default());
    assert_eq!(node.take(Input::Withhold(udp())), [], "nobody may say so");
    node.attach(1);
    let told = node.take(Input::Withhold(udp()));
    assert_eq!(told, [Effect::Withhold(udp())]);
    node.lose();
    node.introduce(&[]);
    let welcomed = node.welcome(1);
    assert!(
        welcomed.contains(&Effect::Withhold(Vec::new())),
        "{welcomed:?}"
    );
}

#[test]
fn a_plane_that_was_busy_is_told_again_what_holds_now() {
    let mut node = Node::new(Settings::default());
    node.attach(1);
    node.take(Input::Withhold(udp()));
    node.take(Input::NotWithheld);
    node.wait(Duration::from_millis(100));
    assert!(node.take(Input::Tick).contains(&Effect::Withhold(udp())));
}

#[test]
fn looks_are_bounded() {
    let mut node = Node::new(Settings::default());
    assert_eq!(node.take(Input::Look(1)), []);
    node.attach(1);
    for number in 1..=8 {
        assert_eq!(node.take(Input::Look(number)), [Effect::Look(number)]);
    }
    assert_eq!(node.take(Input::Look(9)), [Effect::NoLook(9)]);
    node.take(Input::LookOver(3));
    assert_eq!(node.take(Input::Look(9)), [Effect::Look(9)]);
}

#[test]
fn what_clients_are_to_be_told_goes_to_the_master_and_to_the_next_one() {
    let mut node = Node::new(Settings::default());
    let told = NewCandidates {
        transport: "ann/1".into(),
        addresses: 2,
        sdp_mid: "0".into(),
        sdp_m_line_index: 0,
        candidates: vec!["candidate:1".into()],
    };
    let input = || Input::Candidates(told.clone());
    assert_eq!(node.take(input()), [], "there is nobody to hear it");
    node.introduce(&[]);
    let welcomed = node.welcome(1);
    assert!(welcomed.contains(&Effect::TellAgain), "{welcomed:?}");
    let said = [Effect::Send(ToMaster::Candidates(told.clone()))];
    assert_eq!(node.take(input()), said);
}
