use std::net::SocketAddr;

use super::stage::{Did, RELAY, Stage, client, code, peer, settings, tuple};
use turn::client::{Client, Heard, Value, channel_data, send_indication};
use turn::{Class, Code, Message, Method, Reply, Server, Usage, What, attribute, method};

/// Who is no peer, whatever may be there.
const STRANGERS: [&str; 8] = [
    "127.0.0.1:80",
    "127.0.0.1:40000",
    "169.254.169.254:80",
    "10.0.0.1:22",
    "198.51.100.1:3478",
    "203.0.113.8:40000",
    "0.0.0.0:40000",
    "255.255.255.255:40000",
];

#[test]
fn nothing_is_relayed_to_whoever_is_no_peer() {
    let mut stage = Stage::new();
    let from = tuple(5000);
    let mut client = client("abc");
    stage.allocate(from, &mut client);
    let id = stage.last.unwrap();
    for stranger in STRANGERS {
        let stranger: SocketAddr = stranger.parse().unwrap();
        let permit = client.permit(stranger);
        assert_eq!(
            code(&stage.ask(from, &mut client, permit)),
            403,
            "{stranger}"
        );
        let bind = client.bind(0x4001, stranger);
        assert_eq!(code(&stage.ask(from, &mut client, bind)), 403, "{stranger}");
        assert_eq!(
            stage.give(from, &send_indication(stranger, b"x")),
            Did::Nothing
        );
        assert_eq!(stage.give(from, &channel_data(0x4001, b"x")), Did::Nothing);
        assert!(
            stage
                .server
                .from_peer(&stage.now, id, stranger, 1)
                .is_none()
        );
    }
    let many = STRANGERS.len() as u64;
    let counts = stage.server.counts();
    assert_eq!(
        counts.answered(Method::CreatePermission, Code::Forbidden),
        many
    );
    assert_eq!(counts.answered(Method::ChannelBind, Code::Forbidden), many);
    assert_eq!(
        (counts.unpermitted, counts.unasked, counts.to_peers),
        (2 * many, many, 0)
    );
    let events = stage.server.take_events();
    let metadata = "169.254.169.254:80".parse().ok();
    let told = events.iter().any(|event| {
        let forbidden = What::Refused {
            method: Method::CreatePermission,
            code: Code::Forbidden,
            peer: metadata,
        };
        event.what == forbidden && &*event.label == "abc"
    });
    assert!(told, "{events:?}");
}

#[test]
fn one_forbidden_peer_among_others_permits_none() {
    let mut stage = Stage::new();
    let from = tuple(5000);
    let mut client = client("abc");
    stage.allocate(from, &mut client);
    let peers = [peer(), "127.0.0.1:80".parse().unwrap()];
    let attributes = peers.map(|peer| (attribute::XOR_PEER_ADDRESS, Value::Address(peer)));
    let permit = client.ask(method::CREATE_PERMISSION, attributes.to_vec());
    assert_eq!(code(&stage.ask(from, &mut client, permit)), 403);
    assert_eq!(
        stage.give(from, &send_indication(peer(), b"x")),
        Did::Nothing
    );
}

#[test]
fn a_permission_is_for_an_address_but_data_only_for_its_listed_port() {
    let mut stage = Stage::new();
    let from = tuple(5000);
    let mut client = client("abc");
    stage.allocate(from, &mut client);
    let id = stage.last.unwrap();
    let other = SocketAddr::new(peer().ip(), 22);
    let permit = client.permit(other);
    assert_eq!(
        stage.ask(from, &mut client, permit),
        Heard::Granted(method::CREATE_PERMISSION)
    );
    let bind = client.bind(0x4001, other);
    assert_eq!(code(&stage.ask(from, &mut client, bind)), 403);
    assert_eq!(
        stage.give(from, &send_indication(other, b"x")),
        Did::Nothing
    );
    assert!(stage.server.from_peer(&stage.now, id, other, 1).is_none());
    assert!(matches!(
        stage.give(from, &send_indication(peer(), b"x")),
        Did::Relayed { .. }
    ));
    let counts = stage.server.counts();
    assert_eq!((counts.forbidden, counts.unasked), (1, 1));
}

#[test]
fn whoever_is_no_peer_any_more_is_cut_off_at_once() {
    let mut stage = Stage::new();
    let from = tuple(5000);
    let (_, id) = stage.connected(from, "abc");
    assert!(stage.server.from_peer(&stage.now, id, peer(), 1).is_some());
    let mut without = settings();
    without.peers.clear();
    stage.server.set_settings(without);
    assert!(stage.server.from_peer(&stage.now, id, peer(), 1).is_none());
    assert_eq!(stage.give(from, &channel_data(0x4001, b"x")), Did::Nothing);
}

#[test]
fn forged_expired_malformed_and_oversized_credentials_are_refused_and_counted() {
    let mut stage = Stage::new();
    let long = "x".repeat(500);
    let attempts = [
        Client::of_secret("guessed", 2_000, "abc", *b"seed"),
        Client::new("2000:abc", "password", *b"seed"),
        Client::of_secret("current", 909, "abc", *b"seed"),
        Client::of_secret("current", 2_000, &long, *b"seed"),
        Client::new("admin", "admin", *b"seed"),
        Client::new("", "", *b"seed"),
    ];
    for mut attempt in attempts {
        let heard = stage.allocate(tuple(5000), &mut attempt);
        assert_eq!(code(&heard), 401, "{attempt:?}");
    }
    let counts = stage.server.counts();
    let refused = (
        counts.signatures_forged,
        counts.names_expired,
        counts.names_malformed,
    );
    assert_eq!(refused, (2, 1, 3));
    assert_eq!(counts.allocations, 0);
    assert_eq!(stage.server.take_events().len(), 6);
}

#[test]
fn a_nonce_is_good_for_its_client_only() {
    let mut stage = Stage::new();
    let mut client = client("abc");
    let first = client.allocate(false);
    let Did::Replied(challenge) = stage.give(tuple(5000), &first) else {
        panic!("no challenge");
    };
    let Heard::Send(signed) = client.hear(&challenge) else {
        panic!("no second request");
    };
    let Did::Replied(reply) = stage.give(tuple(5001), &signed) else {
        panic!("no answer");
    };
    let message = Message::parse(&reply).unwrap();
    let error = message.get(attribute::ERROR_CODE).unwrap();
    assert_eq!(error[2..4], [4, 38]);
}

#[test]
fn an_allocation_is_changed_by_its_user_only() {
    let mut stage = Stage::new();
    let from = tuple(5000);
    stage.connected(from, "abc");
    let mut other = Client::of_secret("current", 2_000, "other", *b"othr");
    let end = other.refresh(0);
    assert_eq!(code(&stage.ask(from, &mut other, end)), 441);
    assert_eq!(stage.server.counts().allocations, 1);
}

#[test]
fn quotas_hold_per_label_and_in_all_and_are_given_back() {
    let mut stage = Stage::new();
    let mut clients: Vec<Client> = (0..2).map(|_| client("abc")).collect();
    for (port, client) in (1..).zip(&mut clients) {
        assert!(matches!(
            stage.allocate(tuple(port), client),
            Heard::Allocated { .. }
        ));
    }
    assert_eq!(code(&stage.allocate(tuple(3), &mut client("abc"))), 486);
    // The same person with another pair of the same label.
    let mut again = Client::of_secret("current", 3_000, "abc", *b"seed");
    assert_eq!(code(&stage.allocate(tuple(3), &mut again)), 486);
    for port in 4..6 {
        let heard = stage.allocate(tuple(port), &mut client("xyz"));
        assert!(matches!(heard, Heard::Allocated { .. }));
    }
    assert_eq!(code(&stage.allocate(tuple(6), &mut client("new"))), 508);
    let end = clients[0].refresh(0);
    stage.ask(tuple(1), &mut clients[0], end);
    assert!(matches!(
        stage.allocate(tuple(7), &mut client("abc")),
        Heard::Allocated { .. }
    ));
}

#[test]
fn servers_of_one_port_share_their_quotas() {
    let (mut first, mut second) = (Stage::new(), Stage::new());
    let usage = Usage::default();
    for stage in [&mut first, &mut second] {
        stage.server = Server::new("muster", &[5; 32], usage.clone());
        stage.server.set_addresses(vec![RELAY]);
        stage.server.set_settings(settings());
    }
    let mut one = client("abc");
    let heard = first.allocate(tuple(1), &mut one);
    assert!(matches!(heard, Heard::Allocated { .. }));
    let heard = second.allocate(tuple(2), &mut client("abc"));
    assert!(matches!(heard, Heard::Allocated { .. }));
    let heard = second.allocate(tuple(3), &mut client("abc"));
    assert_eq!(code(&heard), 486);
    let end = one.refresh(0);
    first.ask(tuple(1), &mut one, end);
    let heard = second.allocate(tuple(3), &mut client("abc"));
    assert!(matches!(heard, Heard::Allocated { .. }));
    // A port that cannot be opened costs nobody anything.
    second.ports = false;
    let heard = second.allocate(tuple(4), &mut client("xyz"));
    assert_eq!(code(&heard), 508);
    for port in 5..7 {
        let heard = first.allocate(tuple(port), &mut client("xyz"));
        assert!(matches!(heard, Heard::Allocated { .. }));
    }
}

#[test]
fn channels_and_permissions_of_one_allocation_are_bounded() {
    let mut stage = Stage::new();
    let mut many = settings();
    many.peers = (1..=200)
        .map(|last| SocketAddr::new([203, 0, 113, last].into(), 40_000))
        .collect();
    stage.server.set_settings(many.clone());
    let from = tuple(5000);
    let mut client = client("abc");
    stage.allocate(from, &mut client);
    let mut granted = 0;
    for (number, peer) in (0x4000..).zip(&many.peers) {
        let bind = client.bind(number, *peer);
        match stage.ask(from, &mut client, bind) {
            Heard::Granted(_) => granted += 1,
            refused => assert_eq!(code(&refused), 508),
        }
    }
    assert_eq!(granted, 64);
    // A channel is bound once, a peer too, and the numbers have bounds.
    let known = *many.peers.first().unwrap();
    let other = *many.peers.last().unwrap();
    for (number, peer) in [
        (0x4000, other),
        (0x5000, known),
        (0x3fff, known),
        (0x7fff, known),
    ] {
        let bind = client.bind(number, peer);
        assert_eq!(
            code(&stage.ask(from, &mut client, bind)),
            400,
            "{number:x} {peer}"
        );
    }
}

#[test]
fn strangers_are_answered_at_a_bounded_rate() {
    let mut stage = Stage::new();
    let mut reply = Reply::default();
    reply.begin(Class::Request, method::BINDING, [1; 16]);
    reply.finish();
    let binding = reply.bytes().to_vec();
    let mut client = client("abc");
    let answered = (0..5_000).filter(|index| {
        let request = match index % 2 {
            0 => binding.clone(),
            _ => client.allocate(false),
        };
        stage.give(tuple(5000), &request) != Did::Nothing
    });
    assert_eq!(answered.count(), 2_000);
    assert_eq!(stage.server.counts().over_rate, 3_000);
}

#[test]
fn requests_that_cannot_be_served_say_why() {
    let mut stage = Stage::new();
    let from = tuple(5000);
    let mut client = client("abc");
    let bytes = |bytes: &[u8]| Value::Bytes(bytes.to_vec());
    let udp = || (attribute::REQUESTED_TRANSPORT, bytes(&[17, 0, 0, 0]));
    for (attributes, expected) in [
        (vec![], 400),
        (
            vec![(attribute::REQUESTED_TRANSPORT, bytes(&[6, 0, 0, 0]))],
            442,
        ),
        (vec![udp(), (attribute::DONT_FRAGMENT, bytes(&[]))], 420),
        (vec![udp(), (0x7123, bytes(&[]))], 420),
        (vec![udp(), (attribute::EVEN_PORT, bytes(&[0x80]))], 508),
        (
            vec![udp(), (attribute::RESERVATION_TOKEN, bytes(&[0; 8]))],
            508,
        ),
        (
            vec![
                udp(),
                (attribute::REQUESTED_ADDRESS_FAMILY, bytes(&[3, 0, 0, 0])),
            ],
            440,
        ),
    ] {
        let request = client.ask(method::ALLOCATE, attributes.clone());
        let heard = stage.ask(from, &mut client, request);
        assert_eq!(code(&heard), expected, "{attributes:?}");
    }
    stage.ports = false;
    assert_eq!(code(&stage.allocate(from, &mut client)), 508);
    for method in [method::CREATE_PERMISSION, method::CHANNEL_BIND, 0x0a, 0x7f] {
        let request = client.ask(method, vec![]);
        assert_eq!(
            code(&stage.ask(from, &mut client, request)),
            400,
            "{method}"
        );
    }
    let permit = client.permit(peer());
    assert_eq!(code(&stage.ask(from, &mut client, permit)), 437);
    let refresh = client.refresh(600);
    assert_eq!(code(&stage.ask(from, &mut client, refresh)), 437);
}
