//! How a node comes by a certificate and keeps having one, and what a certificate lets it do.

use std::sync::Arc;

use super::connection::Peer;
use crate::PROTOCOL;
use crate::proto::refused::Cause;
use crate::proto::{self, Refused, enroll_answer, renew_answer};
use crate::trust::{
    self, AuthorityError, Claimant, Facts, Spending, Spent, Terms, Token, Trust, seconds,
};

/// Answers a node that has no certificate.
pub(super) async fn enroll(
    trust: &Trust,
    peer: Option<Peer>,
    request: proto::EnrollRequest,
) -> proto::EnrollAnswer {
    let addr = peer.map(|peer| peer.addr);
    let result = match judge(trust, &request).await {
        Ok(certificate) => {
            tracing::info!(node = request.node_id, ?addr, "link: enrolled a node");
            enroll_answer::Result::Certificate(certificate)
        }
        Err(refused) => {
            tracing::warn!(
                node = ?request.node_id.get(..request.node_id.len().min(128)),
                ?addr,
                cause = ?refused.cause(),
                reason = refused.reason,
                "link: did not enrol a node"
            );
            enroll_answer::Result::Refused(refused)
        }
    };
    proto::EnrollAnswer {
        result: Some(result),
    }
}

async fn judge(
    trust: &Trust,
    request: &proto::EnrollRequest,
) -> Result<proto::Certificate, Refused> {
    same_protocol(request.protocol)?;
    let (node_id, key) = (&request.node_id, &request.public_key);
    if !trust::is_node_id(node_id) {
        let reason = "expected a node id of letters, digits, _ and -, got something else";
        return Err(because(Cause::Malformed, reason));
    }
    let token = sealed(trust, &request.token)?;
    let now = seconds((trust.clock)());
    permits(trust, token.terms(), node_id, now)?;
    if !trust::proof(key, node_id, &request.token, &request.proof) {
        let reason = "the node does not prove that it has the private key of its public key";
        return Err(because(Cause::Malformed, reason));
    }
    spend(trust, token.terms(), Claimant::new(node_id, key), now).await?;
    certify(trust, node_id, key)
}

fn sealed(trust: &Trust, text: &str) -> Result<Token, Refused> {
    let token = text
        .parse::<Token>()
        .map_err(|error| because(Cause::TokenForged, error.to_string()))?;
    if trust.authority.sealed(&token) {
        return Ok(token);
    }
    let reason = "the join token was not made by this master, or was changed on the way; make one with `muster token`";
    Err(because(Cause::TokenForged, reason))
}

/// Whether the terms are met, but for how often the token may be used.
fn permits(trust: &Trust, terms: &Terms, node_id: &str, now: u64) -> Result<(), Refused> {
    if now > terms.expires {
        let reason = format!(
            "the join token expired {} s ago by the master's clock; make a new one with `muster token`",
            now - terms.expires
        );
        return Err(because(Cause::TokenExpired, reason));
    }
    if let Some(bound) = terms.node.as_ref().filter(|bound| *bound != node_id) {
        let reason = format!("the join token is for node {bound}, this is node {node_id}");
        return Err(because(Cause::TokenOtherNode, reason));
    }
    if trust.revocations.bars_since(node_id, terms.issued) {
        return Err(revoked(node_id));
    }
    Ok(())
}

async fn spend(trust: &Trust, terms: &Terms, by: Claimant, now: u64) -> Result<(), Refused> {
    if terms.uses == 0 {
        return Ok(());
    }
    let spending = Spending {
        token: terms.id,
        expires: terms.expires,
        uses: terms.uses,
        by,
        now,
    };
    match trust.used.spend(spending).await {
        Ok(Spent::Counted) => Ok(()),
        Ok(Spent::UsedUp) => {
            let reason = "the join token was used already; make a new one with `muster token`, or one for many nodes \
                          with --reusable";
            Err(because(Cause::TokenUsedUp, reason))
        }
        Err(error) => Err(because(Cause::Unavailable, error.to_string())),
    }
}

/// Answers a node whose certificate gets old.
pub(super) fn renew(
    trust: &Trust,
    peer: Option<Peer>,
    request: proto::RenewRequest,
) -> proto::RenewAnswer {
    let renewed = same_protocol(request.protocol).and_then(|()| {
        // That it may have expired since the connection was made is no matter: nobody else can speak on it.
        let old = certified(trust, peer.as_ref())?;
        let key = trust::point(&old.public_key);
        let key = key.ok_or_else(|| because(Cause::Malformed, "the key is none of P-256"))?;
        certify(trust, &old.node_id, key)
    });
    let result = match renewed {
        Ok(certificate) => renew_answer::Result::Certificate(certificate),
        Err(refused) => {
            let addr = peer.map(|peer| peer.addr);
            tracing::warn!(
                ?addr,
                reason = refused.reason,
                "link: did not renew a certificate"
            );
            renew_answer::Result::Refused(refused)
        }
    };
    proto::RenewAnswer {
        result: Some(result),
    }
}

fn certify(trust: &Trust, node_id: &str, key: &[u8]) -> Result<proto::Certificate, Refused> {
    let signed = trust
        .authority
        .node(node_id, key, (trust.clock)(), trust.life);
    let certificate = signed.map_err(|error: AuthorityError| {
        tracing::error!(%error, "link: cannot sign certificates");
        because(Cause::Unavailable, error.to_string())
    })?;
    Ok(proto::Certificate {
        certificate: certificate.to_vec(),
        authority: trust.authority.certificate().to_vec(),
    })
}

/// The certificate of whoever is on the connection, if it still counts.
pub(super) fn certified(trust: &Trust, peer: Option<&Peer>) -> Result<Arc<Facts>, Refused> {
    let Some(certificate) = peer.and_then(|peer| peer.certificate.clone()) else {
        let reason =
            "expected a node's certificate, which a join token brings (`muster token`), got none";
        return Err(because(Cause::NoCertificate, reason));
    };
    if trust.revocations.bars(&certificate) {
        return Err(revoked(&certificate.node_id));
    }
    Ok(certificate)
}

pub(super) fn same_protocol(node: u32) -> Result<(), Refused> {
    if node == PROTOCOL {
        return Ok(());
    }
    let reason = format!(
        "the master speaks version {PROTOCOL} of the link, the node version {node}; run the same release of Muster on \
         both"
    );
    Err(because(Cause::Protocol, reason))
}

pub(super) fn revoked(node_id: &str) -> Refused {
    let reason = format!(
        "node {node_id} was revoked; what was issued to it before counts for nothing. It comes back with a new join \
         token (`muster token`)"
    );
    because(Cause::Revoked, reason)
}

pub(super) fn other_node(certificate: &str) -> Refused {
    let reason = format!("the certificate is for node {certificate}, the hello of another");
    because(Cause::OtherNode, reason)
}

fn because(cause: Cause, reason: impl Into<String>) -> Refused {
    Refused {
        cause: cause.into(),
        reason: reason.into(),
    }
}
