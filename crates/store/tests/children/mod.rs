//! Tests that play a second process: the test program starts itself again with one ignored test.

use std::io::{BufRead as _, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

const PLACE: &str = "STORE_TEST_DIRECTORY";

/// The directory that the parent named; `None` when the test was started by hand.
pub fn place() -> Option<PathBuf> {
    std::env::var_os(PLACE).map(PathBuf::from)
}

/// Says something to the parent.
pub fn say(text: &str) {
    println!("\nCHILD {text}");
}

/// A child, killed at the latest when it is dropped.
pub struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts an ignored test of this program in a process of its own.
    pub fn start(test: &str, place: &Path) -> Self {
        Self::start_by(Command::new(std::env::current_exe().unwrap()), test, place)
    }

    /// The same by another command, which ends in the program.
    pub fn start_by(mut command: Command, test: &str, place: &Path) -> Self {
        command.args([
            test,
            "--exact",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ]);
        command.env(PLACE, place).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// What it says next; `None` when it has ended.
    pub fn hear(&mut self) -> Option<String> {
        let mut lines = self.lines.by_ref().map(Result::unwrap);
        lines.find_map(|line| line.strip_prefix("CHILD ").map(ToString::to_string))
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// `kill -9`, and waits until it is dead. What it said before can still be heard.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
