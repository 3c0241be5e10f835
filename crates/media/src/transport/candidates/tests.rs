use super::*;

const A: &str = "192.0.2.1:7000";
const B: &str = "192.0.2.2:7000";
const SIX: &str = "[2001:db8::1]:7000";

fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
    let parsed = texts.iter().map(|text| text.parse().expect("an address"));
    parsed.collect()
}

/// Address and priority of the UDP candidates.
fn udp(lines: &[String]) -> Vec<(String, u32)> {
    let words = lines.iter().map(|line| line.split(' ').collect::<Vec<_>>());
    let udp = words.filter(|words| words[2] == "udp");
    let of = |words: Vec<&str>| (words[4].to_owned(), words[3].parse().expect("a number"));
    udp.map(of).collect()
}

fn described(texts: &[&str]) -> (Told, u32) {
    let all = addresses(texts);
    let highest = first(&all).map(|candidate| candidate.prio()).max();
    (Told::described(&all), highest.expect("a candidate"))
}

#[test]
fn what_takes_the_place_of_an_address_is_above_all_that_was_told() {
    let (mut told, described) = described(&[A]);
    let lines = told.change(&addresses(&[B]), "frag").expect("told");
    let [(ip, priority)] = &udp(&lines)[..] else {
        panic!("{lines:?}");
    };
    assert_eq!(ip, "192.0.2.2");
    assert!(*priority > described && *priority < 127 << 24);
    let tcp = &lines[1];
    assert!(tcp.contains(" tcp "), "{tcp}");
    assert!(
        tcp.ends_with(" 192.0.2.2 7000 typ host tcptype passive ufrag frag"),
        "{tcp}"
    );
    let again = told.change(&addresses(&[A]), "frag").expect("told");
    assert!(udp(&again)[0].1 > *priority);
}

#[test]
fn what_comes_beside_is_told_when_it_is_needed_and_what_leads_at_once() {
    let (mut told, described) = described(&[A, SIX]);
    let beside = told.change(&addresses(&[A, B, SIX]), "f");
    assert_eq!(beside, Some(Vec::new()));
    let needed = udp(&told.change(&addresses(&[B, SIX]), "f").expect("told"));
    assert!(needed.iter().all(|(_, priority)| *priority > described));
    assert_eq!(needed[0].0, "192.0.2.2");
    let (mut told, described) = self::described(&[A]);
    let leading = udp(&told.change(&addresses(&[B, A]), "f").expect("told"));
    assert_eq!(leading.len(), 2);
    assert!(leading[0].1 > leading[1].1 && leading[1].1 > described);
}

#[test]
fn an_address_that_goes_has_the_others_told_anew() {
    let (mut told, described) = described(&[A, B, SIX]);
    let left = udp(&told.change(&addresses(&[B, SIX]), "f").expect("told"));
    assert_eq!(left.len(), 2);
    assert!(left.iter().all(|(_, priority)| *priority > described));
    assert!(left[0].1 < left[1].1, "IPv6 before IPv4, as described");
}

#[test]
fn nothing_is_told_of_another_order_and_no_end_of_changes() {
    let (mut told, _) = described(&[A, B]);
    assert_eq!(told.change(&addresses(&[B, A]), "f"), Some(Vec::new()));
    let mut count = 0;
    for round in 0..1000 {
        let only = addresses(&[[A, B][round % 2]]);
        count += told.change(&only, "f").map_or(0, |lines| lines.len());
    }
    assert_eq!(count, MOST_TOLD);
    let (mut told, _) = described(&[A]);
    let many: Vec<SocketAddr> = (1..=200)
        .map(|n| SocketAddr::new([10, 0, 0, n].into(), 1))
        .collect();
    assert_eq!(
        told.change(&many, "f").expect("told").len(),
        2 * MOST_ADDRESSES
    );
}

#[test]
fn the_section_is_the_first_of_the_bundle() {
    let sdp = "v=0\r\na=group:BUNDLE 1 0\r\nm=audio 0\r\na=mid:0\r\nm=video 9\r\na=mid:1\r\n";
    assert_eq!(section(sdp), ("1".to_owned(), 1));
    assert_eq!(section("m=audio 9\r\na=mid:x\r\n"), ("x".to_owned(), 0));
    assert_eq!(section(""), ("0".to_owned(), 0));
}
