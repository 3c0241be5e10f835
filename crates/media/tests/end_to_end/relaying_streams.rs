//! Clients of the relay by TCP and TLS, and a relay that stands alone.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::relay::{Code, Ended, Method, Options, Relay, What};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned};

use super::client::Client;
use super::relay::{media_goes_both_ways, relaying, settings, turn};
use super::relayed::Relayed;
use super::world::{V4, World};

const PATIENCE: Duration = Duration::from_secs(20);

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect((V4, port)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

pub fn certificate() -> (ServerConfig, ClientConfig) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let chain = vec![made.cert.der().clone()];
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let server = ServerConfig::builder().with_no_client_auth();
    let client = ClientConfig::builder().with_root_certificates(roots);
    (
        server.with_single_cert(chain, key).unwrap(),
        client.with_no_client_auth(),
    )
}

fn secured(port: u16, config: ClientConfig) -> StreamOwned<ClientConnection, TcpStream> {
    let name = ServerName::try_from("localhost").unwrap();
    let session = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(session, connect(port));
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).unwrap();
    }
    stream.sock.set_nonblocking(true).unwrap();
    stream
}

fn permitted(mut relayed: Relayed, world: &World) -> Client {
    for port in world.plane.ports() {
        relayed.permit(SocketAddr::new(V4, port)).unwrap();
    }
    Client::relayed(relayed)
}

fn by_tcp(world: &World, label: &str) -> Relayed {
    let stream = connect(world.plane.stun_port());
    stream.set_nonblocking(true).unwrap();
    Relayed::stream(V4, stream, turn(label)).unwrap()
}

fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn media_goes_through_a_relay_by_tcp() {
    for shards in [1, 2] {
        let mut world = relaying(shards);
        let publisher = permitted(by_tcp(&world, "pub"), &world);
        let mut subscriber = by_tcp(&world, "sub");
        for port in world.plane.ports() {
            subscriber.bind(SocketAddr::new(V4, port)).unwrap();
        }
        media_goes_both_ways(&mut world, publisher, Client::relayed(subscriber));
        assert_eq!(world.counters().tcp_dropped, 0);
    }
}

#[test]
fn media_goes_through_a_relay_by_tls_at_the_same_port() {
    let (server, client) = certificate();
    let mut world = World::with_relay(
        1,
        Options {
            tls: Some(Arc::new(server)),
            ..Options::default()
        },
    );
    world.plane.set_relay(settings(&[])).unwrap();
    let port = world.plane.stun_port();
    let publisher = permitted(by_tcp(&world, "pub"), &world);
    let stream = secured(port, client);
    let subscriber = Relayed::stream(V4, stream, turn("sub")).unwrap();
    let subscriber = permitted(subscriber, &world);
    media_goes_both_ways(&mut world, publisher, subscriber);
    let events = world.plane.take_relay_events().unwrap();
    let by_tls = |label: &str| {
        let mut of = events.iter().filter(|event| &*event.label == label);
        of.all(|event| event.via == turn::Via::Tls)
    };
    assert!(by_tls("sub") && !by_tls("pub"), "{events:?}");
}

#[test]
fn a_connection_that_ends_ends_its_allocation() {
    let world = relaying(1);
    let relayed = by_tcp(&world, "abc");
    assert_eq!(world.plane.relay_counts().unwrap().allocations, 1);
    drop(relayed);
    eventually("the allocation ends", || {
        world.plane.relay_counts().unwrap().allocations == 0
    });
    let events = world.plane.take_relay_events().unwrap();
    let why = events.into_iter().find_map(|event| match event.what {
        What::Ended { why, .. } => Some(why),
        _ => None,
    });
    assert_eq!(why, Some(Ended::Disconnected));
}

#[test]
fn what_is_not_turn_is_closed() {
    let world = relaying(1);
    for bytes in [
        &b"\x80\x00"[..],
        // TLS where there is no certificate.
        &[0x16, 3, 1, 2, 0, 1, 0, 1],
        &[0x40, 0, 0xff, 0xff],
    ] {
        let mut stream = connect(world.plane.stun_port());
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(bytes).unwrap();
        let ended = matches!(stream.read(&mut [0; 100]), Ok(0) | Err(_));
        assert!(ended, "{bytes:?}");
    }
    eventually("all are closed", || world.counters().tcp_closed == 3);
}

fn alone(peers: &[SocketAddr]) -> Relay {
    let relay = media::relay::start(&media::relay::Config {
        ip: None,
        ports: 0..=0,
        addresses: vec![V4],
        options: Options::default(),
    });
    let relay = relay.unwrap();
    relay.set_settings(settings(peers)).unwrap();
    relay
}

/// Sends through the relay and back, to a socket that is a node to it.
fn echoes(relayed: &mut Relayed, node: &UdpSocket) {
    let peer = node.local_addr().unwrap();
    relayed.bind(peer).unwrap();
    let mut buffer = [0; 2048];
    for number in 1..=50_u8 {
        let data = vec![number; 20 * usize::from(number) + 1];
        relayed.send(peer, &data);
        let (len, from) = node.recv_from(&mut buffer).unwrap();
        assert_eq!((&buffer[..len], from), (&data[..], relayed.addr));
        node.send_to(&data, from).unwrap();
        let mut came = None;
        eventually("the relay brings the answer", || {
            came = came.or_else(|| relayed.read(&mut buffer));
            came.is_some()
        });
        assert_eq!(came, Some((data.len(), peer)));
    }
}

fn node() -> UdpSocket {
    let node = UdpSocket::bind((V4, 0)).unwrap();
    node.set_read_timeout(Some(PATIENCE)).unwrap();
    node
}

#[test]
fn a_relay_stands_alone_and_serves_by_udp_tcp_and_streams_of_others() {
    let node = node();
    let relay = alone(&[node.local_addr().unwrap()]);
    let at = SocketAddr::new(V4, relay.port());
    echoes(&mut Relayed::udp(V4, at, turn("udp")).unwrap(), &node);

    let stream = connect(relay.port());
    stream.set_nonblocking(true).unwrap();
    echoes(
        &mut Relayed::stream(V4, stream, turn("tcp")).unwrap(),
        &node,
    );

    let client = "192.0.2.7:4711".parse().unwrap();
    let stream = relay.stream(client, Some(V4)).unwrap();
    stream.set_nonblocking(true).unwrap();
    let mut relayed = Relayed::stream(V4, stream, turn("tls")).unwrap();
    echoes(&mut relayed, &node);
    let events = relay.take_events().unwrap();
    let mut of = events.iter().filter(|event| &*event.label == "tls");
    assert!(of.all(|event| event.client == client && event.via == turn::Via::Tls));
    let counts = relay.counts().unwrap();
    assert_eq!(counts.answered(Method::Allocate, Code::Success), 3);
    assert_eq!((counts.to_peers, counts.to_clients), (150, 150));
    drop(relayed);
    eventually("the stream's end is the allocation's", || {
        relay.counts().unwrap().allocations <= 1
    });
}

#[test]
fn two_relays_of_one_user_never_share_a_port() {
    let first = alone(&[]);
    let ports = first.port()..=first.port();
    let second = media::relay::start(&media::relay::Config {
        ip: None,
        ports,
        addresses: vec![V4],
        options: Options::default(),
    });
    assert!(second.is_err());
    let world = World::with_shards(&[V4], 2);
    let shards = NonZeroUsize::new(2).unwrap();
    let config = media::Config {
        evidence: None,
        shards,
        ports: world.plane.stun_port()..=world.plane.stun_port(),
        addresses: vec![V4],
        relay: Options::default(),
        relay_port: None,
    };
    assert!(media::start(config, Arc::new(|_| true)).is_err());
}

#[test]
fn ports_of_allocations_are_taken_from_their_range() {
    let range = 42_310..=42_313;
    let relay = media::relay::start(&media::relay::Config {
        ip: None,
        ports: 0..=0,
        addresses: vec![V4],
        options: Options {
            ports: range.clone(),
            tls: None,
        },
    });
    let relay = relay.unwrap();
    relay.set_settings(settings(&[])).unwrap();
    let at = SocketAddr::new(V4, relay.port());
    let all: Vec<_> = (0..5).map(|_| Relayed::udp(V4, at, turn("abc"))).collect();
    let mut ports: Vec<u16> = all.iter().flatten().map(|one| one.addr.port()).collect();
    assert!(ports.iter().all(|port| range.contains(port)), "{ports:?}");
    ports.sort_unstable();
    ports.dedup();
    assert!(ports.len() <= 4 && !ports.is_empty());
    assert_eq!(
        all.last().map(|last| last.as_ref().err().copied()),
        Some(Some(508))
    );
}
