//! HTTPS: from a listening socket to requests, with a limit on connections and a deadline on everything that a peer
//! may be slow at. What begins as TURN goes to the relay. HTTP/1.1 only: browsers open WebSockets over it, and it has one request at a time to watch.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncBufReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::relay::{MasterRelay, is_turn};

/// Connections at one time, WebSockets among them. Further ones wait in the system's queue.
const CONNECTIONS: usize = 20_000;

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long the head of a request may take; also how long a kept-alive connection may be idle.
const HEAD: Duration = Duration::from_secs(15);

/// Largest head of a request, bytes. Tokens and SDP travel in bodies and frames.
const HEAD_BYTES: usize = 32 << 10;

/// How long a peer may leave what is sent to it unacknowledged, or refuse to take any. Nothing else ends a connection
/// whose peer does not read a response.
const UNREAD: Duration = Duration::from_secs(20);

/// Pause after the system refused to accept (out of descriptors), so as not to spin.
const REFUSED: Duration = Duration::from_millis(100);

/// Serves until `stop` changes or its sender is gone; then closes the listener. Requests under way are finished.
pub(crate) async fn run(
    listener: TcpListener,
    tls: Arc<rustls::ServerConfig>,
    router: Router,
    relay: Option<Arc<MasterRelay>>,
    mut stop: watch::Receiver<bool>,
) {
    let acceptor = TlsAcceptor::from(tls);
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            _ = stop.changed() => return,
            accepted = accept(&listener, &connections) => accepted,
        };
        let Some((socket, peer, permit)) = accepted else {
            continue;
        };
        let (acceptor, router, stop) = (acceptor.clone(), router.clone(), stop.clone());
        let relay = relay.clone();
        tokio::spawn(async move {
            match timeout(HANDSHAKE, acceptor.accept(socket)).await {
                Ok(Ok(stream)) => tell_apart(stream, peer, permit, router, relay, stop).await,
                Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
                Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
            }
        });
    }
}

/// HTTP and TURN begin differently.
async fn tell_apart(
    mut stream: TlsStream<TcpStream>,
    peer: SocketAddr,
    permit: Arc<OwnedSemaphorePermit>,
    router: Router,
    relay: Option<Arc<MasterRelay>>,
    stop: watch::Receiver<bool>,
) {
    let first = match timeout(HEAD, stream.fill_buf()).await {
        Ok(Ok(waiting)) => waiting.first().copied(),
        Ok(Err(_)) | Err(_) => None,
    };
    match (first, relay) {
        (None, _) => tracing::debug!(%peer, "a connection on which nothing came"),
        (Some(first), Some(relay)) if is_turn(first) => {
            let local = stream.get_ref().0.local_addr();
            let local = local.ok().map(|addr| addr.ip());
            until(stop, relay.serve(stream, peer, local)).await;
        }
        _ => serve(stream, peer, permit, router, stop).await,
    }
}

async fn until(mut stop: watch::Receiver<bool>, work: impl Future<Output = ()>) {
    tokio::select! {
        _ = stop.changed() => {}
        () = work => {}
    }
}

async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, Arc<OwnedSemaphorePermit>)> {
    let permit = connections.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((socket, peer)) => {
            tune(&socket);
            Some((socket, peer, Arc::new(permit)))
        }
        Err(error) => {
            tracing::warn!(%error, "cannot accept a connection; is the limit of open files too low?");
            tokio::time::sleep(REFUSED).await;
            None
        }
    }
}

/// A socket that refuses an option still works.
fn tune(socket: &TcpStream) {
    // Nagle would hold small frames back.
    let _ = socket.set_nodelay(true);
    // A peer that vanished without a word is noticed within a minute even when nothing is sent to it.
    let keepalive = socket2::TcpKeepalive::new()
        .with_time(Duration::from_secs(30))
        .with_interval(Duration::from_secs(10))
        .with_retries(3);
    let socket = socket2::SockRef::from(socket);
    let _ = socket.set_tcp_keepalive(&keepalive);
    let _ = socket.set_tcp_user_timeout(Some(UNREAD));
}

/// Proof that a connection is within the limit. A WebSocket takes it over from the HTTP connection that it grew from.
#[derive(Clone)]
pub(crate) struct Admitted {
    _permit: Arc<OwnedSemaphorePermit>,
}

async fn serve(
    stream: TlsStream<TcpStream>,
    peer: SocketAddr,
    permit: Arc<OwnedSemaphorePermit>,
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
    let admitted = Admitted { _permit: permit };
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(admitted.clone());
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        _ = stop.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%peer, %error, "connection broken");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_accepted_socket_does_not_wait_for_a_silent_peer_for_ever() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let _peer = TcpStream::connect(address).await.expect("connected");
        let connections = Arc::new(Semaphore::new(1));
        let (socket, _, _permit) = accept(&listener, &connections).await.expect("accepted");
        let options = socket2::SockRef::from(&socket);
        assert_eq!(options.tcp_user_timeout().expect("readable"), Some(UNREAD));
        assert!(options.keepalive().expect("readable"));
    }
}
