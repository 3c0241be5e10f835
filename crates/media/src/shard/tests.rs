//! A shard without its thread: the test lets time pass.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{channel, sync_channel};

use super::claims::Claim;
use super::*;
use crate::api::{Command, Event, Refusal, Stage};
use crate::net::{Peer, Streams, Via, bind};

/// What a browser offers, reduced to one medium.
const OFFER: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\n\
    a=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=fingerprint:sha-256 \
    00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n\
    a=setup:actpass\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n";

struct Setup {
    shard: Shard,
    orders: SyncSender<Order>,
    events: Arc<Mutex<Vec<Event>>>,
    listening: Arc<AtomicBool>,
    gone: Receiver<Gone>,
    now: Instant,
}

impl Setup {
    fn new() -> Self {
        let (udp, tcp, port) = bind(&(0..=0)).expect("a port is free");
        let (orders, queue) = sync_channel(100);
        let (gone_tx, gone) = channel();
        let events = Arc::new(Mutex::new(Vec::new()));
        let listening = Arc::new(AtomicBool::new(true));
        let (told, listens) = (events.clone(), listening.clone());
        let ends = Ends {
            evidence: None,
            orders: queue,
            wake: Wake::new().expect("eventfd"),
            sink: Arc::new(move |event| {
                let listens = listens.load(Ordering::Relaxed);
                if listens {
                    told.lock().expect("not poisoned").push(event);
                }
                listens
            }),
            gone: gone_tx,
            counters: Arc::default(),
        };
        let tcp = Streams::new(tcp, FIRST_STREAM).expect("a listener");
        let sockets = Sockets::alone(udp, tcp, port, Arc::default());
        let shard = Shard::new(sockets, ends, vec![Ipv4Addr::LOCALHOST.into()]);
        Self {
            shard: shard.expect("sockets"),
            orders,
            events,
            listening,
            gone,
            now: Instant::now(),
        }
    }

    fn order(&mut self, command: Command) {
        let sent = self.orders.send(Order::Command(command));
        sent.expect("the shard lives");
        assert_eq!(self.shard.obey(self.now), Some(false));
    }

    fn publish(&mut self, transport: &str, offer: &str) {
        self.order(Command::Publish {
            key: 1,
            session: "session".into(),
            stream: "stream".into(),
            transport: transport.into(),
            offer: offer.into(),
            forced_video_codec: None,
        });
    }

    /// Time passes awake.
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while self.now < until {
            self.now = until.min(self.now + Duration::from_millis(500));
            self.shard.elapse(self.now);
        }
    }

    /// Time passes, and nobody looks.
    fn sleep(&mut self, time: Duration) {
        self.now += time;
        self.shard.elapse(self.now);
    }

    fn stages(&self) -> Vec<(Stage, &'static str)> {
        let events = self.events.lock().expect("not poisoned");
        let stages = events.iter().filter_map(|event| match event {
            Event::Transport { state, reason } => Some((state.stage, *reason)),
            Event::Answered { .. } | Event::Candidates(_) => None,
        });
        stages.collect()
    }
}

#[test]
fn clients_are_told_where_the_node_is_reached_now() {
    let mut setup = Setup::new();
    let told = |setup: &Setup| {
        let mut events = setup.events.lock().expect("not poisoned");
        let told = events.drain(..).filter_map(|event| match event {
            Event::Candidates(told) => Some(told),
            _ => None,
        });
        told.collect::<Vec<_>>()
    };
    let order = |setup: &mut Setup, order| {
        setup.orders.send(order).expect("the shard lives");
        assert_eq!(setup.shard.obey(setup.now), Some(false));
    };
    setup.publish("before", OFFER);
    let later = "192.0.2.9".parse().expect("an address");
    let withheld = crate::api::Withheld {
        ip: later,
        protocol: crate::api::Protocol::Tcp,
    };
    order(&mut setup, Order::Withhold(vec![withheld]));
    order(&mut setup, Order::Addresses(2, Vec::new()));
    assert_eq!(told(&setup), [], "nothing is better than what it knows");
    order(&mut setup, Order::Addresses(3, vec![later]));
    let all = told(&setup);
    let [one] = &all[..] else {
        panic!("expected one, got {all:?}");
    };
    let known = (&*one.transport, one.addresses, &*one.mid, one.index);
    assert_eq!(known, ("before", 3, "0", 0));
    let port = setup.shard.port;
    let [udp] = &one.candidates[..] else {
        panic!("expected UDP alone, got {:?}", one.candidates);
    };
    assert!(udp.contains(&format!(" 192.0.2.9 {port} typ host ufrag ")));
    // Whoever passes it on has been away.
    order(&mut setup, Order::TellAgain);
    assert_eq!(told(&setup), all);
    setup.now += Duration::from_secs(61);
    order(&mut setup, Order::TellAgain);
    assert_eq!(told(&setup), []);
    // Who is described with it knows it.
    setup.publish("after", OFFER);
    order(&mut setup, Order::Addresses(3, vec![later]));
    order(&mut setup, Order::TellAgain);
    assert_eq!(told(&setup), []);
}

#[test]
fn transport_that_never_connects_is_closed() {
    let mut setup = Setup::new();
    setup.publish("pub", OFFER);
    setup.pass(Duration::from_secs(29));
    assert_eq!(setup.stages().len(), 1);
    setup.pass(Duration::from_secs(2));
    let end = (Stage::Closed, "ICE did not connect within 30 s");
    assert_eq!(setup.stages()[1..], [end]);
    assert_eq!(setup.shard.connections.len(), 0);
    assert_eq!(setup.shard.streams.len(), 0);
    assert!(setup.shard.by_ufrag.is_empty() && setup.shard.stream_by_id.is_empty());
    assert_eq!(setup.gone.try_iter().count(), 1);
}

#[test]
fn time_in_which_the_process_was_stopped_ends_no_transport() {
    let mut setup = Setup::new();
    setup.publish("pub", OFFER);
    setup.pass(Duration::from_secs(20));
    setup.sleep(Duration::from_secs(90));
    setup.pass(Duration::from_secs(9));
    assert_eq!(setup.stages().len(), 1);
    setup.pass(Duration::from_secs(2));
    assert_eq!(setup.stages().len(), 2);
    assert_eq!(setup.shard.connections.len(), 0);
}

#[test]
fn events_wait_for_a_busy_sink() {
    let mut setup = Setup::new();
    setup.listening.store(false, Ordering::Relaxed);
    setup.publish("pub", OFFER);
    assert!(!setup.shard.outbox.retry());
    assert!(setup.stages().is_empty());
    setup.listening.store(true, Ordering::Relaxed);
    assert!(setup.shard.outbox.retry());
    let events = setup.events.lock().expect("not poisoned");
    assert!(matches!(
        events[..],
        [Event::Transport { .. }, Event::Answered { .. }]
    ));
}

#[test]
fn refused_transport_leaves_nothing_behind() {
    let mut setup = Setup::new();
    setup.publish("pub", "nonsense");
    let events = setup.events.lock().expect("not poisoned");
    let [Event::Answered { result, .. }] = &events[..] else {
        panic!("expected an answer alone, got {events:?}");
    };
    assert!(matches!(result, Err(Refusal::Sdp(_))), "{result:?}");
    assert_eq!(setup.gone.try_iter().count(), 1);
    assert_eq!(setup.shard.connections.len(), 0);
}

/// The ICE agent keeps requests that come before the client's description, and answers them after others have come. An
/// answer from another address than was asked, or a nomination that is forgotten, costs the client its picture.
#[test]
fn a_request_that_is_answered_late_is_answered_from_where_it_was_asked() {
    let mut setup = Setup::new();
    setup.publish("pub", OFFER);
    let key = setup.shard.by_id["pub"];
    let connection = setup.shard.connections.get_mut(key).expect("published");
    let asked = |via, port, use_candidate| Claim {
        peer: Peer {
            via,
            addr: (Ipv4Addr::LOCALHOST, port).into(),
        },
        local: Some(Ipv4Addr::new(127, 0, 202, 7).into()),
        use_candidate,
    };
    let early = asked(Via::Udp, 51115, true);
    connection.claims.add(early);
    connection.claims.add(asked(Via::Udp, 51115, false));
    connection.claims.add(asked(Via::Tcp, 58830, false));
    connection.prove(setup.now, early.peer);
    let route = connection.consented_route().expect("it was nominated");
    assert_eq!((route.peer, route.local), (early.peer, early.local));
    for port in 1..1000 {
        connection.claims.add(asked(Via::Udp, port, true));
    }
    assert_eq!(connection.claims.local(early.peer), None);
}

/// A client whose path is gone goes on by another one, and the ICE agent remembers the one before for many seconds.
#[test]
fn feedback_goes_where_the_client_nominated_last_and_answers_to_checks_where_they_came_from() {
    let mut setup = Setup::new();
    setup.publish("pub", OFFER);
    let key = setup.shard.by_id["pub"];
    let sockets = [(), ()].map(|()| {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let wait = Some(Duration::from_secs(5));
        socket.set_read_timeout(wait).expect("a socket");
        socket
    });
    let peers = sockets.each_ref().map(|socket| Peer {
        via: Via::Udp,
        addr: socket.local_addr().expect("bound"),
    });
    let connection = setup.shard.connections.get_mut(key).expect("published");
    for peer in peers {
        connection.claims.add(Claim {
            peer,
            local: None,
            use_candidate: true,
        });
        connection.prove(setup.now, peer);
    }
    let pli = [0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2];
    let check = [1, 17, 0, 0];
    setup.shard.send_for(key, setup.now, peers[0], &pli);
    setup.shard.send_for(key, setup.now, peers[0], &check);
    setup.shard.wire.flush();
    let heard = sockets.each_ref().map(|socket| {
        let mut buffer = [0; 100];
        let length = socket.recv(&mut buffer).expect("something is sent");
        buffer[..length].to_vec()
    });
    assert_eq!(heard, [check.to_vec(), pli.to_vec()]);
}

/// The timers of one transport must not pile up, however often it is spoken to.
#[test]
fn timers_do_not_pile_up() {
    let mut setup = Setup::new();
    setup.publish("pub", OFFER);
    let key = setup.shard.by_id["pub"];
    for _ in 0..10_000 {
        setup.now += Duration::from_millis(1);
        setup.shard.elapse(setup.now);
        setup.shard.settle(key, setup.now);
    }
    let left = setup.shard.timers.len();
    assert!(left < 20, "{left} timers");
}
