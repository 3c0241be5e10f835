//! Which master is asked, how it is recognised, and asking it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use api::{BASE, Method, Operation, Problem};
use base64::Engine as _;
use client::{Ask, Client, Target, Trust};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cli::Asking;
use crate::config::Settings;
use crate::data_dir::DataDir;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(15);

/// File of the data directory with the address by which this machine reaches the master.
const ADDRESS: &str = "https-address";

/// Where systems keep the certificates of well-known authorities.
const SYSTEM: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

/// A master to be asked.
pub struct Server {
    target: Target,
    client: Client,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Nobody answered.
    #[error(
        "{0}\nIs the master running? --url https://HOST:PORT asks another one, --certificate FILE says which certificate it \
         shows."
    )]
    Unreachable(String),
    /// The master does not want to.
    #[error("{0}")]
    Refused(Problem),
    /// The answer makes no sense.
    #[error("{0}")]
    Strange(String),
    /// What was given on the command line cannot be used.
    #[error("{0}")]
    Mistaken(String),
}

/// Keeps the address for commands on this machine.
///
/// # Errors
/// When it cannot be written.
pub fn remember(data: &DataDir, listening: SocketAddr) -> Result<()> {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let local = SocketAddr::new(ip, listening.port());
    data.write(ADDRESS, &format!("https://{local}\n"))
}

/// The URL of a master that was named.
pub fn asked_for(asking: &Asking) -> Option<String> {
    let named = asking.url.clone();
    let named = named.or_else(|| std::env::var("MUSTER_URL").ok());
    named.filter(|url| !url.is_empty())
}

impl Server {
    /// By what was said, and by the data directory of a master on this machine for what was not.
    pub fn find(asking: &Asking, settings: &Settings) -> Result<Self> {
        let directory = &settings.data_dir;
        let kept = |name: &str| kept(directory, name);
        let asked_for = asked_for(asking);
        let url = match asked_for.clone() {
            Some(url) => url,
            None => kept(ADDRESS)?.with_context(|| {
                format!(
                    "no master has run with the data directory {}; name it with --data-dir, or a master elsewhere \
                     with --url",
                    directory.display()
                )
            })?,
        };
        let target: Target = url.parse()?;
        if !target.is_secure() {
            bail!("the secret is sent over https only, not to {target}");
        }
        let secret = match &settings.secret {
            Some(secret) => secret.clone(),
            None => kept("secret")?.with_context(|| {
                format!(
                    "no secret is kept in {}; give it as MUSTER_SECRET",
                    directory.display()
                )
            })?,
        };
        let here = asked_for.is_none();
        let trust = trust(asking, settings, here, kept("https.crt")?)?;
        let pair =
            base64::engine::general_purpose::STANDARD.encode(format!("OPENVIDUAPP:{secret}"));
        let mut authorization = HeaderValue::from_str(&format!("Basic {pair}"))?;
        authorization.set_sensitive(true);
        Ok(Self {
            target,
            client: Client::new(trust)?,
            headers: vec![
                (AUTHORIZATION, authorization),
                (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            ],
        })
    }

    /// Asks for something about the node `id` (or about none) and gives the body back as it came.
    pub async fn ask(
        &self,
        operation: Operation,
        id: &str,
        query: &str,
        body: Option<&impl Serialize>,
    ) -> Result<String, Refusal> {
        let strange = |error: &dyn std::fmt::Display| Refusal::Strange(error.to_string());
        let body = match body {
            Some(body) => serde_json::to_vec(body).map_err(|error| strange(&error))?,
            None => Vec::new(),
        };
        let path = format!(
            "{BASE}{}{query}",
            operation.path().replace("{id}", &encoded(id))
        );
        let ask = Ask {
            method: match operation.method() {
                Method::Get => hyper::Method::GET,
                Method::Post => hyper::Method::POST,
                Method::Put => hyper::Method::PUT,
                Method::Delete => hyper::Method::DELETE,
            },
            target: &self.target.at(&path),
            headers: &self.headers,
            body,
            within: ANSWER,
        };
        let answer = self.client.ask(ask).await;
        let answer = answer.map_err(|failure| Refusal::Unreachable(failure.to_string()))?;
        if (200..300).contains(&answer.status) {
            return String::from_utf8(answer.body).map_err(|error| strange(&error));
        }
        match serde_json::from_slice::<Problem>(&answer.body) {
            Ok(problem) => Err(Refusal::Refused(problem)),
            Err(_) => Err(Refusal::Strange(format!(
                "{} answered {} and not as a Muster of this version does",
                self.target, answer.status
            ))),
        }
    }

    /// The same, without a body, with the answer understood; and as it came.
    pub async fn get<T: DeserializeOwned>(
        &self,
        operation: Operation,
        id: &str,
    ) -> Result<(T, String), Refusal> {
        let text = self.ask(operation, id, "", None::<&()>).await?;
        Ok((understood(&text)?, text))
    }
}

/// An answer, read.
pub fn understood<T: DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    serde_json::from_str(text).map_err(|error| {
        Refusal::Strange(format!(
            "the answer is not understood; is the master of another version? {error}"
        ))
    })
}

/// For people who read the answers of programs.
pub fn pretty(text: &str) -> String {
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) => format!("{value:#}\n"),
        Err(_) if text.is_empty() => "{}\n".to_owned(),
        Err(_) => format!("{text}\n"),
    }
}

/// A certificate that was named before one that is at hand, before authorities.
fn trust(asking: &Asking, settings: &Settings, here: bool, own: Option<String>) -> Result<Trust> {
    if let Some(path) = &asking.certificate {
        return Ok(Trust::Exactly(read(path)?));
    }
    if let Some(path) = &asking.authorities {
        return Ok(Trust::Authorities(read(path)?));
    }
    let configured = settings.certificate.as_ref().map(|it| it.cert_pem.clone());
    if let (true, Some(pem)) = (here, configured.or(own)) {
        return Ok(Trust::Exactly(pem));
    }
    let system = SYSTEM.iter().map(Path::new).find(|path| path.exists());
    match system {
        Some(path) => Ok(Trust::Authorities(read(path)?)),
        None => bail!(
            "nothing says whom to trust; give --certificate with a copy of the master's https.crt"
        ),
    }
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// A file of the data directory, without making one.
fn kept(directory: &Path, name: &str) -> Result<Option<String>> {
    let path: PathBuf = directory.join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

/// An id within a path (RFC 3986 section 2.1).
pub fn encoded(id: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    id.bytes()
        .map(|byte| match plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}
