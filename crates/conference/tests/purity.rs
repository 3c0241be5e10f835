//! What this crate must never come to know.

#[test]
fn the_only_dependency_derives_error_texts() {
    let manifest = include_str!("../Cargo.toml");
    let (_, dependencies) = manifest
        .split_once("[dependencies]")
        .expect("the manifest has dependencies");
    let named: Vec<&str> = dependencies
        .lines()
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.trim().is_empty())
        .collect();
    assert_eq!(named, ["thiserror.workspace = true"]);
}
