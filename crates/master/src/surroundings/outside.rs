//! Where STUN servers outside see this machine (RFC 8489 section 2).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use probe::stun::{self, Said, Transaction};
use tokio::net::{UdpSocket, lookup_host};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use crate::random;

/// Servers that are asked.
const MOST: usize = 4;
const RESOLVING: Duration = Duration::from_secs(3);
const PAUSES: [Duration; 3] = [
    Duration::from_millis(300),
    Duration::from_millis(700),
    Duration::from_millis(1500),
];

/// What `HOST:PORT`s say, each address once. Who does not answer says nothing.
pub(super) async fn ask(servers: &[String]) -> Vec<IpAddr> {
    let mut asked = JoinSet::new();
    for server in servers.iter().take(MOST) {
        asked.spawn(seen_by(server.clone()));
    }
    let mut seen: Vec<IpAddr> = asked.join_all().await.into_iter().flatten().collect();
    seen.sort();
    seen.dedup();
    seen
}

/// By IPv4, which is what is translated.
async fn seen_by(server: String) -> Option<IpAddr> {
    let found = timeout(RESOLVING, lookup_host(server)).await.ok()?.ok()?;
    let server = found.into_iter().find(SocketAddr::is_ipv4)?;
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await.ok()?;
    socket.connect(server).await.ok()?;
    let transaction: Transaction = random::draw();
    for pause in PAUSES {
        // It is sent again in a moment.
        let _ = socket.send(&stun::request(&transaction)).await;
        let until = Instant::now() + pause;
        let mut datagram = [0; 1500];
        while let Ok(Ok(len)) = timeout_at(until, socket.recv(&mut datagram)).await {
            match stun::read(&datagram[..len]) {
                Said::Seen(of, mapped) if of == transaction => return Some(mapped.ip()),
                _ => {}
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8489 section 14.2, for one from 192.0.2.1:1.
    fn answer(request: &[u8]) -> Vec<u8> {
        let mut answer = vec![1, 1, 0, 12];
        answer.extend(&request[4..20]);
        answer.extend([0, 0x20, 0, 8, 0, 1, 0x21, 0x13]);
        answer.extend([192 ^ 0x21, 0x12, 2 ^ 0xa4, 1 ^ 0x42]);
        answer
    }

    #[tokio::test]
    async fn servers_are_believed_and_silence_says_nothing() {
        let server = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let silent = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let place = |socket: &UdpSocket| socket.local_addr().expect("its address").to_string();
        let servers = [place(&server), place(&silent), "nonsense".to_owned()];
        let answering = async {
            let mut request = [0; 64];
            let (len, from) = server.recv_from(&mut request).await.expect("a request");
            let answered = server.send_to(&answer(&request[..len]), from).await;
            answered.expect("sent");
        };
        let (seen, ()) = tokio::join!(ask(&servers), answering);
        assert_eq!(seen, [IpAddr::from([192, 0, 2, 1])]);
    }
}
