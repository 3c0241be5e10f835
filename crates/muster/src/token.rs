//! `muster token`: the line that lets a node join. It is made from the master's data directory, so it needs no running
//! master, only one that has run.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use link::trust::{Authority, Wish};

use crate::cli::TokenWish;
use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::exit::Ending;
use crate::serving::bracketed;

/// URLs for tokens, one in a line.
const LINKS: &str = "links";

/// Where nodes reach a master that listens there.
pub fn links(settings: &Settings, listening: SocketAddr) -> Vec<String> {
    if !settings.link.masters.is_empty() {
        return settings.link.masters.clone();
    }
    let host = match listening.ip() {
        ip if ip.is_unspecified() => settings.public_host.clone(),
        ip => ip.to_string(),
    };
    vec![format!("https://{}:{}", bracketed(&host), listening.port())]
}

/// Keeps them for `muster token`.
///
/// # Errors
/// When they cannot be written.
pub fn remember(data: &DataDir, links: &[String]) -> Result<()> {
    data.write(LINKS, &format!("{}\n", links.join("\n")))
}

/// Prints a token.
///
/// # Errors
/// When the directory is not a master's.
pub fn print(wish: TokenWish, settings: &Settings) -> Result<Ending> {
    if !settings.data_dir.is_dir() {
        bail!(
            "there is no data directory {}; start the master first, or name its directory with --data-dir",
            settings.data_dir.display()
        );
    }
    let data = DataDir::open(&settings.data_dir)?;
    let now = SystemTime::now();
    let authority = Authority::existing(data.path(), now)
        .context("start the master first, or name its directory with --data-dir")?;
    let masters = if settings.link.masters.is_empty() {
        let kept = data.read(LINKS)?.unwrap_or_default();
        kept.lines().map(str::to_owned).collect()
    } else {
        settings.link.masters.clone()
    };
    let lonely = masters.iter().all(|url| is_local(url));
    let wish = Wish {
        masters,
        uses: if wish.reusable { 0 } else { wish.uses },
        valid: wish.expires,
        node: wish.node,
    };
    let token = authority.mint(wish, now)?;
    if lonely {
        crate::complain(&format!(
            "muster: this token leads to {}, which only nodes on this machine reach; for others let the master listen \
             elsewhere (link.listen) or name it with --master\n",
            token.terms().masters.join(", ")
        ));
    }
    writeln!(std::io::stdout(), "{}", token.text()).context("the token cannot be printed")?;
    Ok(Ending::Stopped)
}

fn is_local(url: &str) -> bool {
    let host = url.trim_start_matches("https://");
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_this_machine_reaches_is_known() {
        for url in [
            "https://localhost:4442",
            "https://127.0.0.1:1",
            "https://[::1]:1",
        ] {
            assert!(is_local(url), "{url}");
        }
        for url in [
            "https://10.0.0.2:4442",
            "https://[2001:db8::1]:1",
            "https://localhost.example:1",
        ] {
            assert!(!is_local(url), "{url}");
        }
    }
}
