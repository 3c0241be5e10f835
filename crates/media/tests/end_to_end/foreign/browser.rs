//! Chromium that may use relays only, and a page that publishes its camera.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use media::relay::{Code, Method};

use crate::relay::{relaying, turn};
use crate::world::{V4, World};

const PATIENCE: Duration = Duration::from_secs(90);

const PAGE: &str = r#"<!doctype html><script>
const say = (path, body) => fetch(path, { method: 'POST', body }).then((answer) => answer.text());
(async () => {
  const peer = new RTCPeerConnection({ iceServers: [SERVER], iceTransportPolicy: 'relay' });
  const media = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
  media.getTracks().forEach((track) => peer.addTrack(track, media));
  await peer.setLocalDescription();
  const answer = await say('/offer', peer.localDescription.sdp);
  await peer.setRemoteDescription({ type: 'answer', sdp: answer });
  peer.onconnectionstatechange = () => say('/state', peer.connectionState);
})().catch((error) => say('/state', String(error)));
</script>"#;

/// With a profile that nobody else has.
struct Browser(Child, PathBuf);

impl Browser {
    fn open(url: &str) -> Self {
        let profile = format!("muster-relay-test-{}", std::process::id());
        let profile = std::env::temp_dir().join(profile);
        let child = Command::new("chromium")
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
            ])
            .args([
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream=fps=15",
            ])
            .arg("--allow-loopback-in-peer-connection")
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(url)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Chromium is there: apt-get install chromium");
        Self(child, profile)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
        let _ = std::fs::remove_dir_all(&self.1);
    }
}

/// Path and body of a request.
fn request(stream: &TcpStream) -> Option<(String, String)> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((path, String::from_utf8(body).ok()?))
}

fn respond(mut stream: TcpStream, body: &str) {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n";
    let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len());
    let _ = stream.shutdown(Shutdown::Write);
}

fn server(world: &World, transport: &str) -> String {
    let turn = turn("browser");
    format!(
        "{{ urls: 'turn:127.0.0.1:{}?transport={transport}', username: '{}', credential: '{}' }}",
        world.plane.stun_port(),
        turn.username(),
        turn.password()
    )
}

/// Serves the page until the plane has some of its packets.
fn publishes(world: &mut World, transport: &str) {
    let listener = TcpListener::bind((V4, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let page = PAGE.replace("SERVER", &server(world, transport));
    let SocketAddr::V4(at) = listener.local_addr().unwrap() else {
        panic!("an IPv4 address");
    };
    let _browser = Browser::open(&format!("http://127.0.0.1:{}/", at.port()));
    let (until, mut said) = (Instant::now() + PATIENCE, Vec::new());
    let before = world.counters().rtp_in;
    while world.counters().rtp_in < before + 100 {
        let counts = world.plane.relay_counts();
        assert!(
            Instant::now() < until,
            "{said:?} {counts:?} {:?}",
            world.counters()
        );
        let Ok((stream, _)) = listener.accept() else {
            std::thread::sleep(Duration::from_millis(5));
            continue;
        };
        stream.set_nonblocking(false).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        match request(&stream) {
            Some((path, _)) if path == "/" => respond(stream, &page),
            Some((path, offer)) if path == "/offer" => {
                let answer = world.publish(transport, transport, &offer).unwrap();
                respond(stream, &answer);
            }
            Some((path, body)) => {
                said.push((path, body));
                respond(stream, "");
            }
            None => {}
        }
    }
}

#[test]
fn chromium_that_may_use_relays_only_publishes_through_the_nodes_own() {
    let mut world = relaying(1);
    publishes(&mut world, "udp");
    publishes(&mut world, "tcp");
    let counters = world.counters();
    assert!(
        counters.relay_in > 200 && counters.relay_out > 0,
        "{counters:?}"
    );
    let counts = world.plane.relay_counts().unwrap();
    assert!(
        counts.answered(Method::Allocate, Code::Success) >= 2,
        "{counts:?}"
    );
}
