//! What is dialled, and as whom: by the token until there is a certificate, by the certificate from then on.

use std::sync::Arc;

use tokio::time::timeout;
use tonic::transport::Channel;

use super::attachment::Ended;
use super::identity::{Enrolled, Identity};
use super::wire::{self, CONNECT, Failure};
use super::{Config, ConfigError};
use crate::proto::link_client::LinkClient;
use crate::proto::refused::Cause;
use crate::proto::{self, enroll_answer};
use crate::trust::{Clock, Token, seconds};
use crate::{PROTOCOL, tls};

/// A validated [`Config`].
pub(super) struct Target {
    node_id: String,
    /// Configured ones come before those of token and enrolment.
    masters: Vec<String>,
    token: Option<Token>,
    pub(super) identity: Arc<Identity>,
    pub(super) clock: Clock,
    /// Which of the masters is next.
    turn: usize,
    /// The master does not want the certificate: the token may bring another.
    doubted: bool,
}

impl Target {
    pub(super) fn new(config: &Config) -> Result<Self, ConfigError> {
        for url in &config.masters {
            wire::address(url).map_err(|reason| ConfigError::Url {
                url: url.clone(),
                reason,
            })?;
        }
        let mut identity = Identity::open(&config.directory)?;
        match (identity.take_damage(), &config.token) {
            (Some(damage), None) => return Err(damage),
            (Some(damage), Some(_)) => tracing::warn!("{damage}; enrolling anew"),
            (None, _) => {}
        }
        let target = Self {
            node_id: config.node_id.clone(),
            masters: config.masters.clone(),
            token: config.token.clone(),
            identity: Arc::new(identity),
            clock: config.clock.clone(),
            turn: 0,
            doubted: false,
        };
        match (&target.token, target.identity.enrolled()) {
            (None, None) => Err(ConfigError::NotEnrolled),
            (None, Some(enrolled)) if enrolled.facts.node_id != target.node_id => {
                Err(ConfigError::OtherNode {
                    certificate: enrolled.facts.node_id,
                    node_id: target.node_id,
                })
            }
            _ => Ok(target),
        }
    }

    /// A connection as the node that we are, after enrolment where that is needed.
    pub(super) async fn connect(&mut self) -> Result<Channel, Ended> {
        if let Some(token) = self.token_to_use() {
            match self.enrol(&token).await {
                Err(Ended::Refused { reason, .. }) if self.identity.enrolled().is_some() => {
                    // It will not be taken another time either.
                    self.token = None;
                    tracing::warn!(
                        %reason,
                        "the master does not take the join token; going on with the certificate that this node has"
                    );
                }
                Err(ended) => return Err(ended),
                Ok(()) => self.doubted = false,
            }
        }
        let Some(enrolled) = self.identity.enrolled() else {
            let reason = ConfigError::NotEnrolled.to_string();
            return Err(Ended::Unreachable { reason });
        };
        let tls = self.identity.tls(&enrolled, &self.clock);
        let tls = tls.map_err(|reason| Ended::Unreachable { reason })?;
        let connected = self.dial(&enrolled.masters, tls).await;
        self.doubted = matches!(connected, Err(Ended::Refused { .. }));
        connected
    }

    /// The master refused the node by its certificate, when it was connected already.
    pub(super) fn doubt(&mut self, cause: Cause) {
        self.doubted |= matches!(cause, Cause::Revoked | Cause::OtherNode);
    }

    /// The token, when there is a reason to use it: one that has not brought the present certificate always is.
    fn token_to_use(&self) -> Option<Token> {
        let token = self.token.as_ref()?;
        let serves = |enrolled: &Enrolled| {
            enrolled.token == token.terms().id.to_string()
                && enrolled.facts.node_id == self.node_id
                && enrolled.facts.not_after > seconds((self.clock)())
        };
        let needless = !self.doubted && self.identity.enrolled().as_ref().is_some_and(serves);
        (!needless).then(|| token.clone())
    }

    async fn enrol(&mut self, token: &Token) -> Result<(), Ended> {
        let tls = tls::enrolling(token.terms().authority, &self.clock);
        let tls = tls.map_err(|error| Ended::Unreachable {
            reason: error.to_string(),
        })?;
        let channel = self.dial(&token.terms().masters, tls).await?;
        let certificate = self.ask(channel, token).await?;
        let kept = self.identity.enrol(token, &self.node_id, certificate).await;
        kept.map_err(|reason| Ended::Unreachable {
            reason: format!("the enrolment is not complete: {reason}"),
        })?;
        tracing::info!("enrolled at the master");
        Ok(())
    }

    async fn ask(&self, channel: Channel, token: &Token) -> Result<proto::Certificate, Ended> {
        let unreachable = |reason: String| Ended::Unreachable { reason };
        let text = token.text();
        let key = &self.identity.key;
        let request = proto::EnrollRequest {
            protocol: PROTOCOL,
            node_id: self.node_id.clone(),
            public_key: key.public(),
            proof: key
                .prove(&self.node_id, &text)
                .map_err(|error| unreachable(error.to_string()))?,
            token: text,
        };
        let mut client = LinkClient::new(channel);
        let answer = timeout(CONNECT, client.enroll(request)).await;
        let answer = answer
            .map_err(|_| unreachable(format!("the master did not enrol this node in {CONNECT:?}")))?
            .map_err(|status| {
                let reason = super::attachment::root(&status);
                unreachable(format!("the master did not enrol this node: {reason}"))
            })?;
        match answer.into_inner().result {
            Some(enroll_answer::Result::Certificate(certificate)) => Ok(certificate),
            Some(enroll_answer::Result::Refused(refused)) => {
                Err(super::attachment::refused(refused))
            }
            None => Err(unreachable(
                "the master's answer cannot be understood".into(),
            )),
        }
    }

    /// Dials one of the masters; after a failure the next one is next.
    async fn dial(
        &mut self,
        known: &[String],
        tls: rustls::ClientConfig,
    ) -> Result<Channel, Ended> {
        let masters = if self.masters.is_empty() {
            known
        } else {
            &self.masters
        };
        let Some(url) = masters.get(self.turn % masters.len().max(1)) else {
            let reason = "this node knows no URL of a master".into();
            return Err(Ended::Unreachable { reason });
        };
        wire::connect(url, tls).await.map_err(|failure| {
            self.turn = self.turn.wrapping_add(1);
            match failure {
                Failure::Unreachable(reason) => Ended::Unreachable { reason },
                Failure::Refused { cause, reason } => Ended::Refused { cause, reason },
            }
        })
    }
}
