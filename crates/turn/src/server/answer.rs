//! Answers, and what they count.

use super::{Action, Now, Server};
use crate::counts::{Code, Method};
use crate::credentials::Key;
use crate::event::What;
use crate::message::{Class, Message, attribute, method};
use crate::tuple::Tuple;

use std::net::SocketAddr;

/// Why a request is refused.
#[derive(Clone, Copy, Debug)]
pub struct Refusal {
    /// What is answered.
    pub code: Code,
    /// With which the answer is signed, if the client has proven himself.
    pub key: Option<Key>,
    /// Whom he wanted to reach, if that is why.
    pub peer: Option<SocketAddr>,
}

impl Refusal {
    /// Of a stranger.
    pub fn stranger(code: Code) -> Self {
        Self {
            code,
            key: None,
            peer: None,
        }
    }

    /// Of somebody who has proven himself.
    pub fn proven(code: Code, key: Key) -> Self {
        Self {
            code,
            key: Some(key),
            peer: None,
        }
    }
}

impl Server {
    /// RFC 8489 section 6.3.1, and RFC 3489 for clients without magic cookie. No credentials are asked for.
    pub(super) fn binding<'a>(
        &mut self,
        now: &Now,
        client: Tuple,
        message: &Message<'_>,
    ) -> Action<'a> {
        if !self.hears_strangers(now) {
            return Action::Nothing;
        }
        self.counts.request(Method::Binding, Code::Success);
        let reply = &mut self.reply;
        reply.begin(Class::Success, method::BINDING, message.transaction);
        if message.is_modern() {
            reply.put_address(attribute::XOR_MAPPED_ADDRESS, client.remote);
        } else {
            reply.put_plain_address(client.remote);
        }
        reply.finish();
        Action::Reply
    }

    /// Answers with success; `fill` adds attributes.
    pub(super) fn succeed<'a>(
        &mut self,
        message: (u16, [u8; 16]),
        key: &Key,
        fill: impl FnOnce(&mut crate::message::Reply),
    ) -> Action<'a> {
        let (method, transaction) = message;
        self.counts.request(Method::of(method), Code::Success);
        self.reply.begin(Class::Success, method, transaction);
        fill(&mut self.reply);
        self.reply.sign(key);
        self.reply.finish();
        Action::Reply
    }

    /// Answers with an error.
    pub(super) fn refuse<'a>(
        &mut self,
        now: &Now,
        client: &Tuple,
        message: &Message<'_>,
        refusal: Refusal,
    ) -> Action<'a> {
        let Refusal { code, key, .. } = refusal;
        if key.is_none() && !self.hears_strangers(now) {
            return Action::Nothing;
        }
        let method = Method::of(message.method);
        self.counts.request(method, code);
        self.note_refusal(now, client, message, refusal);
        self.reply
            .begin(Class::Error, message.method, message.transaction);
        self.reply.put_error(code.number(), code.reason());
        match code {
            Code::Unauthorized | Code::StaleNonce => {
                let nonce = self.nonces.make(now.unix_ms, client);
                self.reply.put(attribute::REALM, self.realm.as_bytes());
                self.reply.put(attribute::NONCE, nonce.as_bytes());
            }
            Code::UnknownAttribute => {
                let unknown: Vec<u8> = unknown(message).flat_map(u16::to_be_bytes).collect();
                self.reply.put(attribute::UNKNOWN_ATTRIBUTES, &unknown);
            }
            _ => {}
        }
        if let Some(key) = key {
            self.reply.sign(&key);
        }
        self.reply.finish();
        Action::Reply
    }

    /// The first answer of every dialogue is a refusal, and so is that to an old nonce; they say nothing of the client.
    fn note_refusal(&mut self, now: &Now, client: &Tuple, message: &Message<'_>, of: Refusal) {
        let usual = of.code == Code::StaleNonce
            || (of.code == Code::Unauthorized && !message.is_signed())
            || self.settings.is_none();
        if usual {
            return;
        }
        let label = of.key.and_then(|_| self.label_of(client, message));
        let what = What::Refused {
            method: Method::of(message.method),
            code: of.code,
            peer: of.peer,
        };
        self.note(now, client, &label.unwrap_or_default(), what);
    }

    fn label_of(&self, client: &Tuple, message: &Message<'_>) -> Option<Box<str>> {
        if let Some(id) = self.allocations.id_of(client) {
            return Some(self.allocations.get(id)?.label.clone());
        }
        let name = message.get(attribute::USERNAME)?;
        let user = crate::credentials::User::parse(name).ok()?;
        Some(user.label.into())
    }
}

/// Attributes that the server would have to understand and does not (RFC 8489 section 6.3.1), at most 8 of them.
pub fn unknown(message: &Message<'_>) -> impl Iterator<Item = u16> {
    let unknown = message.attributes().map(|(kind, _)| kind);
    unknown
        .filter(|kind| *kind < 0x8000 && !is_known(*kind))
        .take(8)
}

fn is_known(kind: u16) -> bool {
    use attribute::{
        CHANNEL_NUMBER, DATA, EVEN_PORT, LIFETIME, MESSAGE_INTEGRITY, MESSAGE_INTEGRITY_SHA256,
        NONCE, REALM, REQUESTED_ADDRESS_FAMILY, REQUESTED_TRANSPORT, RESERVATION_TOKEN, USERNAME,
        XOR_PEER_ADDRESS,
    };
    matches!(
        kind,
        CHANNEL_NUMBER
            | DATA
            | EVEN_PORT
            | LIFETIME
            | MESSAGE_INTEGRITY
            | MESSAGE_INTEGRITY_SHA256
            | NONCE
            | REALM
            | REQUESTED_ADDRESS_FAMILY
            | REQUESTED_TRANSPORT
            | RESERVATION_TOKEN
            | USERNAME
            | XOR_PEER_ADDRESS
    )
}
