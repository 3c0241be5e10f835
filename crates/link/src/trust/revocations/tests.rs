use super::*;

#[test]
fn what_no_node_can_be_called_does_not_get_into_the_file() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let revocations = Revocations::open(directory.path()).expect("none yet");
    for wrong in ["", "media 1", "media_1\nmedia_2", "../media"] {
        let error = revocations.revoke(wrong, 7).expect_err(wrong);
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{wrong:?}");
    }
    revocations.revoke("media_1", 7).expect("kept");
    let again = Revocations::open(directory.path()).expect("readable");
    assert_eq!(again.all(), [("media_1".to_owned(), 7)]);
}
