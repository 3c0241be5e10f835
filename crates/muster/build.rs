//! Makes sure that there is a call page to embed, and that a new one is noticed.

use std::path::Path;

const DIST: &str = "../../web/dist";

const PLACEHOLDER: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>Muster</title>
<h1>The call page was not built</h1>
<p>This program was compiled without its call page. Run <code>make</code> in the source tree and start it again.
The REST API and the WebSocket work all the same.
</html>
";

fn main() -> std::io::Result<()> {
    let dist = Path::new(DIST);
    let index = dist.join("index.html");
    if !index.exists() {
        std::fs::create_dir_all(dist)?;
        std::fs::write(index, PLACEHOLDER)?;
    }
    println!("cargo:rerun-if-changed={DIST}");
    Ok(())
}
