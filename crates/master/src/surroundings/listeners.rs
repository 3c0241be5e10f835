//! The sockets that clients and nodes are to reach, and at which of the machine's addresses the relay's answers.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use diagnosis::{Listener, Protocol};
use probe::stun::{self, Said, Transaction};
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use crate::random;

/// Own addresses that are asked.
const MOST: usize = 16;
/// From one request to the next; within this machine an answer takes microseconds.
const PAUSE: Duration = Duration::from_millis(200);
const ATTEMPTS: u32 = 3;
/// Datagrams that are looked at for one request.
const MOST_HEARD: usize = 32;

/// Where the master listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) https: SocketAddr,
    pub(crate) link: SocketAddr,
    /// UDP and TCP.
    pub(crate) relay: Option<SocketAddr>,
}

impl Bound {
    /// `own` are the addresses of the machine.
    pub(super) async fn listeners(&self, own: &[IpAddr]) -> Vec<Listener> {
        let plain = |purpose: &str, protocol, bound| Listener {
            purpose: purpose.to_owned(),
            protocol,
            bound: Some(bound),
            ..Listener::default()
        };
        let mut all = vec![
            plain("https", Protocol::Tcp, self.https),
            plain("link", Protocol::Tcp, self.link),
        ];
        if let Some(bound) = self.relay {
            let (answers_at, deaf_at) = asked(bound, own).await;
            all.push(plain("relay", Protocol::Tcp, bound));
            all.push(Listener {
                answers_at,
                deaf_at,
                ..plain("relay", Protocol::Udp, bound)
            });
        }
        all
    }
}

/// Own addresses at which the socket should answer: those that do, and those that do not.
async fn asked(bound: SocketAddr, own: &[IpAddr]) -> (Vec<IpAddr>, Vec<IpAddr>) {
    let (mut answers, mut deaf) = (Vec::new(), Vec::new());
    for ip in own.iter().filter(|ip| is_meant(bound, **ip)).take(MOST) {
        match answers_at(SocketAddr::new(*ip, bound.port())).await {
            Some(true) => answers.push(*ip),
            Some(false) => deaf.push(*ip),
            None => {}
        }
    }
    (answers, deaf)
}

fn is_meant(bound: SocketAddr, ip: IpAddr) -> bool {
    let link_local = match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    let all = bound.ip().is_unspecified() && bound.is_ipv4() == ip.is_ipv4();
    !link_local && (all || bound.ip() == ip)
}

/// `None` when this machine cannot ask.
async fn answers_at(at: SocketAddr) -> Option<bool> {
    let transaction: Transaction = random::draw();
    // Not connected: the answer may come from another of the machine's addresses.
    let socket = UdpSocket::bind(SocketAddr::new(at.ip(), 0)).await.ok()?;
    for _ in 0..ATTEMPTS {
        socket
            .send_to(&stun::request(&transaction), at)
            .await
            .ok()?;
        if is_answered(&socket, transaction).await {
            return Some(true);
        }
    }
    Some(false)
}

async fn is_answered(socket: &UdpSocket, transaction: Transaction) -> bool {
    let until = Instant::now() + PAUSE;
    let mut datagram = [0; 1500];
    for _ in 0..MOST_HEARD {
        let Ok(Ok(len)) = timeout_at(until, socket.recv(&mut datagram)).await else {
            return false;
        };
        if matches!(stun::read(&datagram[..len]), Said::Seen(of, _) if of == transaction) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_that_nobody_serves_is_deaf() {
        let silent = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let bound = silent.local_addr().expect("its address");
        let lo: IpAddr = [127, 0, 0, 1].into();
        let elsewhere: IpAddr = [192, 0, 2, 1].into();
        let (answers, deaf) = asked(bound, &[lo, elsewhere]).await;
        assert_eq!((answers, deaf), (vec![], vec![lo]));
    }
}
