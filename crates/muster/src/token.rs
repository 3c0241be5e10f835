//! `muster token`: the line that lets a node join. It is made from the master's data directory, so it needs no running
//! master. Where none has run yet the cluster's authority is made too: then nodes can be started before their master.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail};
use link::trust::{Authority, Wish};

use crate::cli::TokenWish;
use crate::config::Settings;
use crate::data_dir::{DataDir, Lock, Locking};
use crate::exit::Ending;
use crate::serving::bracketed;

/// URLs for tokens, one in a line.
const LINKS: &str = "links";
/// How long a master that starts may take to make its authority.
const STARTING: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(50);

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
/// When the directory cannot be used, or nobody knows yet where the master will be.
pub fn print(wish: TokenWish, settings: &Settings) -> Result<Ending> {
    let kept = match settings.data_dir.is_dir() {
        true => DataDir::open(&settings.data_dir)?.read(LINKS)?,
        false => None,
    };
    let masters: Vec<String> = match (settings.link.masters.as_slice(), kept) {
        ([], Some(kept)) => kept.lines().map(str::to_owned).collect(),
        ([], None) => bail!(
            "no master has run with the data directory {} yet. Name the master's own with --data-dir; to make a token \
             before its first start, say with --master https://HOST:PORT where it will be",
            settings.data_dir.display()
        ),
        (named, _) => named.to_vec(),
    };
    let data = DataDir::open(&settings.data_dir)?;
    let now = SystemTime::now();
    let authority = authority(&data, now)?;
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

/// The cluster's authority, made here when no master runs that would make it.
fn authority(data: &DataDir, now: SystemTime) -> Result<Authority> {
    let until = Instant::now() + STARTING;
    while data.read("ca.crt")?.is_none() {
        match Lock::take(&data.file("master.lock"))? {
            Locking::Taken(_lock) => {
                crate::complain(&format!(
                    "muster: made a new cluster; start its master with --data-dir {}\n",
                    data.path().display()
                ));
                return Ok(Authority::open(data.path(), now)?);
            }
            // A master that starts has an authority soon.
            Locking::Held(_) if Instant::now() > until => break,
            Locking::Held(_) => std::thread::sleep(LOOK),
        }
    }
    Ok(Authority::existing(data.path(), now)?)
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
