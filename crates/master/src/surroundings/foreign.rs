//! A relay that is not the cluster's own: one that operators run beside it and settings name (`webrtc.ice_servers`). It is
//! tried as a client would use it: Allocate, CreatePermission, and a STUN request to a node and back.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use conference::{IceServer, Timestamp};
use diagnosis::{Count, RelayFacts, SelfTest};
use tokio::net::{UdpSocket, lookup_host};
use tokio::time::{Instant, sleep_until, timeout_at};
use turn::client::{Client, Heard, send_indication};

use crate::random;

/// Each request is sent so often, and waited for so long.
const ATTEMPTS: u32 = 3;
const PATIENCE: Duration = Duration::from_millis(500);
const LARGEST: usize = 1500;
const PORT: u16 = 3478;
const BINDING: [u8; 20] = [
    0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, b'l', b'o', b'o', b'k', b'o', b'u', b't', b'-', b'-', b'-',
    b'-', b'-',
];

/// A TURN server that is reached by UDP.
#[derive(Clone)]
pub(super) struct Foreign {
    server: IceServer,
    host: String,
    port: u16,
}

/// Why a test went no further.
struct Stuck {
    stage: &'static str,
    code: Option<u16>,
    problem: String,
}

impl Foreign {
    /// `None` for STUN servers, and for what is reached by TCP or TLS.
    pub(super) fn of(server: &IceServer) -> Option<Self> {
        let rest = server.url.strip_prefix("turn:")?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        if query.contains("transport=tcp") {
            return None;
        }
        let (host, port) = place.rsplit_once(':').unwrap_or((place, ""));
        Some(Self {
            server: server.clone(),
            host: host.trim_matches(['[', ']']).to_owned(),
            port: port.parse().unwrap_or(PORT),
        })
    }

    /// `peers` are the media addresses of nodes; `now` is in milliseconds since the Unix epoch.
    pub(super) async fn test(self, now: u64, peers: Vec<SocketAddr>) -> RelayFacts {
        let mut facts = RelayFacts {
            id: self.server.url.clone(),
            ..RelayFacts::default()
        };
        let mut test = SelfTest {
            at: Some(now),
            ..SelfTest::default()
        };
        match self.attempt(now, &peers, &mut facts, &mut test).await {
            Ok(()) => test.passed = true,
            Err(stuck) => {
                test.stage = stuck.stage.to_owned();
                test.code = stuck.code;
                test.problem = stuck.problem;
                if let Some(code) = stuck.code {
                    facts.errors.insert(code, 1);
                }
            }
        }
        facts.self_test = Some(test);
        facts
    }

    async fn attempt(
        &self,
        now: u64,
        peers: &[SocketAddr],
        facts: &mut RelayFacts,
        test: &mut SelfTest,
    ) -> Result<(), Stuck> {
        let mut line = self.dial(now).await?;
        facts.advertised.push(line.server);
        facts.own_addresses.push(line.server.ip());
        let request = line.client.allocate(false);
        let allocated = line.ask(&request, "allocate").await?;
        let Said::Allocated { relayed, mapped } = allocated else {
            return Err(stuck("allocate", "the answer told no relayed address"));
        };
        test.relayed = Some(relayed);
        let outcome = self.use_it(&mut line, relayed, mapped, peers, facts).await;
        // Nobody waits for the answer; what is lost ends by itself.
        let end = line.client.refresh(0);
        let _ = line.socket.send(&end).await;
        outcome
    }

    async fn use_it(
        &self,
        line: &mut Line,
        relayed: SocketAddr,
        mapped: SocketAddr,
        peers: &[SocketAddr],
        facts: &mut RelayFacts,
    ) -> Result<(), Stuck> {
        if relayed.ip() != line.server.ip() && line.is_reached_at(relayed, mapped).await {
            facts.own_addresses.push(relayed.ip());
        }
        let mut echoed = peers.is_empty();
        let mut refused = None;
        for peer in peers.iter().filter(|peer| peer.is_ipv4()) {
            let request = line.client.permit(*peer);
            match line.ask(&request, "permission").await {
                Ok(_) => echoed |= line.echoes(*peer).await,
                Err(stuck) => {
                    if stuck.code == Some(403) {
                        facts.denied.push(Count {
                            address: peer.ip(),
                            count: 1,
                        });
                    }
                    refused = Some(stuck);
                }
            }
        }
        match refused {
            Some(stuck) => Err(stuck),
            None if echoed => Ok(()),
            None => Err(stuck("echo", "no node answered through it")),
        }
    }

    async fn dial(&self, now: u64) -> Result<Line, Stuck> {
        let failed = |error: std::io::Error| stuck("binding", &error.to_string());
        let found = lookup_host((self.host.as_str(), self.port))
            .await
            .map_err(failed)?;
        let server = found.into_iter().find(SocketAddr::is_ipv4);
        let server = server.ok_or_else(|| stuck("binding", "its name leads to no IPv4 address"))?;
        let socket = UdpSocket::bind((IpAddr::from([0, 0, 0, 0]), 0))
            .await
            .map_err(failed)?;
        socket.connect(server).await.map_err(failed)?;
        let views = openvidu::ice::views(
            std::slice::from_ref(&self.server),
            Timestamp(now),
            "lookout",
        );
        let view = views.into_iter().next();
        let (username, credential) = view
            .and_then(|view| Some((view.username?, view.credential?)))
            .ok_or_else(|| stuck("allocate", "it has no credentials"))?;
        Ok(Line {
            client: Client::new(&username, &credential, random::draw()),
            socket,
            server,
        })
    }
}

fn stuck(stage: &'static str, problem: &str) -> Stuck {
    Stuck {
        stage,
        code: None,
        problem: problem.to_owned(),
    }
}

/// What an answer means.
enum Said {
    Allocated {
        relayed: SocketAddr,
        mapped: SocketAddr,
    },
    Granted,
}

/// A socket to a relay.
struct Line {
    client: Client,
    socket: UdpSocket,
    server: SocketAddr,
}

impl Line {
    /// Sends a request until it is answered, and once more with credentials where they are wanted.
    async fn ask(&mut self, request: &[u8], stage: &'static str) -> Result<Said, Stuck> {
        let mut request = request.to_vec();
        let mut buffer = [0; LARGEST];
        let (mut attempt, mut refused) = (0, false);
        while attempt < ATTEMPTS {
            attempt += 1;
            let sent = self.socket.send(&request).await;
            let deadline = Instant::now() + PATIENCE;
            while sent.is_ok() {
                let len = match timeout_at(deadline, self.socket.recv(&mut buffer)).await {
                    Ok(Ok(len)) => len,
                    // It may just be started anew.
                    Ok(Err(_)) => {
                        refused = true;
                        sleep_until(deadline).await;
                        break;
                    }
                    Err(_) => break,
                };
                match self.client.hear(&buffer[..len]) {
                    Heard::Send(again) => {
                        request = again;
                        attempt = 0;
                        break;
                    }
                    Heard::Allocated {
                        relayed, mapped, ..
                    } => {
                        return Ok(Said::Allocated { relayed, mapped });
                    }
                    Heard::Granted(_) => return Ok(Said::Granted),
                    Heard::Refused { code, .. } => {
                        return Err(Stuck {
                            stage,
                            code: Some(code),
                            problem: format!("it answered {code}"),
                        });
                    }
                    Heard::Nothing | Heard::Data { .. } | Heard::ChannelData { .. } => {}
                }
            }
        }
        let why = match refused {
            true => "nobody listens there",
            false => "a firewall drops it, or the machine is down",
        };
        let problem = format!(
            "no answer to {ATTEMPTS} requests at {} ({why})",
            self.server
        );
        Err(stuck("binding", &problem))
    }

    /// Whether a peer that is permitted answers a STUN request through the relay.
    async fn echoes(&mut self, peer: SocketAddr) -> bool {
        let request = send_indication(peer, &BINDING);
        for _ in 0..ATTEMPTS {
            if self.socket.send(&request).await.is_ok() && self.hears_of(Some(peer.ip())).await {
                return true;
            }
        }
        false
    }

    /// Whether what is sent to the address that the relay tells comes out here.
    async fn is_reached_at(&mut self, relayed: SocketAddr, mapped: SocketAddr) -> bool {
        let request = self.client.permit(mapped);
        if self.ask(&request, "permission").await.is_err() {
            return false;
        }
        let Ok(other) = UdpSocket::bind((IpAddr::from([0, 0, 0, 0]), 0)).await else {
            return false;
        };
        for _ in 0..ATTEMPTS {
            if other.send_to(&BINDING, relayed).await.is_ok() && self.hears_of(None).await {
                return true;
            }
        }
        false
    }

    async fn hears_of(&mut self, peer: Option<IpAddr>) -> bool {
        let mut buffer = [0; LARGEST];
        let deadline = Instant::now() + PATIENCE;
        loop {
            let Ok(Ok(len)) = timeout_at(deadline, self.socket.recv(&mut buffer)).await else {
                return false;
            };
            if let Heard::Data { peer: from, .. } = self.client.hear(&buffer[..len])
                && peer.is_none_or(|peer| peer == from.ip())
            {
                return true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relay(url: &str) -> Option<Foreign> {
        let server = openvidu::ice::server(url, None, None, Some("secret"));
        Foreign::of(&server.expect("a valid server"))
    }

    #[test]
    fn urls_are_read() {
        let place = |url| relay(url).map(|it| (it.host, it.port));
        assert_eq!(
            place("turn:relay.example:3479"),
            Some(("relay.example".to_owned(), 3479))
        );
        assert_eq!(
            place("turn:192.0.2.1:3478?transport=udp"),
            Some(("192.0.2.1".to_owned(), 3478))
        );
        assert_eq!(place("turn:192.0.2.1:3478?transport=tcp"), None);
    }

    #[tokio::test]
    async fn a_relay_that_does_not_answer_is_told_of() {
        let silent = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let address = silent.local_addr().expect("its address");
        let facts = relay(&format!("turn:{address}"))
            .expect("a relay")
            .test(7, Vec::new())
            .await;
        let test = facts.self_test.expect("a test");
        assert_eq!(
            (test.passed, test.stage.as_str(), test.code, test.at),
            (false, "binding", None, Some(7))
        );
        assert_eq!(facts.advertised, [address]);
    }
}
