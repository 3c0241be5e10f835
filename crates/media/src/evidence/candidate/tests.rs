use super::*;

#[test]
fn browsers_candidates_are_read() {
    let line = "candidate:842163049 1 udp 1677729535 203.0.113.7 51234 typ srflx raddr 10.0.0.2 rport 51234 generation 0";
    let candidate = Candidate::parse(line).unwrap();
    assert_eq!(candidate.kind, "srflx");
    assert_eq!(candidate.protocol, "udp");
    assert_eq!(candidate.address, "203.0.113.7");
    assert_eq!(candidate.port, 51234);
    assert_eq!(candidate.related, "10.0.0.2:51234".parse().ok());

    let hidden = "a=candidate:0 1 TCP 2105458943 6f1c3c0e-5ab5-4a83-a0a5-0a5b7f1a6a9e.local 9 typ host tcptype active";
    let hidden = Candidate::parse(hidden).unwrap();
    assert_eq!(
        (hidden.protocol.as_str(), hidden.kind.as_str()),
        ("tcp", "host")
    );
    assert!(hidden.address.ends_with(".local"));
    let relayed = "candidate:1 1 udp 1 192.0.2.1 3 typ relay raddr 0.0.0.0 rport 0";
    assert_eq!(Candidate::parse(relayed).unwrap().related, None);
}

#[test]
fn what_is_no_candidate_is_refused() {
    for line in [
        "candidate:",
        "candidate:1 1 udp 1 1.2.3.4",
        "candidate:1 1 udp 1 1.2.3.4 70000 typ host",
        "candidate:1 1 sctp 1 1.2.3.4 5 typ host",
        "candidate:1 1 udp 1 1.2.3.4 5 type host",
        "candidate:1 1 udp 1 1.2.3.4 5 typ magic",
        "candidate:1 1 udp 1 <script> 5 typ host",
        &format!("candidate:1 1 udp 1 {} 5 typ host", "a".repeat(65)),
        &format!(
            "candidate:1 1 udp 1 1.2.3.4 5 typ host {}",
            "x".repeat(1024)
        ),
    ] {
        assert_eq!(Candidate::parse(line), Err(BadCandidate), "{line}");
    }
}

#[test]
fn each_is_kept_once_and_only_so_many() {
    let mut all = Candidates::default();
    all.add("");
    all.add("nonsense");
    for port in 1..=40 {
        let line = format!("candidate:1 1 udp 1 1.2.3.4 {port} typ host");
        all.add(&line);
        all.add(&line);
    }
    assert_eq!(all.known().len(), MOST);
    assert_eq!(all.unread(), 1 + 2 * 8);
}

#[test]
fn those_of_a_description_are_found() {
    let mut all = Candidates::default();
    all.describe(
        "v=0\r\na=candidate:1 1 UDP 1 192.0.2.1 40000 typ host\r\na=end-of-candidates\r\n",
    );
    assert_eq!(all.known().len(), 1);
    assert_eq!(all.known()[0].address, "192.0.2.1");
}
