//! The metadata service of the cloud, as Amazon has it (IMDSv2): a token first, then what is asked for. Several other
//! clouds offer the same.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use client::{Ask, Client, Target, Trust};
use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};

/// For each request. The service is on the machine's own host.
const WITHIN: Duration = Duration::from_secs(2);
const TOKEN: &str = "/latest/api/token";
const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token");
const LIFE_HEADER: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");
/// The longest that is allowed.
const LIFE: HeaderValue = HeaderValue::from_static("21600");
/// Longer answers are no addresses; they are cut before anybody looks at them.
const LONGEST: usize = 1024;

/// A service that can be asked.
#[derive(Clone)]
pub(super) struct Metadata {
    client: Client,
    service: Target,
    token: Arc<Mutex<Option<HeaderValue>>>,
}

impl Metadata {
    /// `None` when this process cannot ask anybody.
    pub(super) fn new(service: Target) -> Option<Self> {
        let client = Client::new(Trust::Anybody);
        let client =
            client.inspect_err(|error| tracing::error!(%error, "metadata cannot be asked"));
        Some(Self {
            client: client.ok()?,
            service,
            token: Arc::default(),
        })
    }

    /// Asks for the public addresses.
    pub(super) async fn ask(&self) -> Result<addresses::Metadata, String> {
        let token = self.token().await?;
        Ok(addresses::Metadata {
            public_ipv4: self.value(&token, "public-ipv4").await?,
            local_ipv4: self.value(&token, "local-ipv4").await?,
            ipv6: self.value(&token, "ipv6").await?,
        })
    }

    async fn token(&self) -> Result<HeaderValue, String> {
        let known = self.kept().clone();
        if let Some(token) = known {
            return Ok(token);
        }
        let headers = [(LIFE_HEADER, LIFE)];
        let (status, body) = self.request(Method::PUT, TOKEN, &headers).await?;
        if status != 200 {
            return Err(format!("expected a token (IMDSv2), got status {status}"));
        }
        let token = HeaderValue::from_bytes(body.trim_ascii()).ok();
        let token = token.filter(|token| !token.is_empty());
        let token = token.ok_or("expected a token (IMDSv2), got none that could be used")?;
        *self.kept() = Some(token.clone());
        Ok(token)
    }

    /// `None` when the service says that there is none.
    async fn value(&self, token: &HeaderValue, name: &str) -> Result<Option<String>, String> {
        let path = format!("/latest/meta-data/{name}");
        let headers = [(TOKEN_HEADER, token.clone())];
        let (status, body) = self.request(Method::GET, &path, &headers).await?;
        match status {
            200 => {
                let text = std::str::from_utf8(&body);
                let text = text.map_err(|_| format!("{name}: expected text, got other bytes"))?;
                Ok(Some(text.to_owned()))
            }
            404 => Ok(None),
            status => {
                // Also one that expired: the next question begins with a new one.
                *self.kept() = None;
                Err(format!("{name}: expected status 200 or 404, got {status}"))
            }
        }
    }

    async fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, HeaderValue)],
    ) -> Result<(u16, Vec<u8>), String> {
        let ask = Ask {
            method,
            target: &self.service.at(path),
            headers,
            body: Vec::new(),
            within: WITHIN,
        };
        let answer = self.client.ask(ask).await;
        let mut answer = answer.map_err(|failure| failure.to_string())?;
        answer.body.truncate(LONGEST);
        Ok((answer.status, answer.body))
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Option<HeaderValue>> {
        // A token is never half written.
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
