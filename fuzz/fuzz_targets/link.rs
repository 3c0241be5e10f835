//! Messages of the link, both ways: whatever decodes must encode to the same meaning again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use prost::Message;

use self::proto::{FromMaster, FromNode};

mod proto {
    include!(concat!(env!("OUT_DIR"), "/muster.link.v1.rs"));
}

fuzz_target!(|data: &[u8]| {
    stable::<FromNode>(data);
    stable::<FromMaster>(data);
});

fn stable<M: Message + Default>(data: &[u8]) {
    let Ok(message) = M::decode(data) else {
        return;
    };
    // Bytes, not messages: a load that is not a number does not equal itself.
    let bytes = message.encode_to_vec();
    let again = M::decode(bytes.as_slice()).expect("what was encoded decodes");
    assert_eq!(again.encode_to_vec(), bytes);
}
