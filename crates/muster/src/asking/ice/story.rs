//! One transport in a person's words, in the order in which things happened.

use api::IceStory;
use diagnosis::{Candidate, CandidateType, Evidence, Pair, Protocol};

use super::time;
use crate::asking::table::paragraph;

/// The whole.
pub fn told(story: &IceStory) -> String {
    let transport = &story.transport;
    let evidence = &story.evidence;
    let does = match transport.direction.as_str() {
        "publish" => "sends its stream to",
        _ => "receives a stream from",
    };
    let head = format!(
        "{}: participant {} of session {} {does} node {}.",
        transport.state, transport.participant, transport.session, transport.node
    );
    let mut out = paragraph("", &head);
    if !transport.reason.is_empty() {
        out += &paragraph(
            "",
            &format!("The node's word for it: {}.", transport.reason),
        );
    }
    for finding in &story.findings {
        out += "\n";
        let cause = finding.cause.code();
        out += &paragraph("Cause: ", &format!("{cause} ({} %)", finding.confidence));
        out += &paragraph("  known by: ", &finding.proof);
        out += &paragraph("  remedy:   ", &finding.remedy.text);
        if let Some(rule) = &finding.missing_rule {
            out += &paragraph("  missing:  ", &rule.to_string());
        }
    }
    out += "\n";
    out += &who(story);
    out += "\nWhat both sides told\n";
    out += &candidates("  node:   ", &evidence.local, evidence.pairs_more);
    out += &candidates("  client: ", &evidence.remote, evidence.remote_more);
    let servers = match story.ice_servers.is_empty() {
        true => "none that is known".to_owned(),
        false => story.ice_servers.join(", "),
    };
    out += &paragraph("  ICE servers of the client: ", &servers);
    out += "\nWhat the node saw\n";
    out += &course(evidence);
    out += &checks(evidence);
    out += &browser(evidence);
    out
}

fn who(story: &IceStory) -> String {
    let (transport, client) = (&story.transport, &story.evidence.client);
    let mut out = String::new();
    let address = match client.address {
        Some(address) => address.to_string(),
        None => "not known".to_owned(),
    };
    let network = transport.network.as_deref();
    let network = network.map(|network| format!(", network {network}"));
    out += &paragraph(
        "client   ",
        &format!("{address}{}", network.unwrap_or_default()),
    );
    for program in [&client.platform, &client.user_agent] {
        if !program.is_empty() {
            out += &paragraph("         ", program);
        }
    }
    let node = format!(
        "{}, boot {}, address set {}",
        transport.node, transport.boot, story.evidence.address_set
    );
    out += &paragraph("node     ", &node);
    out += &paragraph("stream   ", &transport.stream);
    out += &paragraph(
        "opened   ",
        &format!("{} UTC", time::long(transport.opened)),
    );
    out
}

fn candidates(lead: &str, candidates: &[Candidate], more: u32) -> String {
    let mut all: Vec<String> = candidates.iter().map(candidate).collect();
    if more > 0 {
        all.push(format!("and {more} more"));
    }
    if all.is_empty() {
        all.push("no candidate".to_owned());
    }
    paragraph(lead, &all.join(", "))
}

fn candidate(candidate: &Candidate) -> String {
    let kind = match candidate.kind {
        CandidateType::Host => "host",
        CandidateType::ServerReflexive => "srflx",
        CandidateType::PeerReflexive => "prflx",
        CandidateType::Relayed => "relay",
        CandidateType::Unknown => "?",
    };
    let address = match candidate.ip {
        Some(ip) => std::net::SocketAddr::new(ip, candidate.port).to_string(),
        None => format!("hidden:{}", candidate.port),
    };
    format!("{kind} {} {address}", protocol(candidate.protocol))
}

fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Udp => "udp",
        Protocol::Tcp => "tcp",
        Protocol::Tls => "tls",
        Protocol::Unknown => "?",
    }
}

/// Each stage with its time, and the first that was not reached.
fn course(evidence: &Evidence) -> String {
    let times = &evidence.times;
    let created = times.created.unwrap_or(0);
    let first_packet = times.first_packet_in.or(times.first_packet_out);
    let stages = [
        ("the client's description", times.described),
        ("its first candidate", times.first_candidate),
        ("the first check", times.first_check),
        ("a pair was nominated", times.nominated),
        ("DTLS began", times.dtls_started),
        ("DTLS was done", times.dtls_done),
        ("the first packet of media", first_packet),
        ("consent was lost", times.consent_lost),
        ("it was over", times.closed),
    ];
    let mut out = String::new();
    for (what, at) in stages {
        let since = |at: u64| time::span(at.saturating_sub(created));
        match at {
            Some(at) => out += &paragraph(&format!("  {:>9}  ", since(at)), what),
            None if matches!(what, "consent was lost" | "it was over") => {}
            None => out += &paragraph("      never  ", what),
        }
    }
    let media = &evidence.media;
    let packets = format!(
        "{} packets ({} bytes) from the client, {} ({} bytes) to it; {} were not authentic",
        media.packets_in, media.bytes_in, media.packets_out, media.bytes_out, media.unauthenticated
    );
    out += &paragraph("  media: ", &packets);
    if !evidence.dtls.problem.is_empty() {
        out += &paragraph("  DTLS: ", &evidence.dtls.problem);
    }
    if evidence.consent_losses > 0 {
        let losses = format!("lost {} times", evidence.consent_losses);
        out += &paragraph("  consent: ", &losses);
    }
    out
}

fn checks(evidence: &Evidence) -> String {
    if evidence.pairs.is_empty() {
        return paragraph(
            "  ",
            "Not one connectivity check of this client came to the node.",
        );
    }
    let lines = evidence
        .pairs
        .iter()
        .map(|pair| paragraph("  - ", &check(pair)));
    lines.collect()
}

fn check(pair: &Pair) -> String {
    let address = |address: Option<std::net::SocketAddr>| {
        address.map_or_else(|| "?".to_owned(), |address| address.to_string())
    };
    let refused: Vec<String> = (pair.refused.iter())
        .map(|(code, count)| format!("{count} refused ({code})"))
        .collect();
    let mut text = format!(
        "{} {} to {}: {} checks, {} answered",
        protocol(pair.protocol),
        address(pair.remote),
        address(pair.local),
        pair.checks,
        pair.answered
    );
    for more in refused {
        text = format!("{text}, {more}");
    }
    if pair.nominated {
        text += ", nominated";
    }
    text
}

fn browser(evidence: &Evidence) -> String {
    let Some(browser) = &evidence.browser else {
        return String::new();
    };
    let mut out = "\nWhat the browser told\n".to_owned();
    let state = format!(
        "ICE {}, connection {}",
        or_nothing(&browser.ice_state),
        or_nothing(&browser.connection_state)
    );
    out += &paragraph("  ", &state);
    for error in &browser.errors {
        let text = format!("{} from {}: {}", error.code, error.url, error.text);
        out += &paragraph("  - ", &text);
    }
    out
}

fn or_nothing(text: &str) -> &str {
    if text.is_empty() { "unknown" } else { text }
}
