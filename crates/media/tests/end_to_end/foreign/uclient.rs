//! `turnutils_uclient` of Debian's coturn.

use std::io::Read;
use std::net::{SocketAddr, UdpSocket};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use media::relay::{Code, Config, Method, Options, Relay, What};

use crate::relay::{SECRET, settings};
use crate::relaying_streams::certificate;
use crate::world::V4;

/// Some of what it does wrong never comes to an end.
const PATIENCE: Duration = Duration::from_secs(20);
const WRONG: Duration = Duration::from_secs(3);

/// Sends back what comes.
struct Echo {
    addr: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Echo {
    fn start() -> Self {
        let socket = UdpSocket::bind((V4, 0)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(20)))
            .unwrap();
        let addr = socket.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 2048];
            while !stopped.load(Ordering::Relaxed) {
                if let Ok((len, from)) = socket.recv_from(&mut buffer) {
                    let _ = socket.send_to(&buffer[..len], from);
                }
            }
        });
        Self {
            addr,
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take();
        thread.map(JoinHandle::join);
    }
}

/// With this peer, and its neighbour, to which the client binds a channel for RTCP whatever it is told.
fn relay(peer: SocketAddr) -> Relay {
    let peers = [peer, SocketAddr::new(peer.ip(), peer.port() + 1)];
    let relay = media::relay::start(&Config {
        ip: None,
        ports: 0..=0,
        addresses: vec![V4],
        options: Options {
            ports: 0..=0,
            tls: Some(Arc::new(certificate().0)),
        },
    });
    let relay = relay.unwrap();
    relay.set_settings(settings(&peers)).unwrap();
    relay
}

/// What it printed.
fn uclient(relay: &Relay, peer: SocketAddr, secret: &str, flags: &[&str]) -> String {
    run(relay, (peer, secret), flags, PATIENCE)
}

fn run(relay: &Relay, to: (SocketAddr, &str), flags: &[&str], patience: Duration) -> String {
    let (peer, secret) = to;
    let mut child = Command::new("turnutils_uclient")
        .args(["-p", &relay.port().to_string()])
        .args(["-e", &peer.ip().to_string(), "-r", &peer.port().to_string()])
        .args(["-u", "uclient", "-W", secret])
        .args(["-n", "50", "-z", "2", "-l", "900"])
        .args(flags)
        .arg("127.0.0.1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("coturn's test client is there: apt-get install coturn");
    let mut out = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        let _ = out.read_to_string(&mut text);
        text
    });
    let until = Instant::now() + patience;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > until {
            let _ = child.kill();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    reader.join().unwrap()
}

fn loses_nothing(relay: &Relay, printed: &str, flags: &[&str]) {
    let events = relay.take_events().unwrap();
    let refused = events
        .iter()
        .filter(|event| matches!(event.what, What::Refused { .. }));
    let refused: Vec<_> = refused.collect();
    let printed = format!("{printed} {refused:?}");
    assert!(
        printed.contains("Total lost packets 0 "),
        "{flags:?}: {printed}"
    );
    assert!(printed.contains("tot_recv_msgs=50"), "{flags:?}: {printed}");
}

#[test]
fn coturns_client_is_served_by_udp_tcp_and_tls_with_channels_and_indications() {
    let echo = Echo::start();
    let relay = relay(echo.addr);
    let ways: [&[&str]; 7] = [
        &[],
        &["-s"],
        &["-D"],
        &["-G"],
        &["-t"],
        &["-t", "-s"],
        &["-t", "-S"],
    ];
    for way in ways {
        let flags = [&["-c"], way].concat();
        let printed = uclient(&relay, echo.addr, SECRET, &flags);
        loses_nothing(&relay, &printed, way);
    }
    let counts = relay.counts().unwrap();
    assert!(counts.answered(Method::ChannelBind, Code::Success) > 0);
    assert!(counts.answered(Method::CreatePermission, Code::Success) > 0);
    assert!(
        counts.to_peers >= 350 && counts.to_clients >= 350,
        "{counts:?}"
    );
    assert_eq!((counts.forbidden, counts.signatures_forged), (0, 0));
}

#[test]
fn coturns_client_is_refused_without_the_secret_or_for_whoever_is_no_peer() {
    let echo = Echo::start();
    let other = Echo::start();
    let relay = relay(other.addr);
    let printed = uclient(&relay, echo.addr, "another secret", &["-c"]);
    assert!(!printed.contains("Total lost packets 0 "), "{printed}");
    assert!(relay.counts().unwrap().signatures_forged > 0);
    let printed = uclient(&relay, echo.addr, SECRET, &["-c"]);
    assert!(!printed.contains("Total lost packets 0 "), "{printed}");
    let counts = relay.counts().unwrap();
    assert!(
        counts.answered(Method::ChannelBind, Code::Forbidden) > 0,
        "{counts:?}"
    );
    assert_eq!(counts.to_peers, 0);
}

#[test]
fn the_relay_outlives_what_coturns_client_does_wrong_on_purpose() {
    let echo = Echo::start();
    let relay = relay(echo.addr);
    for wrong in ["-N", "-R", "-B"] {
        run(&relay, (echo.addr, SECRET), &["-c", wrong], WRONG);
    }
    let printed = uclient(&relay, echo.addr, SECRET, &["-c"]);
    loses_nothing(&relay, &printed, &["after all that"]);
}
