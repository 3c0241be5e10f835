//! What stands before a node and misbehaves: UDP sockets at chosen addresses, all on one port.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

/// What becomes of what arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the node and back.
    Through,
    /// To the node and back, but for DTLS.
    WithoutDtls,
    /// To the node and back, but for RTP.
    WithoutMedia,
    /// To the node and back, but of RTP only every fifth.
    LossyMedia,
    /// To the node and back, but for STUN with a user name.
    WithoutChecks,
    /// To the node and back, but each datagram of plain STUN only the third time.
    Lossy,
    /// Nowhere.
    BlackHole,
    /// Back as bytes of no meaning.
    Garbage,
    /// Back as the answer to another transaction.
    OtherTransaction,
    /// Back as the answer to a request of the same prober that it has not made.
    OtherPath,
    /// Back as the right answer from another address.
    FromElsewhere,
    /// Back as a STUN error 500.
    StunError,
}

/// A front, until it is dropped.
pub struct Front {
    pub port: u16,
    _tasks: JoinSet<()>,
}

impl Front {
    /// Before the node's port `behind`, at these addresses.
    pub async fn new(ways: &[(IpAddr, Way)], behind: u16) -> Self {
        let mut tasks = JoinSet::new();
        let mut port = 0;
        for (ip, way) in ways {
            let socket = UdpSocket::bind((*ip, port)).await.unwrap();
            port = socket.local_addr().unwrap().port();
            tasks.spawn(stand(socket, *way, SocketAddr::new(ways[0].0, behind)));
        }
        Self {
            port,
            _tasks: tasks,
        }
    }
}

async fn stand(socket: UdpSocket, way: Way, node: SocketAddr) {
    let socket = Arc::new(socket);
    let elsewhere = UdpSocket::bind((node.ip(), 0)).await.unwrap();
    let mut clients: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
    let mut backs = JoinSet::new();
    let mut forth = [0; 2048];
    let (mut plain, mut media) = (0, 0);
    loop {
        let (len, from) = socket.recv_from(&mut forth).await.unwrap();
        let datagram = &forth[..len];
        let is_plain = len == 20;
        let is_media = (128..=191).contains(&datagram[0]);
        plain += usize::from(is_plain);
        media += usize::from(is_media);
        let passes = match way {
            Way::Through => true,
            Way::WithoutDtls => !(20..=63).contains(&datagram[0]),
            Way::WithoutMedia => !is_media,
            Way::LossyMedia => !is_media || media % 5 == 0,
            Way::WithoutChecks => is_plain,
            Way::Lossy => !is_plain || plain % 3 == 0,
            _ => false,
        };
        if passes {
            let behind = match clients.get(&from) {
                Some(behind) => behind.clone(),
                None => {
                    let behind = Arc::new(UdpSocket::bind((node.ip(), 0)).await.unwrap());
                    clients.insert(from, behind.clone());
                    backs.spawn(back(behind.clone(), socket.clone(), from));
                    behind
                }
            };
            behind.send_to(datagram, node).await.unwrap();
        }
        let answer = answer(datagram, way);
        match way {
            Way::FromElsewhere => _ = elsewhere.send_to(&answer, from).await.unwrap(),
            Way::Garbage | Way::OtherTransaction | Way::OtherPath | Way::StunError => {
                _ = socket.send_to(&answer, from).await.unwrap();
            }
            _ => {}
        }
    }
}

async fn back(behind: Arc<UdpSocket>, front: Arc<UdpSocket>, client: SocketAddr) {
    let mut back = [0; 2048];
    loop {
        let (len, _) = behind.recv_from(&mut back).await.unwrap();
        // A probe that is over has closed its socket.
        let _ = front.send_to(&back[..len], client).await;
    }
}

/// A port that forwards TCP alone, for as long as the test runs.
pub async fn tcp(node: SocketAddr) -> u16 {
    let listener = TcpListener::bind((node.ip(), 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut behind = TcpStream::connect(node).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut behind).await;
            });
        }
    });
    port
}

/// An answer to a plain request, as wrong as wanted.
fn answer(request: &[u8], way: Way) -> Vec<u8> {
    if way == Way::Garbage {
        return vec![0x41; 333];
    }
    let mut answer = vec![1, 1, 0, 12, 0x21, 0x12, 0xa4, 0x42];
    answer.extend(&request[8..20]);
    answer.extend([0, 0x20, 0, 8, 0, 1, 0x31, 0x13, 0x5e, 0x12, 0xa4, 0x43]);
    match way {
        Way::OtherTransaction => answer[8] ^= 0x80,
        Way::OtherPath => answer[19] ^= 0x80,
        Way::StunError => {
            answer.truncate(20);
            answer[1] = 0x11;
            answer[3] = 8;
            answer.extend([0, 9, 0, 4, 0, 0, 5, 0]);
        }
        _ => {}
    }
    answer
}
