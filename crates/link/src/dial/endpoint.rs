//! What is dialled, and how its identity is checked.

use std::error::Error;
use std::time::Duration;

use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

use super::{Config, ConfigError};
use crate::SERVER_NAME;

/// A master that takes longer to accept a connection is tried again later.
pub(super) const CONNECT: Duration = Duration::from_secs(3);

/// A validated [`Config`].
pub(super) struct Target {
    url: String,
    endpoint: Endpoint,
}

impl Target {
    pub(super) fn new(config: &Config) -> Result<Self, ConfigError> {
        let wrong = |reason: String| ConfigError::Url {
            url: config.master_url.clone(),
            reason,
        };
        if !config.master_url.starts_with("https://") {
            return Err(wrong("the link is always TLS".into()));
        }
        let endpoint = Endpoint::from_shared(config.master_url.clone())
            .map_err(|e| wrong(chain(&e)))?
            .connect_timeout(CONNECT)
            .tcp_nodelay(true);
        if !config.master_ca_pem.contains("-----BEGIN CERTIFICATE-----") {
            return Err(ConfigError::Certificate(
                "there is no `-----BEGIN CERTIFICATE-----` in it".into(),
            ));
        }
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(&config.master_ca_pem))
            .domain_name(SERVER_NAME);
        let endpoint = endpoint
            .tls_config(tls)
            .map_err(|e| ConfigError::Certificate(chain(&e)))?;
        Ok(Self {
            url: config.master_url.clone(),
            endpoint,
        })
    }

    /// A connection with the TLS handshake done, or what prevented it.
    pub(super) async fn connect(&self) -> Result<Channel, String> {
        let attempt = tokio::time::timeout(CONNECT, self.endpoint.connect()).await;
        match attempt {
            Ok(Ok(channel)) => Ok(channel),
            Ok(Err(e)) => Err(format!("{}: {}", self.url, chain(&e))),
            Err(_) => Err(format!("{}: no answer within {CONNECT:?}", self.url)),
        }
    }
}

/// An error with its causes; tonic's own text says only `transport error`.
fn chain(error: &dyn Error) -> String {
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
