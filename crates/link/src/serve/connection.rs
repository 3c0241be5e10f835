//! A TLS connection at the master's end. It may stay once a node on it has proved who it is; before that it
//! holds one of a few places, for a short time, so that strangers can neither pile up nor keep nodes out.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

use super::accept::Place;
use crate::trust::Facts;

/// How long a connection may be there without a proof: the hello's own time and what comes before it.
const UNPROVEN: Duration = Duration::from_secs(super::HELLO.as_secs() + 3);

/// How much is read on a connection without a certificate. What enrols a node is a tenth of it.
const ENROLMENT_BYTES: usize = 64 << 10;

pub(super) struct Connection {
    stream: TlsStream<TcpStream>,
    peer: Peer,
    deadline: Pin<Box<Sleep>>,
    /// What may still be read of a node that showed no certificate.
    left: Option<usize>,
}

/// Who is at the other end, for the streams on a connection.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) addr: SocketAddr,
    /// What its certificate says, which TLS has verified. `None`: it showed none.
    pub(super) certificate: Option<Arc<Facts>>,
    proof: Arc<Proof>,
}

#[derive(Debug)]
struct Proof {
    proven: AtomicBool,
    /// The place among the unproven.
    place: Mutex<Option<Place>>,
}

impl Connection {
    pub(super) fn new(stream: TlsStream<TcpStream>, addr: SocketAddr, place: Place) -> Self {
        let proof = Proof {
            proven: AtomicBool::new(false),
            place: Mutex::new(Some(place)),
        };
        let shown = stream.get_ref().1.peer_certificates();
        let leaf = shown.and_then(<[_]>::first);
        // One of ours that names no node is as good as none.
        let certificate = leaf.and_then(|leaf| Facts::read(leaf).ok()).map(Arc::new);
        let left = certificate.is_none().then_some(ENROLMENT_BYTES);
        Self {
            left,
            stream,
            peer: Peer {
                addr,
                certificate,
                proof: Arc::new(proof),
            },
            deadline: Box::pin(sleep(UNPROVEN)),
        }
    }
}

impl Peer {
    /// A node on this connection is who it says.
    pub(super) fn proven(&self) {
        self.proof.proven.store(true, Ordering::Relaxed);
        let place = &self.proof.place;
        place.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let unproven = !self.peer.proof.proven.load(Ordering::Relaxed);
        if unproven && self.deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if let Some(left) = &mut self.left {
            match left.checked_sub(buf.filled().len() - before) {
                Some(rest) => *left = rest,
                None => return Poll::Ready(Err(io::ErrorKind::QuotaExceeded.into())),
            }
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
