//! Taking answers in: what they must be, and what they change.

use std::net::IpAddr;

use super::answer::{BadAddress, Family, read, usable};
use super::entry::{InterfaceAddress, Source};
use super::finding::{Finding, Mapping, Metadata};
use super::held::{Held, Said};
use super::plan::Query;
use super::{AddressSet, MOST_ANSWERS};
use crate::Moment;

/// Addresses of interfaces that are looked at.
const MOST_INTERFACES: usize = 64;

impl AddressSet {
    /// Takes an answer.
    pub fn learn(&mut self, now: Moment, finding: Finding) {
        let (query, problem) = match finding {
            Finding::Interfaces(read) => (Query::Interfaces, self.learn_interfaces(now, read)),
            Finding::Metadata(said) => (Query::Metadata, self.learn_metadata(now, said)),
            Finding::Stun { server, result } => {
                let query = Query::Stun {
                    server: server.clone(),
                };
                // One that is not asked any more is not believed either.
                if !self.plan.has(&query) {
                    return;
                }
                (query, self.learn_mappings(now, server, result))
            }
            Finding::Name { name, result } => {
                let problem = self.learn_name(now, &name, result);
                (Query::Name { name }, problem)
            }
        };
        self.plan.answered(now, &query, problem);
    }

    fn learn_interfaces(
        &mut self,
        now: Moment,
        read: Result<Vec<InterfaceAddress>, String>,
    ) -> Option<String> {
        let interfaces = match read {
            Ok(mut interfaces) => {
                interfaces.truncate(MOST_INTERFACES);
                interfaces
            }
            Err(reason) => return Some(reason),
        };
        let said = interfaces.iter().map(|it| {
            let name = it.interface.clone();
            Said::plain(it.ip, Source::Interface { name })
        });
        let is_interface = |held: &Held| matches!(held.source, Source::Interface { .. });
        self.book.report(now, is_interface, said.collect());
        if self.interfaces.as_ref() != Some(&interfaces) {
            self.book
                .drop_translations(|ip| interfaces.iter().any(|it| it.ip == ip));
            self.interfaces = Some(interfaces);
            self.plan.hasten(now);
        }
        None
    }

    fn learn_metadata(&mut self, now: Moment, said: Result<Metadata, String>) -> Option<String> {
        let said = match said {
            Ok(said) => said,
            Err(reason) => return Some(reason),
        };
        match read_metadata(&said) {
            Ok(mut said) => {
                // In a container the machine's own address is another's, and says nothing of ours.
                for it in &mut said {
                    it.local = it.local.filter(|local| self.is_ours(*local));
                }
                self.book
                    .report(now, |held| held.source == Source::Metadata, said);
                None
            }
            Err(problem) => Some(problem),
        }
    }

    fn learn_mappings(
        &mut self,
        now: Moment,
        server: String,
        result: Result<Vec<Mapping>, String>,
    ) -> Option<String> {
        let source = Source::Stun { server };
        let mappings = match result {
            Ok(mappings) if mappings.is_empty() => return Some("no answer".to_owned()),
            Ok(mappings) => mappings,
            Err(reason) => return Some(reason),
        };
        let mut said = Vec::new();
        for mapping in mappings.into_iter().take(MOST_ANSWERS) {
            let local = mapping.local.ip().to_canonical();
            let mapped = mapping.mapped.ip().to_canonical();
            if !self.is_ours(local) {
                return Some(format!(
                    "asked from {local}, which this machine has no more"
                ));
            }
            // Without a translation there is nothing to learn but that, also on loopback.
            if mapped != local
                && let Err(bad) = usable(mapped)
            {
                return Some(bad.to_string());
            }
            said.push(Said {
                ip: mapped,
                source: source.clone(),
                local: Some(local),
                port_kept: mapping.mapped.port() == mapping.local.port(),
            });
        }
        // Of a family by which it did not answer nothing is known.
        let families: Vec<bool> = said.iter().map(|said| said.ip.is_ipv6()).collect();
        let of = |held: &Held| held.source == source && families.contains(&held.ip.is_ipv6());
        self.book.report(now, of, said);
        None
    }

    fn learn_name(
        &mut self,
        now: Moment,
        name: &str,
        result: Result<Vec<IpAddr>, String>,
    ) -> Option<String> {
        let source = Source::Configuration {
            name: Some(name.to_owned()),
        };
        if !self.plan.has(&Query::Name {
            name: name.to_owned(),
        }) {
            return None;
        }
        let ips = match result {
            Ok(ips) if ips.is_empty() => return Some(BadAddress::Empty.to_string()),
            Ok(ips) => ips,
            Err(reason) => return Some(reason),
        };
        let (good, bad): (Vec<_>, Vec<_>) = ips
            .into_iter()
            .take(MOST_ANSWERS)
            .map(|ip| self.usable_name(ip))
            .partition(Result::is_ok);
        let said: Vec<_> = good
            .into_iter()
            .flatten()
            .map(|ip| Said::plain(ip, source.clone()))
            .collect();
        let problem = bad
            .into_iter()
            .find_map(Result::err)
            .map(|bad| bad.to_string());
        if !said.is_empty() {
            self.book.report(now, |held| held.source == source, said);
        }
        problem
    }

    /// A name may lead to loopback where that is allowed.
    fn usable_name(&self, ip: IpAddr) -> Result<IpAddr, BadAddress> {
        match ip.to_canonical() {
            ip if ip.is_loopback() && self.allow_loopback => Ok(ip),
            ip => usable(ip),
        }
    }

    /// Whether the machine has an address, as far as is known.
    fn is_ours(&self, ip: IpAddr) -> bool {
        match &self.interfaces {
            Some(interfaces) => interfaces.iter().any(|it| it.ip == ip),
            None => true,
        }
    }
}

fn read_metadata(said: &Metadata) -> Result<Vec<Said>, String> {
    let one = |what: &str, text: &Option<String>, family| match text {
        None => Ok(None),
        Some(text) => match read(text, family) {
            Ok(ip) => Ok(Some(ip)),
            Err(bad) => Err(format!("{what}: {bad}")),
        },
    };
    let public = one("public-ipv4", &said.public_ipv4, Family::V4)?;
    let local = one("local-ipv4", &said.local_ipv4, Family::V4)?;
    let v6 = one("ipv6", &said.ipv6, Family::V6)?;
    let mut all = Vec::new();
    if let Some(ip) = public {
        let mut said = Said::plain(ip, Source::Metadata);
        said.local = local.filter(|local| *local != ip);
        all.push(said);
    }
    all.extend(v6.map(|ip| Said::plain(ip, Source::Metadata)));
    Ok(all)
}
