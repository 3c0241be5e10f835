//! Debian's coturn, as a process of ours.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::SECRET;

const START: Duration = Duration::from_secs(20);

/// A running coturn. Ends with us.
pub struct Coturn {
    child: Child,
    files: PathBuf,
    /// Where it listens.
    pub addr: SocketAddr,
}

impl Coturn {
    /// Starts one on loopback, on the core of the calling thread, with one relay thread.
    pub fn start() -> Result<Self> {
        let files =
            std::env::temp_dir().join(format!("muster-bench-coturn-{}", std::process::id()));
        std::fs::create_dir_all(&files)?;
        let port = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let mut command = Command::new("turnserver");
        command
            .args(["-n", "-m", "1", "--simple-log", "--no-tls", "--no-dtls"])
            .args(["--no-cli", "--allow-loopback-peers", "--use-auth-secret"])
            .args(["--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1"])
            .args(["--realm=bench", "--log-file=/dev/null"])
            .arg(format!("--static-auth-secret={SECRET}"))
            .arg(format!("--listening-port={port}"))
            .arg(format!("--pidfile={}", files.join("pid").display()))
            .arg(format!("--userdb={}", files.join("db").display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn();
        let child =
            child.context("coturn cannot be started; install it: apt-get install coturn")?;
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let coturn = Self { child, files, addr };
        coturn.wait()?;
        Ok(coturn)
    }

    /// Until it answers a Binding request.
    fn wait(&self) -> Result<()> {
        let until = Instant::now() + START;
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_read_timeout(Some(Duration::from_millis(100)))?;
        let mut request = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
        request.extend([7; 12]);
        while socket.send_to(&request, self.addr).is_err() || socket.recv(&mut [0; 200]).is_err() {
            ensure!(
                Instant::now() < until,
                "coturn does not answer at {}",
                self.addr
            );
        }
        Ok(())
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Coturn {
    fn drop(&mut self) {
        // Whatever happened, nothing of it must stay.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.files);
    }
}
