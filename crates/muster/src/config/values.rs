//! What each kind of value must look like.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use conference::{ForcedVideoCodec, IceServer, Remedy};
use link::trust::{Token, TokenError};
use node::{MetadataService, PublicAddress};

use super::reader::Judged;

/// Port that is meant when the master's URL names none.
const LINK_PORT: u16 = 4442;
/// Port that is meant when a STUN server names none (RFC 8489 section 18.6).
const STUN_PORT: u16 = 3478;

/// Splits `a,b`, `["a","b"]` and `[a,b]`. Parts of one ICE server (`url=…,username=…`) stay together.
pub(super) fn split_list(text: &str) -> Vec<String> {
    let text = text.trim();
    if let Ok(items) = serde_json::from_str::<Vec<String>>(text) {
        return items;
    }
    let inner = text
        .strip_prefix('[')
        .and_then(|t| t.strip_suffix(']'))
        .unwrap_or(text);
    let mut items: Vec<String> = Vec::new();
    for part in inner.split(',') {
        let part = part.trim().trim_matches('"');
        match items.last_mut() {
            Some(last) if last.starts_with("url=") && is_ice_property(part) => {
                last.push(',');
                last.push_str(part);
            }
            _ if part.is_empty() => {}
            _ => items.push(part.to_owned()),
        }
    }
    items
}

fn is_ice_property(part: &str) -> bool {
    ["username=", "credential=", "staticAuthSecret="]
        .iter()
        .any(|property| part.starts_with(property))
}

/// The REST password.
pub(super) fn secret(text: &str) -> Judged<String> {
    let fine = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    fine.then(|| text.to_owned())
        .ok_or_else(|| "letters, digits, _ and - only".into())
}

/// A host name or an address, without scheme and port.
pub(super) fn host(text: &str) -> Judged<String> {
    let unbracketed = text
        .strip_prefix('[')
        .and_then(|t| t.strip_suffix(']'))
        .unwrap_or(text);
    if unbracketed.parse::<IpAddr>().is_ok() {
        return Ok(unbracketed.to_owned());
    }
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && !l.starts_with('-')
            && !l.ends_with('-')
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    // A last label of digits only would be read as a mistyped IPv4 address by every client.
    let numeric = text
        .rsplit('.')
        .next()
        .is_some_and(|l| l.bytes().all(|b| b.is_ascii_digit()));
    if text.len() <= 253 && !numeric && text.split('.').all(label) {
        return Ok(text.to_ascii_lowercase());
    }
    Err("a host name or an IP address, without https:// and without a port".into())
}

/// A name that a certificate may be for.
pub(super) fn host_name(text: &str) -> Judged<String> {
    match host(text) {
        Ok(name) if name.parse::<IpAddr>().is_err() => Ok(name),
        _ => Err("a host name, without a scheme and without a port".into()),
    }
}

/// Where to listen.
pub(super) fn listen(text: &str) -> Judged<SocketAddr> {
    text.parse()
        .map_err(|_| "ADDRESS:PORT, such as 0.0.0.0:4443 or [::]:4443".into())
}

/// An address that clients can be told, or a host name that leads to one.
pub(super) fn public_address(text: &str) -> Judged<PublicAddress> {
    let wrong = || {
        "IP addresses or host names by which clients reach the node, such as 203.0.113.5".to_owned()
    };
    let Ok(ip) = text.parse::<IpAddr>() else {
        let name = host(text).map_err(|_| wrong())?;
        let bracketed = text.starts_with('[');
        return (!bracketed)
            .then_some(PublicAddress::Name(name))
            .ok_or_else(wrong);
    };
    let fine = !ip.is_unspecified() && !ip.is_multicast();
    fine.then_some(PublicAddress::Ip(ip)).ok_or_else(wrong)
}

/// Whether the cloud's metadata service is asked.
pub(super) fn metadata(text: &str) -> Judged<MetadataService> {
    match text {
        "auto" => Ok(MetadataService::Auto),
        "off" => Ok(MetadataService::Off),
        url => url.parse().map(MetadataService::At).map_err(|_| {
            "auto, off, or the URL of a service that speaks as Amazon's does (IMDSv2)".into()
        }),
    }
}

/// `HOST[:PORT]` of a STUN server, with or without `stun:`.
pub(super) fn stun_server(text: &str) -> Judged<String> {
    let wrong = || "HOST[:PORT] of STUN servers, such as stun.example.org:3478".to_owned();
    let text = text.strip_prefix("stun:").unwrap_or(text);
    let alone = host(text).is_ok();
    let (name, number) = match text.rsplit_once(':').filter(|_| !alone) {
        Some((name, number)) => (name, port(number).map_err(|_| wrong())?),
        None => (text, STUN_PORT),
    };
    let name = host(name).map_err(|_| wrong())?;
    Ok(match name.contains(':') {
        true => format!("[{name}]:{number}"),
        false => format!("{name}:{number}"),
    })
}

/// A port that is not 0.
pub(super) fn port(text: &str) -> Judged<u16> {
    match text.parse() {
        Ok(port) if port != 0 => Ok(port),
        _ => Err("a port from 1 to 65535".into()),
    }
}

/// `FROM-TO`, or `0` to let the system choose.
pub(super) fn ports(text: &str) -> Judged<RangeInclusive<u16>> {
    if text == "0" {
        return Ok(0..=0);
    }
    let range = text.split_once('-').and_then(|(from, to)| {
        let from = port(from.trim()).ok()?;
        let to = port(to.trim()).ok()?;
        (from <= to).then_some(from..=to)
    });
    range.ok_or_else(|| "FROM-TO, such as 40000-40099, or 0 to let the system choose".into())
}

/// A number within bounds.
pub(super) fn number<T>(text: &str, bounds: RangeInclusive<T>) -> Judged<T>
where
    T: FromStr + PartialOrd + std::fmt::Display,
{
    match text.parse() {
        Ok(n) if bounds.contains(&n) => Ok(n),
        _ => Err(format!(
            "a whole number from {} to {}",
            bounds.start(),
            bounds.end()
        )),
    }
}

/// `true` or `false`.
pub(super) fn boolean(text: &str) -> Judged<bool> {
    text.parse().map_err(|_| "true or false".into())
}

/// What becomes of sessions whose node is dead.
pub(super) fn remedy(text: &str) -> Judged<Remedy> {
    match text {
        "recover" => Ok(Remedy::Recover),
        "evict" => Ok(Remedy::Evict),
        _ => Err("recover or evict".into()),
    }
}

/// Whole seconds; 0 turns the thing off.
pub(super) fn seconds(text: &str) -> Judged<Duration> {
    number(text, 0..=31_536_000u64)
        .map(Duration::from_secs)
        .map_err(|_| "seconds, 0 to turn it off, at most 31536000".into())
}

/// A number and its unit: `90s`, `15m`, `1h`, `30d`; at most ten years.
pub(crate) fn span(text: &str) -> Judged<Duration> {
    let units = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400)];
    let read = units.iter().find_map(|(unit, seconds)| {
        let count: u64 = text.strip_suffix(*unit)?.trim().parse().ok()?;
        count.checked_mul(*seconds)
    });
    read.filter(|seconds| (1..=3650 * 86_400).contains(seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| "a number and s, m, h or d, such as 90s, 1h or 30d; at most 3650d".into())
}

/// A number and its unit, or 0 to turn it off.
pub(super) fn span_or_zero(text: &str) -> Judged<Duration> {
    match text.trim() {
        "0" => Ok(Duration::ZERO),
        text => span(text),
    }
}

/// How large a file may become, in MiB.
pub(super) fn mebibytes(text: &str) -> Judged<u64> {
    number(text, 16..=65_536u64)
        .map(|count| count << 20)
        .map_err(|_| "a number of MiB, from 16 to 65536".into())
}

/// What `muster token` printed.
pub(super) fn token(text: &str) -> Judged<Token> {
    text.parse().map_err(|error: TokenError| error.to_string())
}

/// Whole seconds within bounds.
pub(super) fn seconds_within(text: &str, bounds: RangeInclusive<u64>) -> Judged<Duration> {
    let wrong = format!("seconds, from {} to {}", bounds.start(), bounds.end());
    number(text, bounds)
        .map(Duration::from_secs)
        .map_err(|_| wrong)
}

/// A codec as OpenVidu names it.
pub(super) fn codec(text: &str) -> Judged<ForcedVideoCodec> {
    Ok(match text {
        "MEDIA_SERVER_PREFERRED" => ForcedVideoCodec::MediaServerPreferred,
        "NONE" => ForcedVideoCodec::None,
        "VP8" => ForcedVideoCodec::Vp8,
        "VP9" => ForcedVideoCodec::Vp9,
        "H264" => ForcedVideoCodec::H264,
        _ => return Err("MEDIA_SERVER_PREFERRED, NONE, VP8, VP9 or H264".into()),
    })
}

/// An ICE server: a bare URL, or OpenVidu's `url=…,username=…,credential=…`.
pub(super) fn ice_server(text: &str) -> Judged<IceServer> {
    let entry = if text.starts_with("url=") {
        text.to_owned()
    } else {
        format!("url={text}")
    };
    openvidu::ice::parse_configured(&entry).map_err(|error| {
        format!(
            "stun:HOST:PORT, or url=turn:HOST:PORT,username=…,credential=…, or \
             url=turn:HOST:PORT,staticAuthSecret=… ({error})"
        )
    })
}

/// A path.
pub(super) fn path(text: &str) -> Judged<PathBuf> {
    Ok(PathBuf::from(text))
}

/// A node's permanent name.
pub(crate) fn node_id(text: &str) -> Judged<String> {
    let fine = (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    fine.then(|| text.to_owned())
        .ok_or_else(|| "at most 64 letters, digits, _ and -".into())
}

/// `https://HOST[:PORT]` of the master's link.
pub(super) fn master_url(text: &str) -> Judged<String> {
    let wrong =
        || "https://HOST:PORT of the master's link, such as https://10.0.0.2:4442".to_owned();
    let authority = text
        .strip_prefix("https://")
        .map(|rest| rest.strip_suffix('/').unwrap_or(rest))
        .ok_or_else(wrong)?;
    let after_address = authority.rsplit(']').next().unwrap_or(authority);
    let (name, number) = match after_address.rsplit_once(':') {
        Some((before, number)) => {
            let kept = authority.len() - after_address.len() + before.len();
            (&authority[..kept], port(number).map_err(|_| wrong())?)
        }
        None => (authority, LINK_PORT),
    };
    let bracketed = name.starts_with('[') && name.ends_with(']');
    let checked = host(name).map_err(|_| wrong())?;
    if checked.contains(':') && !bracketed {
        return Err(wrong());
    }
    Ok(format!("https://{name}:{number}"))
}

/// A filter for the log.
pub(super) fn log_filter(text: &str) -> Judged<String> {
    match tracing_subscriber::EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!(
            "error, warn, info, debug or trace, or per part such as info,media=debug ({error})"
        )),
    }
}

#[cfg(test)]
mod tests;

/// Names a cluster.
pub(super) fn cluster_id(text: &str) -> Judged<String> {
    match provider::ClusterId::parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => {
            Err("at most 63 letters, digits, _, - and ., the first a letter or a digit".into())
        }
    }
}

/// By what nodes are chosen.
pub(super) fn strategy(text: &str) -> Judged<cluster::Strategy> {
    use cluster::Strategy::{Connections, Cpu, Memory, Sessions, Streams};
    [Streams, Connections, Sessions, Cpu, Memory]
        .into_iter()
        .find(|strategy| strategy_name(*strategy) == text)
        .ok_or_else(|| "streams, connections, sessions, cpu or memory".into())
}

/// As it is written in settings.
pub fn strategy_name(strategy: cluster::Strategy) -> &'static str {
    use cluster::Strategy;
    match strategy {
        Strategy::Streams => "streams",
        Strategy::Connections => "connections",
        Strategy::Sessions => "sessions",
        Strategy::Cpu => "cpu",
        Strategy::Memory => "memory",
    }
}

/// 0 to 100, with or without a fraction.
pub(super) fn percent(text: &str) -> Judged<f64> {
    let number = text.parse::<f64>().ok();
    let number = number.filter(|number| (0.0..=100.0).contains(number));
    number.ok_or_else(|| "a number from 0 to 100".into())
}

/// Where a message is posted.
pub(super) fn web_address(text: &str) -> Judged<client::Target> {
    text.parse::<client::Target>()
        .map_err(|_| "http://HOST[:PORT]/PATH or https://…".into())
}

/// `Name: value`.
pub(super) fn header(text: &str) -> Judged<(String, String)> {
    let expected = || "headers such as \"Authorization: Basic …\"".to_owned();
    let (name, value) = text.split_once(':').ok_or_else(expected)?;
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let (name, value) = (name.trim(), value.trim());
    let fine = !name.is_empty()
        && name.bytes().all(token)
        && value.bytes().all(|b| (0x20..0x7f).contains(&b));
    fine.then(|| (name.to_owned(), value.to_owned()))
        .ok_or_else(expected)
}

/// The name of an event.
pub(super) fn event(text: &str) -> Judged<openvidu::webhook::EventName> {
    use openvidu::webhook::EventName;
    EventName::from_text(text).ok_or_else(|| {
        let names: Vec<&str> = EventName::ALL.iter().map(|name| name.as_str()).collect();
        format!("names of events: {}", names.join(", "))
    })
}
