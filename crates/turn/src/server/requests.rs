//! Requests that need credentials: RFC 8656 sections 7 to 12.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::answer::{Refusal, unknown};
use super::{Action, AllocationId, NoPort, Now, Server, Ticket};
use crate::allocation::{Allocation, Unbindable, lifetime};
use crate::counts::{Code, Method};
use crate::credentials::{Key, Unfit, User};
use crate::event::{Ended, What};
use crate::message::{Message, attribute, method};
use crate::tuple::Tuple;

/// UDP, the only transport that is relayed (IANA protocol number).
const UDP: u8 = 17;
const IPV4: u8 = 1;
const IPV6: u8 = 2;
/// Channel numbers (RFC 8656 section 12; the upper part was RFC 5766's).
const CHANNELS: std::ops::RangeInclusive<u16> = 0x4000..=0x7ffe;

/// Who asks.
#[derive(Clone, Copy)]
struct Asker<'a> {
    user: User<'a>,
    key: Key,
    allocation: Option<AllocationId>,
}

impl Server {
    pub(super) fn request<'a>(
        &mut self,
        now: &Now,
        client: Tuple,
        message: &Message<'_>,
    ) -> Action<'a> {
        let done = self.authenticate(now, &client, message).and_then(|asker| {
            let proven = |code| Refusal::proven(code, asker.key);
            if unknown(message).next().is_some() {
                return Err(proven(Code::UnknownAttribute));
            }
            match message.method {
                method::ALLOCATE => self.allocate(client, message, asker),
                method::REFRESH => self.refresh(now, message, asker),
                method::CREATE_PERMISSION => self.create_permission(now, message, asker),
                method::CHANNEL_BIND => self.channel_bind(now, message, asker),
                _ => Err(proven(Code::BadRequest)),
            }
        });
        done.unwrap_or_else(|refusal| self.refuse(now, &client, message, refusal))
    }

    /// RFC 8489 section 9.2.4.
    fn authenticate<'m>(
        &mut self,
        now: &Now,
        client: &Tuple,
        message: &Message<'m>,
    ) -> Result<Asker<'m>, Refusal> {
        let Some(settings) = self.settings.as_ref().filter(|s| !s.secrets.is_empty()) else {
            return Err(Refusal::stranger(Code::InsufficientCapacity));
        };
        if !message.is_signed() {
            return Err(Refusal::stranger(Code::Unauthorized));
        }
        let name = message.get(attribute::USERNAME);
        let nonce = message.get(attribute::NONCE);
        let realm = message.get(attribute::REALM);
        let (Some(name), Some(nonce), Some(realm)) = (name, nonce, realm) else {
            return Err(Refusal::stranger(Code::BadRequest));
        };
        if !self.nonces.is_good(now.unix_ms, client, nonce) {
            return Err(Refusal::stranger(Code::StaleNonce));
        }
        if realm != self.realm.as_bytes() {
            return Err(Refusal::stranger(Code::Unauthorized));
        }
        let id = self.allocations.id_of(client);
        let allocation = id.and_then(|id| self.allocations.get(id));
        let judged = User::parse(name).and_then(|user| match allocation {
            Some(allocation) if message.is_signed_with(&allocation.key) => {
                Ok((user, allocation.key))
            }
            _ => {
                let time = settings.master_time(now.unix_ms);
                let key = user.judge(message, &self.realm, &settings.secrets, time)?;
                Ok((user, key))
            }
        });
        let owner = |name: &str| allocation.is_none_or(|allocation| *allocation.username == *name);
        let owned = judged.map(|(user, _)| owner(user.name)).unwrap_or(false);
        let (user, key) = judged.map_err(|unfit| self.turn_away(unfit))?;
        if !owned {
            return Err(Refusal::proven(Code::WrongCredentials, key));
        }
        Ok(Asker {
            user,
            key,
            allocation: id,
        })
    }

    fn turn_away(&mut self, unfit: Unfit) -> Refusal {
        match unfit {
            Unfit::Malformed => self.counts.names_malformed += 1,
            Unfit::Expired => self.counts.names_expired += 1,
            Unfit::Forged => self.counts.signatures_forged += 1,
        }
        Refusal::stranger(Code::Unauthorized)
    }

    /// RFC 8656 section 7.2.
    fn allocate<'a>(
        &mut self,
        client: Tuple,
        message: &Message<'_>,
        asker: Asker<'_>,
    ) -> Result<Action<'a>, Refusal> {
        let refused = |code| Err(Refusal::proven(code, asker.key));
        if let Some(id) = asker.allocation {
            let known = self.allocations.get(id);
            return match known.filter(|known| known.transaction == message.transaction) {
                Some(_) => Ok(self.tell_allocation(id)),
                None => refused(Code::AllocationMismatch),
            };
        }
        match message.get(attribute::REQUESTED_TRANSPORT) {
            Some([UDP, ..]) => {}
            Some([_, ..]) => return refused(Code::UnsupportedTransport),
            _ => return refused(Code::BadRequest),
        }
        let reserved = message.get(attribute::RESERVATION_TOKEN).is_some();
        let even = message.get(attribute::EVEN_PORT);
        if reserved || even.is_some_and(|even| even.first().is_none_or(|first| first & 0x80 != 0)) {
            return refused(Code::InsufficientCapacity);
        }
        let ipv6 = match message.get(attribute::REQUESTED_ADDRESS_FAMILY) {
            None | Some([IPV4, ..]) => false,
            Some([IPV6, ..]) => true,
            Some(_) => return refused(Code::AddressFamilyNotSupported),
        };
        let Some(ip) = self.address(ipv6, client.local) else {
            return refused(Code::AddressFamilyNotSupported);
        };
        let quotas = self.settings.as_ref().map(|settings| settings.quotas);
        if let Err(code) = self
            .usage
            .reserve(asker.user.label, quotas.unwrap_or_default())
        {
            return refused(code);
        }
        Ok(Action::Open(Ticket {
            client,
            ip,
            user: (asker.user.name.into(), asker.user.label.into(), asker.key),
            transaction: message.transaction,
            lifetime: seconds(message),
            even: even.is_some(),
        }))
    }

    /// Where the client reached us if that is advertised, else the first of the family.
    fn address(&self, ipv6: bool, local: Option<IpAddr>) -> Option<IpAddr> {
        let fitting = self.addresses.iter().filter(|ip| ip.is_ipv6() == ipv6);
        let reached = fitting.clone().find(|ip| Some(**ip) == local);
        reached.or(fitting.clone().next()).copied()
    }

    /// What came of [`Action::Open`]: [`Server::reply`] is to be sent to `client`, and the port belongs to the allocation,
    /// if there is one.
    pub fn opened(
        &mut self,
        now: &Now,
        ticket: Ticket,
        port: Result<u16, NoPort>,
    ) -> Option<AllocationId> {
        let key = ticket.user.2;
        let Ok(port) = port else {
            self.counts
                .request(Method::Allocate, Code::InsufficientCapacity);
            let (code, label) = (Code::InsufficientCapacity, ticket.user.1);
            self.usage.release(&label);
            let what = What::Refused {
                method: Method::Allocate,
                code,
                peer: None,
            };
            self.note(now, &ticket.client, &label, what);
            let class = crate::message::Class::Error;
            self.reply
                .begin(class, method::ALLOCATE, ticket.transaction);
            self.reply.put_error(code.number(), code.reason());
            self.reply.sign(&key);
            self.reply.finish();
            return None;
        };
        let relayed = SocketAddr::new(ticket.ip, port);
        let granted = lifetime(ticket.lifetime);
        let (client, label) = (ticket.client, ticket.user.1.clone());
        let mut allocation = Allocation::new(client, relayed, ticket.user, ticket.transaction);
        allocation.refresh(now.instant, granted);
        let id = self.allocations.insert(allocation);
        self.counts.allocations = self.allocations.len() as u64;
        self.note(now, &client, &label, What::Allocated { relayed });
        let _: Action<'_> = self.tell_allocation(id);
        Some(id)
    }

    /// Says what was granted, once more if the first answer was lost.
    fn tell_allocation<'a>(&mut self, id: AllocationId) -> Action<'a> {
        let Some(allocation) = self.allocations.get(id) else {
            return Action::Nothing;
        };
        let (relayed, mapped) = (allocation.relayed, allocation.client.remote);
        let (key, transaction) = (allocation.key, allocation.transaction);
        let lifetime = (allocation.granted.as_secs() as u32).to_be_bytes();
        self.succeed((method::ALLOCATE, transaction), &key, |reply| {
            reply.put_address(attribute::XOR_RELAYED_ADDRESS, relayed);
            reply.put(attribute::LIFETIME, &lifetime);
            reply.put_address(attribute::XOR_MAPPED_ADDRESS, mapped);
        })
    }

    /// RFC 8656 section 8.2.
    fn refresh<'a>(
        &mut self,
        now: &Now,
        message: &Message<'_>,
        asker: Asker<'_>,
    ) -> Result<Action<'a>, Refusal> {
        let seconds = seconds(message);
        let what = (message.method, message.transaction);
        let allocation = asker.allocation.and_then(|id| self.allocations.get_mut(id));
        let (Some(allocation), Some(id)) = (allocation, asker.allocation) else {
            // It is gone, as was wished; a client must be able to say so twice.
            if seconds == Some(0) {
                return Ok(self.succeed(what, &asker.key, |reply| {
                    reply.put(attribute::LIFETIME, &[0; 4]);
                }));
            }
            return Err(Refusal::proven(Code::AllocationMismatch, asker.key));
        };
        let family = message.get(attribute::REQUESTED_ADDRESS_FAMILY);
        let family = family.and_then(|value| value.first());
        if family.is_some_and(|family| (*family == IPV6) != allocation.relayed.is_ipv6()) {
            let code = Code::PeerAddressFamilyMismatch;
            return Err(Refusal::proven(code, asker.key));
        }
        let granted = match seconds {
            Some(0) => Duration::ZERO,
            seconds => lifetime(seconds),
        };
        allocation.refresh(now.instant, granted);
        if granted.is_zero() {
            self.end(now, id, Ended::Asked);
        }
        Ok(self.succeed(what, &asker.key, |reply| {
            reply.put(
                attribute::LIFETIME,
                &(granted.as_secs() as u32).to_be_bytes(),
            );
        }))
    }

    /// RFC 8656 section 10.2. All the peers are permitted, or none.
    fn create_permission<'a>(
        &mut self,
        now: &Now,
        message: &Message<'_>,
        asker: Asker<'_>,
    ) -> Result<Action<'a>, Refusal> {
        let refused = |code| Refusal::proven(code, asker.key);
        let mut wanted = Vec::new();
        for (kind, value) in message.attributes() {
            if kind == attribute::XOR_PEER_ADDRESS {
                wanted.push(message.address(value).ok_or(refused(Code::BadRequest))?);
            }
        }
        if wanted.is_empty() {
            return Err(refused(Code::BadRequest));
        }
        let relayed = asker.allocation.and_then(|id| self.relayed(id));
        let relayed = relayed.ok_or(refused(Code::AllocationMismatch))?;
        for peer in &wanted {
            if peer.is_ipv6() != relayed.is_ipv6() {
                return Err(refused(Code::PeerAddressFamilyMismatch));
            }
            if !self.peers.has_ip(peer.ip()) {
                let mut refusal = refused(Code::Forbidden);
                refusal.peer = Some(*peer);
                return Err(refusal);
            }
        }
        let allocation = asker.allocation.and_then(|id| self.allocations.get_mut(id));
        let allocation = allocation.ok_or(refused(Code::AllocationMismatch))?;
        let (client, label) = (allocation.client, allocation.label.clone());
        for peer in wanted {
            let new = !allocation.permits(now.instant, peer.ip());
            if !allocation.permit(now.instant, peer.ip()) {
                return Err(refused(Code::InsufficientCapacity));
            }
            if new {
                let what = What::Permitted { peer: peer.ip() };
                let lost = self.events.note(now.unix_ms, &client, &label, what);
                self.counts.events_lost += u64::from(lost);
            }
        }
        Ok(self.succeed((message.method, message.transaction), &asker.key, |_| {}))
    }

    /// RFC 8656 section 12.2.
    fn channel_bind<'a>(
        &mut self,
        now: &Now,
        message: &Message<'_>,
        asker: Asker<'_>,
    ) -> Result<Action<'a>, Refusal> {
        let refused = |code| Refusal::proven(code, asker.key);
        let number = message.get(attribute::CHANNEL_NUMBER);
        let number = number.and_then(|value| value.first_chunk::<2>());
        let number = number.map(|number| u16::from_be_bytes(*number));
        let number = number.filter(|number| CHANNELS.contains(number));
        let peer = message.get(attribute::XOR_PEER_ADDRESS);
        let peer = peer.and_then(|value| message.address(value));
        let (Some(number), Some(peer)) = (number, peer) else {
            return Err(refused(Code::BadRequest));
        };
        let allocation = asker.allocation.and_then(|id| self.allocations.get_mut(id));
        let allocation = allocation.ok_or(refused(Code::AllocationMismatch))?;
        if peer.is_ipv6() != allocation.relayed.is_ipv6() {
            return Err(refused(Code::PeerAddressFamilyMismatch));
        }
        if !self.peers.has(peer) {
            let mut refusal = refused(Code::Forbidden);
            refusal.peer = Some(peer);
            return Err(refusal);
        }
        let new = allocation.channel_to(now.instant, peer).is_none();
        let (client, label) = (allocation.client, allocation.label.clone());
        match allocation.bind(now.instant, number, peer) {
            Ok(()) => {}
            Err(Unbindable::Taken) => return Err(refused(Code::BadRequest)),
            Err(Unbindable::Full) => return Err(refused(Code::InsufficientCapacity)),
        }
        if new {
            self.note(now, &client, &label, What::Bound { peer });
        }
        Ok(self.succeed((message.method, message.transaction), &asker.key, |_| {}))
    }
}

/// LIFETIME, if it is there.
fn seconds(message: &Message<'_>) -> Option<u32> {
    let value = message.get(attribute::LIFETIME)?.first_chunk::<4>()?;
    Some(u32::from_be_bytes(*value))
}
