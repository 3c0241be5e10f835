//! From a listening socket to finished TLS connections.

mod places;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::connection::Connection;

pub(super) use places::Place;
use places::Places;

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// Pause after the system refused to accept (out of descriptors), so as not to spin.
const REFUSED: Duration = Duration::from_millis(100);

/// Accepts until the receiver is gone.
pub(super) async fn run(
    listener: TcpListener,
    tls: Arc<rustls::ServerConfig>,
    connections: mpsc::Sender<io::Result<Connection>>,
) {
    let acceptor = TlsAcceptor::from(tls);
    let places = Places::new();
    while !connections.is_closed() {
        let Some(free) = places.free().await else {
            return;
        };
        let (socket, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "link: cannot accept a connection; is the limit of open files too low?");
                tokio::time::sleep(REFUSED).await;
                continue;
            }
        };
        let Some(place) = free.take(peer.ip()) else {
            tracing::debug!(%peer, "link: too many connections from there have not proved yet who they are");
            continue;
        };
        let (acceptor, connections) = (acceptor.clone(), connections.clone());
        tokio::spawn(async move {
            // Nagle would hold small commands back; a socket that refuses the option still works.
            let _ = socket.set_nodelay(true);
            match tokio::time::timeout(HANDSHAKE, acceptor.accept(socket)).await {
                Ok(Ok(stream)) => {
                    let connection = Connection::new(stream, peer, place);
                    let _ = connections.send(Ok(connection)).await;
                }
                Ok(Err(error)) => tell(peer, &error),
                Err(_) => tracing::debug!(%peer, "link: TLS handshake took too long"),
            }
        });
    }
}

/// What has to do with certificates is for the operator; the rest is of no use to anybody but who looks for it.
fn tell(peer: SocketAddr, error: &io::Error) {
    let tls = error.get_ref().and_then(|error| error.downcast_ref());
    match tls {
        Some(rustls::Error::InvalidCertificate(_)) => {
            tracing::warn!(%peer, %error, "link: the certificate of a node is not taken");
        }
        Some(rustls::Error::AlertReceived(alert)) => {
            tracing::warn!(%peer, ?alert, "link: a node does not take this master's certificate");
        }
        _ => tracing::debug!(%peer, %error, "link: TLS handshake failed"),
    }
}
