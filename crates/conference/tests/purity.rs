//! What this crate must never come to know.

use std::fs;
use std::path::Path;

/// Clocks, randomness (hash maps iterate in a random order), I/O and threads.
const FORBIDDEN: [&str; 11] = [
    "std::time",
    "SystemTime",
    "Instant",
    "HashMap",
    "HashSet",
    "std::net",
    "std::fs",
    "std::io",
    "std::env",
    "std::thread",
    "static mut",
];

#[test]
fn sources_touch_nothing_but_values() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut read = 0;
    for entry in fs::read_dir(sources).expect("the crate has sources") {
        let path = entry.expect("readable directory").path();
        let text = fs::read_to_string(&path).expect("flat directory of text files");
        for word in FORBIDDEN {
            assert!(!text.contains(word), "{} mentions {word}", path.display());
        }
        read += 1;
    }
    assert!(read > 10, "looked at {read} files only");
}

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
