//! ICE servers: their URLs, and the configuration's lines of `url=…,username=…,credential=…`.
#![no_main]

use conference::Timestamp;
use libfuzzer_sys::fuzz_target;
use openvidu::ice;

fuzz_target!(|text: &str| {
    if ice::check_url(text).is_ok() {
        // Clients hand the URL to a browser as it is; a browser must not take it for two.
        assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
    }
    let Ok(server) = ice::parse_configured(text) else {
        return;
    };
    let turn = server.url.starts_with("turn");
    for now in [0, u64::MAX] {
        let views = ice::views(std::slice::from_ref(&server), Timestamp(now), text);
        assert_eq!(views[0].username.is_some(), turn);
        assert_eq!(views[0].credential.is_some(), turn);
    }
});
