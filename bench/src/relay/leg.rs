//! A client's allocation and its channel to one peer.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use turn::client::{Client, Heard};

use super::SECRET;
use crate::load::client::Channel;

/// The one channel of each client.
const CHANNEL: u16 = 0x4000;
const ANSWER: Duration = Duration::from_secs(5);

/// Connects to a relay and binds a channel to `node`.
pub fn connect(relay: SocketAddr, node: SocketAddr, index: usize) -> Result<(UdpSocket, Channel)> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_read_timeout(Some(ANSWER))?;
    let unix = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let seed = (index as u32).to_be_bytes();
    let mut turn = Client::of_secret(SECRET, unix + 3600, "bench", seed);
    let mut relayed = None;
    let mut request = turn.allocate(false);
    let mut buffer = [0; 2048];
    loop {
        socket.send_to(&request, relay)?;
        let (len, _) = socket.recv_from(&mut buffer)?;
        match turn.hear(&buffer[..len]) {
            Heard::Send(again) => request = again,
            Heard::Allocated { relayed: addr, .. } => {
                relayed = Some(addr);
                request = turn.bind(CHANNEL, node);
            }
            Heard::Granted(_) => break,
            Heard::Refused { method, code } => bail!("the relay refuses method {method}: {code}"),
            _ => {}
        }
    }
    let Some(relayed) = relayed else {
        bail!("the relay gave no address");
    };
    let channel = Channel {
        relay,
        relayed,
        node,
        number: CHANNEL,
    };
    Ok((socket, channel))
}
