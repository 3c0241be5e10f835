//! `stun:` and `turn:` URLs (RFC 7064, RFC 7065), with the limits and messages of OpenVidu.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::InvalidIceServer;

/// Whether the URL names a STUN or TURN server: scheme `stun`, `stuns`, `turn` or `turns`; host name, IPv4 or IPv6
/// address in brackets; optional port; `?transport=udp` or `?transport=tcp` only for TURN. Names are not resolved.
pub fn check_url(url: &str) -> Result<(), InvalidIceServer> {
    let (scheme, rest) = url.split_once(':').ok_or_else(|| {
        InvalidIceServer(format!(
            "Not a valid TURN/STUN uri provided. No colons found in: '{url}'"
        ))
    })?;
    let turn = match scheme {
        "turn" | "turns" => true,
        "stun" | "stuns" => false,
        _ => {
            return Err(InvalidIceServer(format!(
                "The protocol '{scheme}' is invalid. Only valid values are: [turn, turns] [stuns, stun]"
            )));
        }
    };
    check_authority(url, without_query(url, rest, turn)?)
}

fn without_query<'a>(url: &str, rest: &'a str, turn: bool) -> Result<&'a str, InvalidIceServer> {
    match rest.split_once('?') {
        None => Ok(rest),
        Some(_) if !turn => Err(InvalidIceServer(
            "STUN uri can't have any '?' query param".into(),
        )),
        Some((authority, "transport=tcp" | "transport=udp")) => Ok(authority),
        Some(_) => Err(InvalidIceServer(format!(
            "Wrong value specified in STUN/TURN uri: '{url}'. Unique valid arguments after '?' are '?transport=tcp' or '?transport=udp"
        ))),
    }
}

fn check_authority(url: &str, authority: &str) -> Result<(), InvalidIceServer> {
    if authority.contains(['[', ']']) {
        return check_bracketed(url, authority);
    }
    match authority.split_once(':') {
        None => check_host(url, authority),
        Some((_, port)) if port.is_empty() || port.contains(':') => Err(InvalidIceServer(format!(
            "Host or port are not correctly defined in STUN/TURN uri: '{url}'"
        ))),
        Some((host, port)) => {
            check_host(url, host)?;
            check_port(url, port)
        }
    }
}

fn check_bracketed(url: &str, authority: &str) -> Result<(), InvalidIceServer> {
    let (address, port) = authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .ok_or_else(|| InvalidIceServer(format!("Not closed bracket '[' or ']' in uri: {url}")))?;
    if address.parse::<Ipv6Addr>().is_err() {
        return Err(not_an_address(address));
    }
    match port.strip_prefix(':') {
        None if port.is_empty() => Ok(()),
        None => Err(InvalidIceServer(format!(
            "Port is not specified correctly after IPv6 in uri: '{url}'"
        ))),
        Some("") => Err(InvalidIceServer(format!(
            "Host or port are not correctly defined in STUN/TURN uri: {url}"
        ))),
        Some(port) => check_port(url, port),
    }
}

fn check_host(url: &str, host: &str) -> Result<(), InvalidIceServer> {
    if host.is_empty() {
        return Err(InvalidIceServer(format!(
            "Host defined in '{url}' is empty or null"
        )));
    }
    if host.parse::<Ipv4Addr>().is_ok() || is_host_name(host) {
        Ok(())
    } else {
        Err(not_an_address(host))
    }
}

fn not_an_address(host: &str) -> InvalidIceServer {
    InvalidIceServer(format!(
        "Is not a valid Internet Address (IP or Domain Name): '{host}'"
    ))
}

/// RFC 1123: labels of letters, digits and inner hyphens, 63 characters each and 253 in all. A last label of digits
/// only would be an IPv4 address that failed to parse.
fn is_host_name(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.len() <= 253
        && host.split('.').all(label)
        && !host
            .rsplit('.')
            .next()
            .is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()))
}

fn check_port(url: &str, port: &str) -> Result<(), InvalidIceServer> {
    match port.parse::<i32>() {
        Ok(1..=65535) => Ok(()),
        Ok(_) => Err(InvalidIceServer(format!(
            "The port defined in '{url}' is not a valid port number (0-65535)"
        ))),
        Err(_) => Err(InvalidIceServer(format!(
            "The port defined in '{url}' is not a number (0-65535)"
        ))),
    }
}
