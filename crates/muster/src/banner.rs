//! The block that is printed when everything is up.

use std::fmt::Write;
use std::io;
use std::path::Path;

use crate::config::Settings;
use crate::serving::Serving;

/// Prints what a person needs to know of a running master. `joining` tells how nodes join, where that is of use.
pub fn print(settings: &Settings, serving: &Serving, data: &Path, joining: Option<String>) {
    let url = &serving.url;
    let mut lines = Vec::new();
    if settings.call_page {
        lines.push(("Call page", format!("{url}/")));
    }
    lines.push((
        "REST API",
        format!("{url}/openvidu/api  (user OPENVIDUAPP)"),
    ));
    lines.push(("Secret", serving.secret.clone()));
    lines.push(("Data", data.display().to_string()));
    if let Some(joining) = joining {
        lines.push(("Nodes join by", joining));
    }
    lines.push((
        "Logs",
        format!(
            "standard error, now {}; MUSTER_LOG=debug for more",
            settings.log
        ),
    ));
    let mut text = format!("\nMuster {} is up\n\n", env!("CARGO_PKG_VERSION"));
    for (name, value) in lines {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {name:<14}{value}");
    }
    // Nobody may be reading; the program works all the same.
    let _ = io::Write::write_all(&mut io::stdout(), format!("{text}\n").as_bytes());
}
