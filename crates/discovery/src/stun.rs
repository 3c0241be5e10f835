//! Asking a STUN server where it sees us (RFC 8489 section 2), by each family that it has.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use addresses::Mapping;
use probe::stun::{self, Said, Transaction};
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout, timeout_at};

const DEFAULT_PORT: u16 = 3478;
/// For the server's name.
const RESOLVING: Duration = Duration::from_secs(3);
/// From one request to the next; the last wait is twice as long.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(300),
    Duration::from_millis(700),
    Duration::from_millis(1500),
];
/// Datagrams that are looked at for one request.
const MOST: usize = 32;

/// Asks `HOST[:PORT]` by one of its IPv4 addresses and one of its IPv6 addresses.
///
/// # Errors
/// When no family brings an answer: why, for each.
pub(super) async fn ask(server: &str) -> Result<Vec<Mapping>, String> {
    let found = match with_port(server) {
        (host, Some(port)) => timeout(RESOLVING, tokio::net::lookup_host((host, port))).await,
        (host, None) => timeout(RESOLVING, tokio::net::lookup_host((host, DEFAULT_PORT))).await,
    };
    let found = found.map_err(|_| format!("its name was not resolved within {RESOLVING:?}"))?;
    let found: Vec<SocketAddr> = found.map_err(|error| error.to_string())?.collect();
    let v4 = found.iter().copied().find(SocketAddr::is_ipv4);
    let v6 = found.iter().copied().find(SocketAddr::is_ipv6);
    let (v4, v6) = tokio::join!(of_family(v4), of_family(v6));
    let (mappings, problems): (Vec<_>, Vec<_>) = v4.into_iter().chain(v6).partition(Result::is_ok);
    if mappings.is_empty() {
        let problems = problems.into_iter().filter_map(Result::err);
        return Err(problems.collect::<Vec<_>>().join("; "));
    }
    Ok(mappings.into_iter().flatten().collect())
}

/// Host without brackets, and the port if it names one.
fn with_port(server: &str) -> (&str, Option<u16>) {
    let named = server
        .rsplit_once(':')
        .filter(|(host, _)| !host.contains(':') || host.ends_with(']'));
    let (host, port) = match named {
        Some((host, port)) => (host, port.parse().ok()),
        None => (server, None),
    };
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    (bare.unwrap_or(host), port)
}

async fn of_family(server: Option<SocketAddr>) -> Option<Result<Mapping, String>> {
    let server = server?;
    let asked = ask_at(server).await;
    Some(asked.map_err(|error| format!("{server}: {error}")))
}

async fn ask_at(server: SocketAddr) -> Result<Mapping, String> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let words = |error: std::io::Error| error.to_string();
    let socket = UdpSocket::bind((any, 0)).await.map_err(words)?;
    // Answers of others are dropped by the system, and the address that we send from is decided.
    socket.connect(server).await.map_err(words)?;
    let local = socket.local_addr().map_err(words)?;
    let mut transaction = Transaction::default();
    getrandom::fill(&mut transaction).map_err(|error| error.to_string())?;
    let mut problem = None;
    for pause in PAUSES {
        let sent = socket.send(&stun::request(&transaction)).await;
        problem = sent.err().map(|error| error.to_string());
        match answer(&socket, transaction, Instant::now() + pause).await {
            Some(Ok(mapped)) => return Ok(Mapping { mapped, local }),
            Some(Err(refused)) => problem = Some(refused),
            None => {}
        }
    }
    Err(problem.unwrap_or_else(|| format!("no answer to {} requests", PAUSES.len())))
}

/// `None` when nothing came in time.
async fn answer(
    socket: &UdpSocket,
    transaction: Transaction,
    until: Instant,
) -> Option<Result<SocketAddr, String>> {
    let mut datagram = [0; 1500];
    for _ in 0..MOST {
        let received = timeout_at(until, socket.recv(&mut datagram)).await.ok()?;
        let len = match received {
            Ok(len) => len,
            Err(error) => {
                // Refused, by the host or on the way. Another request may get there.
                tokio::time::sleep_until(until).await;
                return Some(Err(error.to_string()));
            }
        };
        match stun::read(&datagram[..len]) {
            Said::Seen(of, mapped) if of == transaction => return Some(Ok(mapped)),
            Said::Refused(of, code) if of == transaction => {
                return Some(Err(format!("STUN was refused with error {code}")));
            }
            _ => {}
        }
    }
    None
}
