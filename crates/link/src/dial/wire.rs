//! From a URL to an HTTP/2 connection whose ends have seen each other's certificates.

use std::error::Error;
use std::future::{Ready, ready};
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, ClientConfig};
use tokio::io::AsyncBufReadExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::codegen::Service;
use tonic::transport::{Channel, Endpoint, Uri};

use crate::SERVER_NAME;
use crate::proto::refused::Cause;

/// A master that takes longer is tried again later.
pub(super) const CONNECT: Duration = Duration::from_secs(3);

/// Why there is no connection.
pub(super) enum Failure {
    /// Nobody there, or somebody else.
    Unreachable(String),
    /// The master does not take the node's certificate.
    Refused { cause: Cause, reason: String },
}

/// Host and port of a URL.
pub(super) fn address(url: &str) -> Result<(String, u16), String> {
    if !url.starts_with("https://") {
        return Err("the link is always TLS".into());
    }
    let uri: Uri = url.parse().map_err(|error| chain(&error))?;
    match (uri.host(), uri.port_u16()) {
        (Some(host), Some(port)) if !host.is_empty() => {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            Ok((host.to_owned(), port))
        }
        _ => Err("there is no host and port in it".into()),
    }
}

/// Connects, or says what prevented it.
pub(super) async fn connect(url: &str, tls: ClientConfig) -> Result<Channel, Failure> {
    let unreachable = |reason: String| Failure::Unreachable(format!("{url}: {reason}"));
    let (host, port) = address(url).map_err(unreachable)?;
    let stream = match tokio::time::timeout(CONNECT, secured(&host, port, tls)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(judge(url, &error)),
        Err(_) => return Err(unreachable(format!("no answer within {CONNECT:?}"))),
    };
    // TLS is done already; the name is only what HTTP/2 wants to hear.
    Endpoint::from_static("http://master.muster")
        .connect_with_connector(Once(Some(TokioIo::new(stream))))
        .await
        .map_err(|error| unreachable(chain(&error)))
}

async fn secured(host: &str, port: u16, tls: ClientConfig) -> io::Result<TlsStream<TcpStream>> {
    let socket = TcpStream::connect((host, port)).await?;
    // Nagle would hold small messages back; a socket that refuses the option still works.
    let _ = socket.set_nodelay(true);
    let name = ServerName::try_from(SERVER_NAME).map_err(io::Error::other)?;
    let connector = TlsConnector::from(Arc::new(tls));
    let mut stream = connector.connect(name, socket).await?;
    // The master judges our certificate when for us the handshake is done. It speaks first in HTTP/2, or says why not;
    // had we spoken before, the system might throw that away.
    match stream.fill_buf().await {
        Ok([]) => Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(_) => Ok(stream),
        Err(error) => Err(error),
    }
}

/// What an error of the handshake means for the operator.
fn judge(url: &str, error: &io::Error) -> Failure {
    let tls = error.get_ref().and_then(|e| e.downcast_ref());
    let unreachable = |reason: String| Failure::Unreachable(format!("{url}: {reason}"));
    match tls {
        Some(rustls::Error::AlertReceived(alert)) => match alert {
            AlertDescription::CertificateExpired => Failure::Refused {
                cause: Cause::CertificateExpired,
                reason: "this node's certificate has expired by the master's clock; it needs a new join token \
                         (`muster token` at the master)"
                    .into(),
            },
            AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::DecryptError
            | AlertDescription::CertificateUnknown => Failure::Refused {
                cause: Cause::OtherAuthority,
                reason: "this node's certificate was not signed by this master's authority; it is another cluster's, \
                         or the master was set up anew. The node needs a new join token (`muster token` at the master)"
                    .into(),
            },
            other => unreachable(format!("the master ended the TLS handshake: {other:?}")),
        },
        Some(rustls::Error::InvalidCertificate(certificate)) => {
            unreachable(not_trusted(certificate))
        }
        _ => unreachable(chain(error)),
    }
}

/// What is wrong with the master's certificate.
fn not_trusted(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "what answers there is not this node's master: its certificate is of another authority than the join token \
             or the node's own certificate names. If the master was set up anew, the node needs a new join token"
                .into()
        }
        CertificateError::NotValidYetContext { time, not_before } => format!(
            "the master's certificate is not valid yet by this machine's clock, which is {} behind or more; set it right",
            span(not_before.as_secs().saturating_sub(time.as_secs()))
        ),
        CertificateError::ExpiredContext { time, not_after } => format!(
            "the master's certificate has expired by this machine's clock, which is {} ahead or more; set it right",
            span(time.as_secs().saturating_sub(not_after.as_secs()))
        ),
        other => format!("the master's certificate cannot be trusted: {other}"),
    }
}

fn span(seconds: u64) -> String {
    match seconds {
        0..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// Hands out the one connection that there is.
struct Once(Option<TokioIo<TlsStream<TcpStream>>>);

impl Service<Uri> for Once {
    type Response = TokioIo<TlsStream<TcpStream>>;
    type Error = io::Error;
    type Future = Ready<io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        // A second connection would be of another attachment.
        ready(
            self.0
                .take()
                .ok_or_else(|| io::ErrorKind::NotConnected.into()),
        )
    }
}

/// An error with its causes; tonic's own text says only `transport error`.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
