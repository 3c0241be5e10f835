//! What strangers and liars may send.

use std::net::UdpSocket;
use std::time::Duration;

use media::Stage;
use str0m::media::MediaKind;

use super::calls::{frame, numbers};
use super::client::Client;
use super::world::{V4, World};

fn stranger(world: &World) -> UdpSocket {
    let socket = UdpSocket::bind((V4, 0)).unwrap();
    socket.connect(world.at(V4)).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    socket
}

fn stun_request(attributes: &[u8]) -> Vec<u8> {
    let mut request = vec![0, 1, 0, attributes.len() as u8, 0x21, 0x12, 0xa4, 0x42];
    request.extend([5; 12]);
    request.extend(attributes);
    request
}

#[test]
fn plain_binding_request_is_answered_at_the_media_port() {
    let world = World::new(&[V4]);
    answers_plainly(&stranger(&world));
}

#[test]
fn plain_binding_request_is_answered_where_no_media_is() {
    let world = World::with_shards(&[V4], 2);
    assert!(!world.plane.ports().contains(&world.plane.stun_port()));
    let socket = stranger(&world);
    socket.connect((V4, world.plane.stun_port())).unwrap();
    for nonsense in [&[][..], &[0; 19], &[0x80; 100], &[22; 3000]] {
        socket.send(nonsense).unwrap();
    }
    answers_plainly(&socket);
    let counts = world.plane.relay_counts().unwrap();
    let answered = counts.answered(turn::Method::Binding, turn::Code::Success);
    assert_eq!(answered, 1);
}

/// Asks for its own address and checks the answer.
fn answers_plainly(socket: &UdpSocket) {
    socket.send(&stun_request(&[])).unwrap();
    let mut answer = [0; 100];
    let len = socket.recv(&mut answer).unwrap();
    let port = socket.local_addr().unwrap().port() ^ 0x2112;
    let mut expected = vec![1, 1, 0, 12, 0x21, 0x12, 0xa4, 0x42];
    expected.extend([5; 12]);
    expected.extend([0, 0x20, 0, 8, 0, 1]);
    expected.extend(port.to_be_bytes());
    expected.extend([127 ^ 0x21, 0x12, 0xa4, 1 ^ 0x42]);
    assert_eq!(answer[..len], expected);
}

#[test]
fn strangers_are_counted_and_dropped() {
    let mut world = World::new(&[V4]);
    let socket = stranger(&world);
    let user = [0, 6, 0, 4, b'n', b'o', b':', b'x'];
    for datagram in [
        &stun_request(&user)[..],
        &[0; 19],
        &[22; 100],
        &[0x80; 100],
        &[64; 100],
        &[],
        &[0x80; 4000],
    ] {
        socket.send(datagram).unwrap();
    }
    world.until("all are counted", &mut [], |world, _| {
        let counters = world.counters();
        counters.stun_unknown_user == 1
            && counters.stun_malformed == 1
            && counters.in_unknown_peer == 2
            && counters.in_unknown_kind == 1
            && counters.in_malformed == 2
    });
    assert_eq!(world.counters().udp_out, 0);
}

#[test]
fn wrong_password_does_not_connect() {
    let mut world = World::new(&[V4]);
    let mut client = Client::udp(V4);
    let offer = client.offer(&[MediaKind::Audio]);
    let answer = world.publish("stream", "pub", &offer).unwrap();
    let lines = answer
        .lines()
        .map(|line| match line.strip_prefix("a=ice-pwd:") {
            Some(password) => format!("a=ice-pwd:{}\r\n", "x".repeat(password.len())),
            None => format!("{line}\r\n"),
        });
    client.answered(&lines.collect::<String>());
    world.until("checks are refused", &mut [&mut client], |world, _| {
        world.counters().stun_unauthenticated >= 3
    });
    assert!(!client.connected);
    assert_eq!(world.counters().udp_out, 0);
    assert_eq!(world.stage("pub").unwrap().0, Stage::New);
}

#[test]
fn address_of_another_cannot_be_taken_without_his_password() {
    let mut world = World::new(&[V4]);
    let mut publisher = world.publisher("stream", "pub", Client::udp(V4));
    let mut subscriber = world.subscriber("stream", "sub", Client::udp(V4));
    // The subscriber's own socket sends a request for the publisher's transport, badly signed, as a spoofer would.
    let offer = Client::udp(V4).offer(&[MediaKind::Audio]);
    let answer = world.publish("other", "victim", &offer).unwrap();
    let ufrag = answer
        .lines()
        .find_map(|line| line.strip_prefix("a=ice-ufrag:"));
    let name = format!("{}:zzzz", ufrag.unwrap());
    let mut attributes = vec![0, 6, 0, name.len() as u8];
    attributes.extend(name.bytes());
    attributes.resize(attributes.len().next_multiple_of(4), 0);
    let at = world.at(V4);
    subscriber.send_raw(at, &stun_request(&attributes));
    let mut clients = [&mut publisher, &mut subscriber];
    (0..30).for_each(|number| frame(&mut clients, number));
    world.until("media still arrives", &mut clients, |_, clients| {
        numbers(clients[1], MediaKind::Video).len() == 30
    });
}

#[test]
fn nonsense_of_a_publisher_harms_nobody() {
    let mut world = World::new(&[V4]);
    let mut publisher = world.publisher("stream", "pub", Client::udp(V4));
    let mut subscriber = world.subscriber("stream", "sub", Client::udp(V4));
    let at = world.at(V4);
    let mut rtp = vec![0x80, 96, 0, 1, 0, 0, 0, 1, 0xde, 0xad, 0xbe, 0xef];
    rtp.extend([7; 100]);
    let mut junk = vec![rtp.clone()];
    junk.extend((1..rtp.len()).step_by(7).map(|len| rtp[..len].to_vec()));
    let mut rtcp = rtp.clone();
    rtcp[1] = 200;
    junk.extend((2..rtcp.len()).step_by(5).map(|len| rtcp[..len].to_vec()));
    junk.extend((1..60).map(|len| vec![22; len]));
    let mut clients = [&mut publisher, &mut subscriber];
    for (number, datagram) in junk.iter().enumerate() {
        clients[0].send_raw(at, datagram);
        clients[1].send_raw(at, datagram);
        frame(&mut clients, number as u32);
    }
    let count = junk.len();
    world.until("media arrives", &mut clients, |_, clients| {
        numbers(clients[1], MediaKind::Video).len() == count
    });
    let counters = world.counters();
    assert!(counters.rtp_in_unused > 10, "{counters:?}");
    assert!(counters.rtp_in_from_subscriber > 10, "{counters:?}");
    assert!(counters.rtcp_in_unauthenticated > 10, "{counters:?}");
    assert_eq!(counters.library_panics, 0);
}

#[test]
fn tcp_that_is_not_framed_or_says_nothing_useful_is_closed() {
    use std::io::{Read, Write};
    let world = World::new(&[V4]);
    let mut stream = std::net::TcpStream::connect(world.at(V4)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(stream.read(&mut [0; 10]).unwrap_or(0), 0);
    assert_eq!(world.counters().tcp_closed, 1);
}
