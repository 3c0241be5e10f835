//! What a node's mind does, one rule each.

use std::time::Duration;

use crate::stage::{Node, accept, close, ended, interfaces, on, said, transport, welcome};
use addresses::{AddressSettings, PublicAddress};
use agent::{
    Answer, Ask, Cause, Command, Effect, Ended, Exit, Failure, FailureKind, Input, Note, Settings,
    Stage, ToMaster,
};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

fn submitted(effects: &[Effect]) -> u64 {
    match effects {
        [Effect::Submit { key, .. }] => *key,
        other => panic!("expected one command for the plane, got {other:?}"),
    }
}

fn failure(effects: &[Effect]) -> (u64, FailureKind) {
    match said(effects).as_slice() {
        [
            ToMaster::Answer {
                key,
                result: Err(failure),
            },
        ] => (*key, failure.kind),
        other => panic!("expected one failure, got {other:?}"),
    }
}

#[test]
fn a_command_reaches_the_plane_and_its_answer_the_master() {
    let mut node = Node::new(Settings::default());
    let hello = node.attach(1);
    assert_eq!(hello.addresses.ips, [on("192.0.2.1").ip]);
    assert_eq!((hello.shards, hello.addresses.version), (1, 1));

    let key = submitted(&node.take(accept(900, 1)));
    let answered = node.take(Input::Answered {
        key,
        result: Ok(Answer::Accepted),
    });
    let expected = ToMaster::Answer {
        key: 900,
        result: Ok(Answer::Accepted),
    };
    assert_eq!(said(&answered), [&expected]);

    let changed = node.take(Input::Transport {
        transport: transport(Stage::Connected),
        reason: "dtls".into(),
    });
    assert!(matches!(
        said(&changed)[..],
        [ToMaster::TransportChanged { transport, .. }] if transport.stage == Stage::Connected
    ));

    let stopped = node.take(Input::Stop);
    assert!(matches!(said(&stopped)[..], [ToMaster::Leaving { .. }]));
    assert_eq!(stopped.last(), Some(&Effect::Exit(Exit::Stopped)));
    assert_eq!(node.agent.next_deadline(), None);
    assert_eq!(node.take(Input::Tick), []);
}

#[test]
fn a_new_master_hears_a_whole_snapshot_and_no_answer_of_the_old() {
    let mut node = Node::new(Settings::default());
    node.attach(1);
    let old = submitted(&node.take(accept(7, 1)));
    node.lose();

    let carried = [transport(Stage::Disconnected), transport(Stage::Closed)];
    let hello = node.introduce(&carried);
    assert_eq!(hello.transports, carried[..1]);
    node.welcome(2);
    let new = submitted(&node.take(accept(7, 2)));
    let late = node.take(Input::Answered {
        key: old,
        result: Ok(Answer::Offer("old".into())),
    });
    assert_eq!(late, []);
    let answered = node.take(Input::Answered {
        key: new,
        result: Ok(Answer::Accepted),
    });
    assert!(matches!(
        said(&answered)[..],
        [ToMaster::Answer {
            key: 7,
            result: Ok(Answer::Accepted)
        }]
    ));
}

#[test]
fn a_master_of_an_old_term_is_hung_up_on_and_dialled_anew() {
    let mut node = Node::new(Settings::default());
    node.attach(5);
    node.lose();
    node.introduce(&[]);
    let refused = node.welcome(4);
    let stale = Note::StaleMaster {
        master: "master-4".into(),
        term: 4,
        highest: 5,
    };
    let fenced = ToMaster::Fenced {
        master: "master-5".into(),
        term: 5,
    };
    let said = [Effect::Send(fenced), Effect::Note(stale), Effect::HangUp];
    assert_eq!(refused, said);
    // What it had sent before it noticed.
    assert_eq!(node.take(accept(1, 4)), []);
    assert_eq!(node.take(welcome(5)), []);
    node.take(ended("this node hung up"));
    node.attach(5);
    submitted(&node.take(accept(1, 5)));
}

#[test]
fn commands_of_a_lower_term_and_for_another_boot_are_refused() {
    let mut node = Node::new(Settings::default());
    node.attach(5);
    assert_eq!(
        failure(&node.take(accept(3, 4))),
        (3, FailureKind::StaleTerm)
    );
    assert!(matches!(node.take(close(4))[..], [Effect::Note(_)]));
    let other = Command {
        key: 4,
        term: 5,
        boot_id: "other".into(),
        ask: Ask::Accept {
            transport: "t".into(),
            answer: String::new(),
        },
    };
    let effects = node.take(Input::Command(other));
    assert_eq!(failure(&effects), (4, FailureKind::OtherBoot));
}

#[test]
fn a_superseded_node_ends() {
    let mut node = Node::new(Settings::default());
    node.introduce(&[transport(Stage::Connected)]);
    let effects = node.take(Input::Ended {
        why: Ended::Refused {
            cause: Cause::Superseded,
            reason: "a later boot".into(),
        },
        jitter: 0.0,
    });
    let exit = Exit::Superseded {
        reason: "a later boot".into(),
    };
    assert_eq!(effects, [Effect::Exit(exit)]);
}

#[test]
fn a_refusal_is_told_once_and_asked_again_slowly() {
    let refused = || Input::Ended {
        why: Ended::Refused {
            cause: Cause::Other,
            reason: "no".into(),
        },
        jitter: 0.0,
    };
    let mut node = Node::new(Settings::default());
    node.introduce(&[]);
    assert_eq!(node.take(refused()).len(), 1);
    assert!(!node.live(4 * SECOND, &[]).contains(&Effect::Dial));
    node.introduce(&[]);
    assert_eq!(node.take(refused()), []);
}

#[test]
fn a_node_waits_longer_for_a_master_that_does_not_answer() {
    let mut node = Node::new(Settings::default());
    let mut gaps = Vec::new();
    for _ in 0..5 {
        let before = node.now;
        while !node.take(Input::Tick).contains(&Effect::Dial) {
            node.now = node.agent.next_deadline().expect("at work").at;
        }
        gaps.push(node.now.since(before).as_millis());
        node.take(Input::Ended {
            why: Ended::Unreachable {
                reason: "refused".into(),
            },
            jitter: 0.0,
        });
    }
    assert_eq!(gaps, [0, 200, 400, 800, 1600]);
}

#[test]
fn alone_and_idle_a_node_ends_but_not_while_it_carries_media() {
    let settings = Settings {
        exit_when_orphaned: Some(60 * SECOND),
    };
    let carried = [transport(Stage::Connected)];
    let mut busy = Node::new(settings.clone());
    let mut idle = Node::new(settings);
    let orphaned = Effect::Exit(Exit::Orphaned);
    assert!(!idle.live(59 * SECOND, &[]).contains(&orphaned));
    assert!(idle.live(2 * SECOND, &[]).contains(&orphaned));
    assert!(!busy.live(HOUR, &carried).contains(&orphaned));
    assert!(busy.live(62 * SECOND, &[]).contains(&orphaned));
}

#[test]
fn a_break_of_any_length_changes_nothing_on_the_node() {
    let carried = [transport(Stage::Connected)];
    let mut node = Node::new(Settings {
        exit_when_orphaned: Some(60 * SECOND),
    });
    node.attach(1);
    let begin = node.now;
    node.take(ended("broken"));
    let mut effects = Vec::new();
    while node.now < begin + 24 * HOUR {
        let lived = node.live(SECOND, &carried);
        if lived.contains(&Effect::Dial) {
            effects.extend(node.take(ended("unreachable")));
        }
        effects.extend(lived);
    }
    let changes = effects.iter().filter(|effect| {
        matches!(
            effect,
            Effect::Submit { .. } | Effect::SetAddresses { .. } | Effect::Exit(_)
        )
    });
    assert_eq!(changes.count(), 0);
    assert_eq!(node.introduce(&carried).transports, carried);
}

#[test]
fn time_asleep_counts_for_nothing() {
    let settings = Settings {
        exit_when_orphaned: Some(60 * SECOND),
    };
    let mut node = Node::new(settings);
    let orphaned = Effect::Exit(Exit::Orphaned);
    assert!(!node.live(30 * SECOND, &[]).contains(&orphaned));
    node.wait(HOUR);
    let woken = node.live(28 * SECOND, &[]);
    assert!(
        matches!(woken[0], Effect::Note(Note::Slept(span)) if span > HOUR - 2 * SECOND),
        "{woken:?}"
    );
    assert!(!woken.contains(&orphaned));
    assert!(node.live(5 * SECOND, &[]).contains(&orphaned));
}

#[test]
fn a_stopped_node_goes_on_where_it_was() {
    let carried = [transport(Stage::Connected)];
    let mut node = Node::new(Settings::default());
    node.introduce(&carried);
    node.welcome(1);
    node.live(3 * SECOND, &carried);
    node.wait(90 * SECOND);
    let woken = node.live(3 * SECOND, &carried);
    let ends = woken.iter().any(|effect| {
        matches!(
            effect,
            Effect::HangUp | Effect::Exit(_) | Effect::Submit { .. }
        )
    });
    assert!(!ends, "{woken:?}");
    submitted(&node.take(accept(1, 1)));
}

#[test]
fn a_change_of_addresses_is_told_with_a_higher_version_and_only_then() {
    let mut node = Node::new(Settings::default());
    let before = node.attach(1).addresses;
    assert_eq!(node.take(interfaces(&["192.0.2.1"])), []);
    let effects = node.take(interfaces(&["192.0.2.7"]));
    let [ToMaster::AddressesChanged(after)] = said(&effects)[..] else {
        panic!("expected new addresses, got {effects:?}");
    };
    assert!(after.version > before.version);
    assert!(effects.contains(&Effect::SetAddresses {
        version: after.version,
        ips: vec![on("192.0.2.7").ip],
    }));

    let none = node.take(interfaces(&[]));
    assert!(matches!(
        said(&none)[..],
        [ToMaster::AddressesChanged(a)] if a.ips.is_empty() && a.problem.contains("no address at all")
    ));
}

#[test]
fn configured_addresses_need_no_interfaces() {
    let configured = on("203.0.113.5").ip;
    let addresses = AddressSettings {
        public_addresses: vec![PublicAddress::Ip(configured)],
        ..AddressSettings::default()
    };
    let mut node = Node::at(Settings::default(), &addresses);
    assert_eq!(node.attach(1).addresses.ips, [configured]);
    let effects = node.take(interfaces(&[]));
    let [ToMaster::AddressesChanged(after)] = said(&effects)[..] else {
        panic!("expected other entries, got {effects:?}");
    };
    assert_eq!((after.version, &after.ips[..]), (1, &[configured][..]));
}

#[test]
fn what_a_busy_plane_did_not_take_is_answered_or_said_again() {
    let mut node = Node::new(Settings::default());
    node.attach(1);
    let busy = || Failure::new(FailureKind::Unavailable, "the queue is full");
    let Effect::Submit { key, ask } = node.take(accept(5, 1)).remove(0) else {
        panic!("expected a command");
    };
    let refused = node.take(Input::NotSubmitted {
        key,
        ask,
        failure: busy(),
    });
    assert_eq!(failure(&refused), (5, FailureKind::Unavailable));

    let Effect::Submit { key, ask } = node.take(close(1)).remove(0) else {
        panic!("expected a command");
    };
    let lost = Input::NotSubmitted {
        key,
        ask: ask.clone(),
        failure: busy(),
    };
    assert_eq!(node.take(lost), []);
    assert_eq!(node.take(Input::AddressesNotSet), []);
    let again = node.live(Duration::from_millis(100), &[]);
    let addresses = Effect::SetAddresses {
        version: 1,
        ips: vec![on("192.0.2.1").ip],
    };
    assert_eq!(
        again[again.len() - 2..],
        [Effect::Submit { key, ask }, addresses]
    );
    let quiet = node.live(10 * SECOND, &[]);
    assert!(!quiet.iter().any(|e| matches!(e, Effect::Submit { .. })));
}

#[test]
fn without_a_snapshot_nobody_is_greeted() {
    let mut node = Node::new(Settings::default());
    node.take(Input::Tick);
    let carried = Err("the plane is ill".into());
    let effects = node.take(Input::Connected { carried });
    assert!(said(&effects).is_empty());
    assert_eq!(effects.last(), Some(&Effect::HangUp));
}

#[test]
fn load_is_told_only_while_attached() {
    let loads = |effects: Vec<Effect>| {
        let load = |effect: &Effect| matches!(effect, Effect::Send(ToMaster::Load(_)));
        effects.into_iter().filter(load).count()
    };
    let carried = [transport(Stage::Connected)];
    let mut node = Node::new(Settings::default());
    assert_eq!(loads(node.live(5 * SECOND, &carried)), 0);
    let mut node = Node::new(Settings::default());
    node.introduce(&carried);
    assert_eq!(loads(node.welcome(1)), 1);
    assert_eq!(loads(node.live(10 * SECOND, &carried)), 10);
}
