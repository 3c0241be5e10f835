use super::*;

#[test]
fn days_are_counted_as_the_calendar_does() {
    for (year, month, day, expected) in [
        (1970, 1, 1, 0),
        (1970, 3, 1, 59),
        (2000, 2, 29, 11_016),
        (2000, 3, 1, 11_017),
        (2026, 11, 22, 20_779),
        (2100, 3, 1, 47_541),
        (9999, 12, 31, 2_932_896),
    ] {
        assert_eq!(days(year, month, day), expected, "{year}-{month}-{day}");
    }
}

#[test]
fn both_forms_of_time_are_read() {
    let utc = [&[UTC_TIME, 13], &b"700101000001Z"[..]].concat();
    assert_eq!(Der(&utc).time(), Some(1));
    let general = [&[GENERALIZED_TIME, 15], &b"20500101000000Z"[..]].concat();
    assert_eq!(Der(&general).time(), Some(2_524_608_000));
    for wrong in [&b"7001010000010"[..], b"701301000001Z", b"70010100000aZ"] {
        let wrong = [&[UTC_TIME, 13], wrong].concat();
        assert_eq!(Der(&wrong).time(), None);
    }
}

#[test]
fn what_is_cut_short_is_no_certificate() {
    let mut params = rcgen::CertificateParams::default();
    let uri = node_uri("media_1").try_into().expect("ASCII");
    params.subject_alt_names = vec![rcgen::SanType::URI(uri)];
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + std::time::Duration::from_secs(1_700_000_000);
    params.not_after = epoch + std::time::Duration::from_secs(4_000_000_000);
    let key = rcgen::KeyPair::generate().expect("key");
    let made = params.self_signed(&key).expect("made");
    let facts = Facts::read(made.der()).expect("a node's");
    assert_eq!(facts.node_id, "media_1");
    assert_eq!(
        (facts.not_before, facts.not_after),
        (1_700_000_000, 4_000_000_000)
    );
    for end in 0..made.der().len() {
        assert_eq!(Facts::read(&made.der()[..end]), Err(FactsError::Form));
    }
}

#[test]
fn a_certificate_of_somebody_else_names_no_node() {
    let made = rcgen::generate_simple_self_signed(["media_1".to_owned()]).expect("made");
    assert_eq!(Facts::read(made.cert.der()), Err(FactsError::NoNode));
}
