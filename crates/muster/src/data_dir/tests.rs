use std::os::unix::fs::PermissionsExt;

use super::*;

fn directory() -> (tempfile::TempDir, DataDir) {
    let temporary = tempfile::tempdir().expect("temporary directory");
    let data = DataDir::open(&temporary.path().join("a/b")).expect("made");
    (temporary, data)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").permissions().mode() & 0o777
}

#[test]
fn secrets_are_drawn_once_kept_and_for_the_owner_only() {
    let (_temporary, data) = directory();
    let secret = data.secret("secret").expect("drawn");
    assert_eq!(secret.len(), SECRET);
    assert_eq!(data.secret("secret").expect("kept"), secret);
    assert_ne!(data.secret("another").expect("drawn"), secret);
    assert_eq!(mode(&data.file("secret")), 0o600);
    assert_eq!(mode(data.path()), 0o700);
}

#[test]
fn an_emptied_secret_is_drawn_anew_and_a_written_one_is_used() {
    let (_temporary, data) = directory();
    data.write("secret", "\n").expect("written");
    assert_eq!(data.secret("secret").expect("drawn").len(), SECRET);
    data.write("secret", "my-own\n").expect("written");
    assert_eq!(data.secret("secret").expect("kept"), "my-own");
}

#[test]
fn node_ids_look_like_openvidus_and_stay() {
    let (_temporary, data) = directory();
    let first = DataDir::open(&data.nodes().join("a"))
        .expect("made")
        .node_id()
        .expect("drawn");
    let second = DataDir::open(&data.nodes().join("b"))
        .expect("made")
        .node_id()
        .expect("drawn");
    assert!(first.starts_with("media_") && first.len() == 16, "{first}");
    assert_ne!(first, second);
    assert_eq!(
        DataDir::open(&data.nodes().join("a"))
            .expect("there")
            .node_id()
            .expect("kept"),
        first
    );
}

#[test]
fn an_unreadable_secret_is_an_error_and_not_a_new_secret() {
    let (_temporary, data) = directory();
    fs::create_dir(data.file("secret")).expect("made");
    let error = data.secret("secret").expect_err("a directory");
    assert!(
        error.to_string().contains("secret cannot be read"),
        "{error}"
    );
}

#[test]
fn a_lock_has_one_holder_and_names_it() {
    let (_temporary, data) = directory();
    let path = data.file("node.lock");
    assert_eq!(Lock::holder(&path).expect("readable"), None);
    let Locking::Taken(lock) = Lock::take(&path).expect("usable") else {
        panic!("the lock is free");
    };
    let us = i32::try_from(std::process::id()).ok();
    assert!(matches!(Lock::take(&path), Ok(Locking::Held(pid)) if pid == us));
    assert_eq!(
        Lock::holder(&path).expect("readable"),
        Some(Holder { pid: us })
    );
    drop(lock);
    assert_eq!(Lock::holder(&path).expect("readable"), None);
    assert!(matches!(Lock::take(&path), Ok(Locking::Taken(_))));
}
