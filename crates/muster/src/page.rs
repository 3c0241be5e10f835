//! The call page, built by `web/` and carried inside the program.

use std::sync::Arc;

use master::{Page, StaticFile};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
struct Dist;

/// Looks files of the call page up.
pub fn page() -> Page {
    Arc::new(|path| {
        let path = if path.is_empty() { "index.html" } else { path };
        let file = Dist::get(path)?;
        Some(StaticFile {
            content_type: content_type(path).to_owned(),
            body: file.data,
            // The bundler puts a hash of the content into the names there, and only there.
            immutable: path.starts_with("assets/"),
        })
    })
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_itself_is_html_and_never_kept_for_ever() {
        let file = page()("").expect("there is always an index");
        assert_eq!(file.content_type, "text/html; charset=utf-8");
        assert!(!file.immutable);
        assert!(file.body.starts_with(b"<!doctype html>"));
    }

    #[test]
    fn what_is_not_part_of_it_is_not_found() {
        assert!(page()("assets/../../Cargo.toml").is_none());
        assert!(page()("nothing.js").is_none());
    }
}
