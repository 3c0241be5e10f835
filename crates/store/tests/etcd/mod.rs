//! Where a real etcd comes from.

#![allow(dead_code, reason = "each test program uses a part")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Names an etcd that is to be used instead of one started here.
const ENDPOINT: &str = "MUSTER_TEST_ETCD";

/// A running etcd.
pub struct Server {
    endpoint: String,
    /// 0 when it was not started here.
    process: i32,
    /// A shell that ends etcd when its standard input closes, however this process ends.
    keeper: Option<Child>,
}

impl Server {
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Freezes it, as a machine that hangs.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Ends it at once.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        let process = Pid::from_raw(self.process).expect("started by this test");
        kill_process(process, signal).unwrap();
    }

    /// Starts a program with an empty directory on ports of loopback.
    pub fn start(program: &Path) -> Self {
        const SCRIPT: &str = "dir=$(mktemp -d); \"$0\" --data-dir \"$dir\" \"$@\" >/dev/null 2>&1 & \
            child=$!; echo $child; read _; kill -9 $child; wait $child 2>/dev/null; rm -rf \"$dir\"";
        let (client, peer) = (free_address(), free_address());
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT]);
        command.arg(program).args(["--log-level", "error"]);
        for flag in ["--listen-client-urls", "--advertise-client-urls"] {
            command.args([flag, &client]);
        }
        for flag in ["--listen-peer-urls", "--initial-advertise-peer-urls"] {
            command.args([flag, &peer]);
        }
        command.args(["--initial-cluster", &format!("default={peer}")]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut keeper = command.spawn().unwrap();
        let mut line = String::new();
        let output = keeper.stdout.as_mut().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        wait_for(&client);
        Self {
            endpoint: client,
            process: line.trim().parse().unwrap(),
            keeper: Some(keeper),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }
}

/// One for all tests of a program. `None`, said loudly, when there is none to be had.
pub fn for_all_tests() -> Option<Arc<Server>> {
    static SERVER: OnceLock<Option<Arc<Server>>> = OnceLock::new();
    let begin = || match std::env::var(ENDPOINT) {
        Ok(endpoint) => Some(Arc::new(Server {
            endpoint,
            process: 0,
            keeper: None,
        })),
        Err(_) => own(),
    };
    SERVER.get_or_init(begin).clone()
}

/// One for a single test.
pub fn own() -> Option<Arc<Server>> {
    let program = program("etcd")?;
    Some(Arc::new(Server::start(&program)))
}

/// What `tools/etcd.sh` fetched under this name.
pub fn program(name: &str) -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let program = target.join("etcd").join(name);
    if program.exists() {
        return Some(program);
    }
    // Past the capture of the test's output: what was not proven must be seen.
    let _ = writeln!(
        std::io::stderr(),
        "SKIPPED: tests of the store that start {name} themselves; run tools/etcd.sh without {ENDPOINT}"
    );
    None
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn wait_for(address: &str) {
    let address = address.trim_start_matches("http://");
    let deadline = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(address).is_err() {
        assert!(
            Instant::now() < deadline,
            "etcd does not listen on {address}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}
