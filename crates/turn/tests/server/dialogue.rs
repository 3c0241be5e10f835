use std::net::SocketAddr;
use std::time::Duration;

use super::stage::{Did, RELAY, Stage, client, code, peer, settings, tuple};
use turn::client::{Client, Heard, channel_data, send_indication};
use turn::{Class, Code, Ended, Message, Method, Reply, Tuple, Via, What, attribute, method};

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_client_gets_an_address_and_data_goes_both_ways() {
    let mut stage = Stage::new();
    let from = tuple(5000);
    let mut client = client("abc");
    let heard = stage.allocate(from, &mut client);
    let expected = Heard::Allocated {
        relayed: SocketAddr::new(RELAY, 50_001),
        mapped: from.remote,
        lifetime: 600,
    };
    assert_eq!(heard, expected);
    let id = stage.last.unwrap();

    let permit = client.permit(peer());
    let granted = Heard::Granted(method::CREATE_PERMISSION);
    assert_eq!(stage.ask(from, &mut client, permit), granted);
    let sent = stage.give(from, &send_indication(peer(), b"hello"));
    let (data, to) = (b"hello".to_vec(), peer());
    assert_eq!(sent, Did::Relayed { id, peer: to, data });
    let dress = stage.server.from_peer(&stage.now, id, peer(), 5).unwrap();
    assert_eq!(
        dress.head().len(),
        stage.server.room(&stage.now, id, peer())
    );
    let mut bytes = [dress.head(), b"there"].concat();
    bytes.resize(bytes.len() + dress.padding, 0);
    let data = Heard::Data {
        peer: peer(),
        data: b"there",
    };
    assert_eq!(client.hear(&bytes), data);

    let bind = client.bind(0x4001, peer());
    let granted = Heard::Granted(method::CHANNEL_BIND);
    assert_eq!(stage.ask(from, &mut client, bind), granted);
    let sent = stage.give(from, &channel_data(0x4001, b"hello"));
    let (data, to) = (b"hello".to_vec(), peer());
    assert_eq!(sent, Did::Relayed { id, peer: to, data });
    let dress = stage.server.from_peer(&stage.now, id, peer(), 5).unwrap();
    assert_eq!((dress.head(), dress.padding), (&[0x40, 1, 0, 5][..], 0));
    assert_eq!(stage.server.room(&stage.now, id, peer()), 4);

    let counts = stage.server.counts();
    assert_eq!((counts.to_peers, counts.to_peers_bytes), (2, 10));
    assert_eq!((counts.to_clients, counts.to_clients_bytes), (2, 10));
    let allocate = |code| counts.answered(Method::Allocate, code);
    assert_eq!(
        (allocate(Code::Unauthorized), allocate(Code::Success)),
        (1, 1)
    );
}

#[test]
fn channel_data_is_padded_on_streams() {
    let mut stage = Stage::new();
    let from = Tuple {
        via: Via::Tls,
        stream: 3,
        ..tuple(5000)
    };
    let (_, id) = stage.connected(from, "abc");
    let dress = stage.server.from_peer(&stage.now, id, peer(), 5).unwrap();
    assert_eq!((dress.head().len(), dress.padding), (4, 3));
}

#[test]
fn binding_is_answered_to_old_and_new_clients_without_settings() {
    let mut stage = Stage::without_settings();
    let request = |transaction: [u8; 16]| {
        let mut reply = Reply::default();
        reply.begin(Class::Request, method::BINDING, transaction);
        reply.finish();
        reply.bytes().to_vec()
    };
    let mut modern = [9; 16];
    modern[..4].copy_from_slice(&[0x21, 0x12, 0xa4, 0x42]);
    for (transaction, kind) in [
        (modern, attribute::XOR_MAPPED_ADDRESS),
        ([9; 16], attribute::MAPPED_ADDRESS),
    ] {
        let Did::Replied(reply) = stage.give(tuple(5000), &request(transaction)) else {
            panic!("no answer");
        };
        let message = Message::parse(&reply).unwrap();
        assert_eq!(message.class, Class::Success);
        let value = message.get(kind).unwrap();
        let plain = [
            0,
            1,
            5000_u16.to_be_bytes()[0],
            5000_u16.to_be_bytes()[1],
            192,
            0,
            2,
            9,
        ];
        match kind {
            attribute::MAPPED_ADDRESS => assert_eq!(value, plain),
            _ => assert_eq!(message.address(value), Some(tuple(5000).remote)),
        }
    }
    // Nothing else is.
    let heard = stage.allocate(tuple(5000), &mut client("abc"));
    assert_eq!(code(&heard), 508);
    assert!(stage.server.take_events().is_empty());
}

#[test]
fn an_allocation_lives_as_long_as_it_is_refreshed_and_its_credentials_need_not() {
    let mut stage = Stage::new();
    let from = tuple(5000);
    let (mut client, id) = stage.connected(from, "abc");
    // The credentials are good for 1000 s more.
    for _ in 0..20 {
        stage.pass(4 * MINUTE);
        let refresh = client.refresh(600);
        assert_eq!(
            stage.ask(from, &mut client, refresh),
            Heard::Granted(method::REFRESH)
        );
    }
    assert!(stage.server.take_ended().is_empty());
    stage.pass(11 * MINUTE);
    assert_eq!(stage.server.take_ended(), [id]);
    assert_eq!(stage.server.counts().allocations, 0);
    let refresh = client.refresh(600);
    assert_eq!(
        code(&stage.ask(from, &mut client, refresh)),
        401,
        "the credentials are old"
    );
    let events = stage.server.take_events();
    let ended = |what: &What| {
        matches!(
            what,
            What::Ended {
                why: Ended::Expired,
                ..
            }
        )
    };
    assert!(events.iter().any(|event| ended(&event.what)), "{events:?}");
}

#[test]
fn an_allocation_is_ended_on_request_and_twice_is_no_error() {
    let mut stage = Stage::new();
    let from = tuple(5000);
    let (mut client, id) = stage.connected(from, "abc");
    for _ in 0..2 {
        let refresh = client.refresh(0);
        assert_eq!(
            stage.ask(from, &mut client, refresh),
            Heard::Granted(method::REFRESH)
        );
    }
    assert_eq!(stage.server.take_ended(), [id]);
    assert!(stage.server.from_peer(&stage.now, id, peer(), 5).is_none());
    assert_eq!(stage.give(from, &channel_data(0x4001, b"x")), Did::Nothing);
}

#[test]
fn the_end_of_a_connection_ends_the_allocation() {
    let mut stage = Stage::new();
    let from = Tuple {
        via: Via::Tcp,
        stream: 1,
        ..tuple(5000)
    };
    let (_, id) = stage.connected(from, "abc");
    stage.server.disconnected(&stage.now, &from);
    assert_eq!(stage.server.take_ended(), [id]);
}

#[test]
fn a_repeated_allocate_gets_the_same_answer_and_another_is_a_mismatch() {
    let mut stage = Stage::new();
    let from = tuple(5000);
    let mut client = client("abc");
    let first = client.allocate(false);
    let Did::Replied(challenge) = stage.give(from, &first) else {
        panic!("no challenge");
    };
    let Heard::Send(request) = client.hear(&challenge) else {
        panic!("no second request");
    };
    let answer = stage.give(from, &request);
    assert_eq!(stage.give(from, &request), answer);
    assert_eq!(stage.server.counts().allocations, 1);
    assert_eq!(code(&stage.allocate(from, &mut client)), 437);
}

#[test]
fn secrets_are_rotated_under_a_running_call() {
    let mut stage = Stage::new();
    let from = tuple(5000);
    let (mut first, _) = stage.connected(from, "abc");
    let mut rotated = settings();
    rotated.secrets = vec![turn::Secret::new("third"), turn::Secret::new("second")];
    stage.server.set_settings(rotated);
    let refresh = first.refresh(600);
    assert_eq!(
        stage.ask(from, &mut first, refresh),
        Heard::Granted(method::REFRESH)
    );
    assert_eq!(code(&stage.allocate(tuple(5001), &mut client("abc"))), 401);
    let mut second = Client::of_secret("second", 2_000, "abc", *b"2222");
    assert!(matches!(
        stage.allocate(tuple(5001), &mut second),
        Heard::Allocated { .. }
    ));
}

#[test]
fn credentials_are_judged_by_the_masters_clock() {
    for (offset, expected) in [(0, 0), (-1_000_000, 0), (1_090_000, 0), (1_091_000, 401)] {
        let mut stage = Stage::new();
        let mut skewed = settings();
        skewed.clock_offset_ms = offset;
        stage.server.set_settings(skewed);
        let heard = stage.allocate(tuple(5000), &mut client("abc"));
        match expected {
            0 => assert!(
                matches!(heard, Heard::Allocated { .. }),
                "{offset} {heard:?}"
            ),
            _ => assert_eq!(code(&heard), expected, "{offset}"),
        }
    }
}

#[test]
fn nonces_are_renewed_without_the_application_noticing() {
    let mut stage = Stage::new();
    let from = tuple(5000);
    let (mut client, _) = stage.connected(from, "abc");
    let refresh = client.refresh(3600);
    assert_eq!(
        stage.ask(from, &mut client, refresh),
        Heard::Granted(method::REFRESH)
    );
    stage.pass(59 * MINUTE);
    let refresh = client.refresh(3600);
    assert_eq!(
        stage.ask(from, &mut client, refresh),
        Heard::Granted(method::REFRESH)
    );
    stage.pass(30 * MINUTE);
    let refresh = client.refresh(3600);
    assert_eq!(
        stage.ask(from, &mut client, refresh),
        Heard::Granted(method::REFRESH)
    );
    let stale = stage
        .server
        .counts()
        .answered(Method::Refresh, Code::StaleNonce);
    assert_eq!(stale, 1);
}

#[test]
fn permissions_and_channels_run_out() {
    let mut stage = Stage::new();
    let from = tuple(5000);
    let (mut client, id) = stage.connected(from, "abc");
    let refresh = client.refresh(3600);
    stage.ask(from, &mut client, refresh);
    stage.pass(6 * MINUTE);
    assert_eq!(
        stage.give(from, &channel_data(0x4001, b"x")),
        Did::Nothing,
        "the permission is over"
    );
    assert!(stage.server.from_peer(&stage.now, id, peer(), 1).is_none());
    let permit = client.permit(peer());
    stage.ask(from, &mut client, permit);
    assert!(matches!(
        stage.give(from, &channel_data(0x4001, b"x")),
        Did::Relayed { .. }
    ));
    stage.pass(5 * MINUTE);
    let permit = client.permit(peer());
    stage.ask(from, &mut client, permit);
    assert_eq!(
        stage.give(from, &channel_data(0x4001, b"x")),
        Did::Nothing,
        "the channel is over"
    );
    let dress = stage.server.from_peer(&stage.now, id, peer(), 1).unwrap();
    assert_eq!(dress.head().len(), 36, "an indication");
}

#[test]
fn own_peers_are_relayed_to_without_being_listed_and_addresses_choose_the_family() {
    let mut stage = Stage::new();
    let own: SocketAddr = "[2001:db8::1]:40000".parse().unwrap();
    let mut client = client("abc");
    let from = tuple(5000);
    let ask = client.allocate(true);
    assert_eq!(
        code(&stage.ask(from, &mut client, ask)),
        440,
        "no IPv6 address is known"
    );
    stage.server.set_addresses(vec![RELAY, own.ip()]);
    stage.server.set_own_peers([own]);
    let ask = client.allocate(true);
    let heard = stage.ask(from, &mut client, ask);
    assert!(matches!(heard, Heard::Allocated { relayed, .. } if relayed.ip() == own.ip()));
    let bind = client.bind(0x4002, own);
    assert_eq!(
        stage.ask(from, &mut client, bind),
        Heard::Granted(method::CHANNEL_BIND)
    );
    let bind = client.bind(0x4003, peer());
    assert_eq!(code(&stage.ask(from, &mut client, bind)), 443);
}
