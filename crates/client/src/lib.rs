//! A small HTTP client: one request, one answer, one deadline for all of it.
//!
//! Made for few requests to one place: webhooks, and the command line. It opens a connection for each request, follows
//! no redirection, and reads answers up to a bound.

mod target;
mod trust;

use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

pub use target::{BadTarget, Target};
pub use trust::{BadTrust, Trust};

/// Largest answer that is read, bytes.
const ANSWER: usize = 16 << 20;

/// Asks for things.
#[derive(Clone)]
pub struct Client {
    tls: TlsConnector,
}

/// What is asked.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Ask<'a> {
    pub method: Method,
    pub target: &'a Target,
    pub headers: &'a [(HeaderName, HeaderValue)],
    pub body: Vec<u8>,
    /// For everything, from the first packet to the last byte of the answer.
    pub within: Duration,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

/// Why nothing came back.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[allow(missing_docs)]
    #[error("{0} cannot be reached: {1}")]
    Unreachable(String, std::io::Error),
    /// Also a certificate that is not trusted.
    #[error("no secure connection to {0}: {1}")]
    Tls(String, std::io::Error),
    #[allow(missing_docs)]
    #[error("{0} did not answer within {1:?}")]
    Late(String, Duration),
    /// What came is no HTTP, is too large, or ended early.
    #[error("{0} gave no whole answer: {1}")]
    Broken(String, String),
}

impl Client {
    /// A client that trusts whom it is told to.
    ///
    /// # Errors
    /// When what is trusted cannot be read.
    pub fn new(trust: Trust) -> Result<Self, BadTrust> {
        Ok(Self {
            tls: TlsConnector::from(std::sync::Arc::new(trust.client_config()?)),
        })
    }

    /// Asks once.
    ///
    /// # Errors
    /// When there is no whole answer. The request may have been taken nevertheless.
    pub async fn ask(&self, ask: Ask<'_>) -> Result<Answer, Failure> {
        let (shown, within) = (ask.target.to_string(), ask.within);
        match tokio::time::timeout(within, self.connected(ask)).await {
            Ok(result) => result,
            Err(_) => Err(Failure::Late(shown, within)),
        }
    }

    async fn connected(&self, ask: Ask<'_>) -> Result<Answer, Failure> {
        let target = ask.target;
        let unreachable = |error| Failure::Unreachable(target.to_string(), error);
        let address = (target.host(), target.port());
        let socket = TcpStream::connect(address).await.map_err(unreachable)?;
        if !target.is_secure() {
            return exchange(socket, ask).await;
        }
        let insecure = |error| Failure::Tls(target.to_string(), error);
        let name = ServerName::try_from(target.host().to_owned())
            .map_err(|error| insecure(std::io::Error::other(error)))?;
        let socket = self.tls.connect(name, socket).await.map_err(insecure)?;
        exchange(socket, ask).await
    }
}

async fn exchange<S>(socket: S, ask: Ask<'_>) -> Result<Answer, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let shown = ask.target.to_string();
    let broken = |error: String| Failure::Broken(shown.clone(), error);
    let request = request(ask).map_err(|error| broken(error.to_string()))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(socket))
        .await
        .map_err(|error| broken(words(&error)))?;
    // The connection ends with this future, however that ends.
    let driven = async {
        let outcome = connection.await;
        match outcome {
            Ok(()) => std::future::pending::<String>().await,
            Err(error) => words(&error),
        }
    };
    let asked = async {
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), ANSWER).collect().await;
        Ok::<_, hyper::Error>((status, body))
    };
    tokio::pin!(driven);
    let (status, body) = tokio::select! {
        biased;
        asked = asked => asked.map_err(|error| broken(words(&error)))?,
        error = &mut driven => return Err(broken(error)),
    };
    let body = body.map_err(|error| broken(error.to_string()))?;
    Ok(Answer {
        status,
        body: body.to_bytes().to_vec(),
    })
}

fn request(ask: Ask<'_>) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let target = ask.target;
    let mut request = Request::builder()
        .method(ask.method)
        .uri(target.path())
        .header(header::HOST, target.authority())
        .header(header::CONNECTION, "close");
    for (name, value) in ask.headers {
        request = request.header(name, value);
    }
    request.body(Full::new(Bytes::from(ask.body)))
}

/// With its causes: hyper's own words name the step only.
fn words(error: &hyper::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
