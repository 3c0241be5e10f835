use super::*;

fn terms() -> Terms {
    Terms {
        id: TokenId([7; 16]),
        authority: CaHash([9; 32]),
        issued: 1_700_000_000,
        expires: 1_700_003_600,
        uses: 1,
        node: Some("media_1".into()),
        masters: vec![
            "https://meet.example.org:4442".into(),
            "https://[2001:db8::1]:4442".into(),
        ],
    }
}

fn key() -> TokenKey {
    TokenKey::new(&[1; 32])
}

#[test]
fn a_line_is_read_back_and_its_seal_holds() {
    let token = key().seal(terms()).expect("sound");
    let again: Token = format!("  {}\n", token.text()).parse().expect("a token");
    assert_eq!(again.terms(), &terms());
    assert!(key().sealed(&again));
    assert!(!TokenKey::new(&[2; 32]).sealed(&again));
}

#[test]
fn every_changed_character_is_noticed() {
    let line = key().seal(terms()).expect("sound").text();
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \0";
    for place in 0..line.len() {
        for with in alphabet {
            let mut changed = line.clone().into_bytes();
            if changed[place] == *with {
                continue;
            }
            changed[place] = *with;
            let changed = String::from_utf8(changed).expect("ASCII");
            // White space at the ends is the clipboard's.
            if let Ok(token) = changed.parse::<Token>() {
                assert!(!key().sealed(&token), "{place} {with}");
            }
        }
    }
}

#[test]
fn every_changed_bit_of_the_octets_is_noticed() {
    let token = key().seal(terms()).expect("sound");
    for bit in 0..token.sealed.len() * 8 {
        let mut sealed = token.sealed.clone();
        sealed[bit / 8] ^= 1 << (bit % 8);
        let line = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(sealed));
        if let Ok(changed) = line.parse::<Token>() {
            assert!(!key().sealed(&changed), "bit {bit}");
        }
    }
}

#[test]
fn every_part_of_a_line_is_named_as_damaged() {
    let line = key().seal(terms()).expect("sound").text();
    for end in 0..line.len() {
        let error = line[..end].parse::<Token>().expect_err("cut short");
        let expected = if end < PREFIX.len() {
            error == TokenError::Prefix
        } else {
            error != TokenError::Prefix
        };
        assert!(expected, "{end}: {error}");
    }
    assert_eq!("".parse::<Token>(), Err(TokenError::Prefix));
    assert_eq!("muster2.AAAA".parse::<Token>(), Err(TokenError::Prefix));
    let long = format!("{PREFIX}{}", "A".repeat(LONGEST + 1));
    assert_eq!(long.parse::<Token>(), Err(TokenError::Text));
}

#[test]
fn terms_that_could_not_be_read_back_are_not_sealed() {
    let refused = |change: &dyn Fn(&mut Terms)| {
        let mut terms = terms();
        change(&mut terms);
        assert_eq!(key().seal(terms), None);
    };
    refused(&|t| t.masters.clear());
    refused(&|t| t.masters = vec!["http://plain.example.org".into()]);
    refused(&|t| t.masters = vec![format!("https://{}", "a".repeat(300))]);
    refused(&|t| t.masters = vec!["https://a".into(); MASTERS + 1]);
    refused(&|t| t.node = Some("no spaces".into()));
    refused(&|t| t.node = Some(String::new()));
}

#[test]
fn the_seal_is_not_shown() {
    let token = key().seal(terms()).expect("sound");
    assert_eq!(
        format!("{token:?}"),
        format!("Token({:?})", TokenId([7; 16]))
    );
}
