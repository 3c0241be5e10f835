//! A running program, seen from outside.
#![allow(dead_code, reason = "each test needs its own part")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

pub const SOON: Duration = Duration::from_secs(15);

/// `muster` with nothing of the environment of whoever runs the test.
pub fn muster(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    command.env_clear().args(arguments).stdin(Stdio::null());
    command
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    listener.local_addr().expect("bound").port()
}

pub fn eventually<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    eventually_within(SOON, what, look)
}

pub fn eventually_within<T>(span: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + span;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "{what} within {span:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A running `muster up` or `muster master`.
pub struct Up {
    pub child: Child,
    pub url: String,
    pub block: String,
}

impl Up {
    pub fn start(data: &Path, link_port: u16) -> Self {
        Self::start_with(data, link_port, &[])
    }

    pub fn start_with(data: &Path, link_port: u16, environment: &[(&str, &str)]) -> Self {
        let nodes = [
            ("MUSTER_NODE_PUBLIC_ADDRESSES", "127.0.0.1"),
            ("MUSTER_NODE_MEDIA_PORTS", "0"),
            ("MUSTER_NODE_SHARDS", "1"),
        ];
        let environment: Vec<_> = nodes.iter().chain(environment).copied().collect();
        Self::run("up", data, link_port, &environment)
    }

    pub fn run(role: &str, data: &Path, link_port: u16, environment: &[(&str, &str)]) -> Self {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(data.join("log.txt"))
            .expect("log file");
        let link = format!("127.0.0.1:{link_port}");
        let mut child = muster(&[role, "--listen", "127.0.0.1:0", "--link-listen", &link])
            .args(["--public-host", "localhost", "--data-dir"])
            .arg(data)
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("started");
        let stdout = child.stdout.take().expect("piped");
        let mut block = String::new();
        for line in BufReader::new(stdout).lines() {
            let line = line.expect("text");
            block.push_str(&line);
            block.push('\n');
            if line.contains("Logs") {
                break;
            }
        }
        let url = block
            .split_whitespace()
            .find(|word| word.starts_with("https://"))
            .unwrap_or_else(|| panic!("an address in {block:?}; log: {}", log_of(data)))
            .trim_end_matches('/')
            .to_owned();
        Self { child, url, block }
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// How many media nodes the REST API shows as running.
    pub fn running(&self, data: &Path) -> usize {
        let secret = std::fs::read_to_string(data.join("secret")).expect("kept");
        let path = "/openvidu/api/media-nodes";
        let (status, body) = get(data, &self.url, path, secret.trim());
        assert_eq!(status, 200, "{body}");
        body.matches("\"status\":\"running\"").count()
    }

    pub fn stop(mut self) -> (ExitStatus, Duration) {
        let began = Instant::now();
        kill_process(self.pid(), Signal::INT).expect("running");
        let status = eventually("muster ends", || self.child.try_wait().expect("child"));
        (status, began.elapsed())
    }
}

/// A test that fails half-way leaves nothing behind.
impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn log_of(data: &Path) -> String {
    std::fs::read_to_string(data.join("log.txt")).unwrap_or_default()
}

/// The nodes that run, by name.
pub fn nodes(data: &Path) -> BTreeMap<String, Pid> {
    let entries = std::fs::read_dir(data.join("nodes"));
    let directories = entries.into_iter().flatten().flatten();
    let found = directories.filter_map(|entry| {
        let text = std::fs::read_to_string(entry.path().join("node.lock")).ok()?;
        let pid = Pid::from_raw(text.trim().parse().ok()?)?;
        let name = entry.file_name().into_string().ok()?;
        is_alive(pid).then_some((name, pid))
    });
    found.collect()
}

pub fn node_pid(data: &Path) -> Option<Pid> {
    nodes(data).into_values().next()
}

/// Whether it runs; one that has ended and that nobody has waited for does not.
pub fn is_alive(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid()));
    let state = |text: String| text.rsplit_once(')')?.1.trim_start().chars().next();
    !matches!(stat.ok().and_then(state), None | Some('Z' | 'X'))
}

/// Ends the nodes of a data directory when a test fails half-way.
pub struct NoOrphans(pub PathBuf);

impl Drop for NoOrphans {
    fn drop(&mut self) {
        for pid in nodes(&self.0).into_values() {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// `GET` over TLS, trusting only the certificate in the data directory.
pub fn get(data: &Path, url: &str, path: &str, secret: &str) -> (u16, String) {
    let pem = std::fs::read(data.join("https.crt")).expect("certificate");
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_slice(&pem).expect("PEM");
    roots.add(certificate).expect("usable");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let authority = url.trim_start_matches("https://");
    let port = authority.rsplit(':').next().expect("port");
    let socket = TcpStream::connect(format!("127.0.0.1:{port}")).expect("listening");
    socket.set_read_timeout(Some(SOON)).expect("set");
    let name = ServerName::try_from("localhost").expect("name");
    let tls = ClientConnection::new(Arc::new(config), name).expect("client");
    let mut stream = StreamOwned::new(tls, socket);
    let credentials = base64(&format!("OPENVIDUAPP:{secret}"));
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {authority}\r\nAuthorization: Basic {credentials}\r\nConnection: close\r\n\r\n"
    )
    .expect("sent");
    let mut answer = Vec::new();
    // A server that closes without saying so in TLS has still sent everything before.
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap_or_else(|| panic!("HTTP, got {answer:?}"));
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status, body.to_owned())
}

/// RFC 4648, enough for credentials.
pub fn base64(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk
            .iter()
            .chain(std::iter::repeat(&0))
            .take(3)
            .fold(0usize, |bits, byte| bits << 8 | usize::from(*byte));
        for place in 0..4 {
            if place <= chunk.len() {
                encoded.push(char::from(ALPHABET[bits >> (18 - 6 * place) & 63]));
            } else {
                encoded.push('=');
            }
        }
    }
    encoded
}
