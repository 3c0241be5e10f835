//! One run of the operator's executable, bounded in time and output.

use std::io;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use tokio::time::timeout;

use super::message::Ask;
use super::{Command, REFUSED};
use crate::error::ProviderError;

/// How much of the end of its standard error is shown.
const SAID: usize = 2048;

/// Runs it and returns what it wrote when it succeeded.
pub(super) async fn run(
    command: &Command,
    ask: &Ask<'_>,
    name: &str,
) -> Result<Vec<u8>, ProviderError> {
    let mut child = start(command, ask).map_err(|error| ProviderError::NotStarted {
        command: name.into(),
        error,
    })?;
    // After the child, so that it is dropped before it: until the child is waited for, nobody else gets its number.
    let mut group = Group::of(&child);
    let mut said = Vec::new();
    let patience = ask.patience(&command.patience);
    let text = ask.text();
    let talk = talk(&mut child, &text, command.longest_answer, &mut said);
    let talked = timeout(patience, talk).await;
    let said = || shown(&said);
    let (output, status) = match talked {
        Err(_) => {
            return Err(ProviderError::TimedOut {
                command: name.into(),
                after: patience,
                said: said(),
            });
        }
        Ok(Err(Trouble::TooMuch)) => {
            return Err(ProviderError::TooMuchOutput {
                command: name.into(),
                limit: command.longest_answer,
            });
        }
        Ok(Err(Trouble::Broken(error))) => {
            return Err(ProviderError::Broken {
                command: name.into(),
                error,
            });
        }
        Ok(Ok(done)) => done,
    };
    group.0 = None;
    judged(name, status, said()).map(|()| output)
}

fn start(command: &Command, ask: &Ask<'_>) -> io::Result<Child> {
    let mut process = tokio::process::Command::new(&command.program);
    process.args(&command.arguments).arg(ask.verb());
    // The master's own settings, its secrets among them, are none of its business.
    for (name, _) in std::env::vars_os() {
        let name_bytes = name.as_encoded_bytes();
        if name_bytes.starts_with(b"MUSTER_") || name_bytes.starts_with(b"PROVIDER_") {
            process.env_remove(name);
        }
    }
    process
        .envs(ask.variables())
        .process_group(0)
        .kill_on_drop(true)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

/// The process group of a run, killed unless it is known to have ended.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            // An error says that nobody is left in it.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

enum Trouble {
    TooMuch,
    Broken(io::Error),
}

async fn talk(
    child: &mut Child,
    text: &str,
    limit: usize,
    said: &mut Vec<u8>,
) -> Result<(Vec<u8>, ExitStatus), Trouble> {
    let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let ((), output, ()) = tokio::try_join!(
        tell(input, text),
        async { hear(output, limit).await },
        async { tail(errors, said).await },
    )?;
    let status = child.wait().await.map_err(Trouble::Broken)?;
    Ok((output, status))
}

async fn tell(input: Option<ChildStdin>, text: &str) -> Result<(), Trouble> {
    let Some(mut input) = input else {
        return Ok(());
    };
    match input.write_all(text.as_bytes()).await {
        // It need not read what it does not need.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Trouble::Broken(error)),
        _ => Ok(()),
    }
}

async fn hear(output: Option<ChildStdout>, limit: usize) -> Result<Vec<u8>, Trouble> {
    let mut heard = Vec::new();
    let Some(output) = output else {
        return Ok(heard);
    };
    let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut bounded = output.take(one_more);
    bounded
        .read_to_end(&mut heard)
        .await
        .map_err(Trouble::Broken)?;
    if heard.len() > limit {
        return Err(Trouble::TooMuch);
    }
    Ok(heard)
}

async fn tail(errors: Option<ChildStderr>, said: &mut Vec<u8>) -> Result<(), Trouble> {
    match errors {
        Some(errors) => last(errors, said).await.map_err(Trouble::Broken),
        None => Ok(()),
    }
}

async fn last(mut from: impl AsyncRead + Unpin, said: &mut Vec<u8>) -> io::Result<()> {
    let mut piece = [0; 1024];
    loop {
        let count = from.read(&mut piece).await?;
        if count == 0 {
            return Ok(());
        }
        said.extend_from_slice(&piece[..count]);
        let excess = said.len().saturating_sub(SAID);
        said.drain(..excess);
    }
}

fn shown(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    match text.trim() {
        "" => "it said nothing on its standard error".into(),
        text => text.into(),
    }
}

fn judged(name: &str, status: ExitStatus, said: String) -> Result<(), ProviderError> {
    let command = name.to_owned();
    match status.code() {
        Some(0) => Ok(()),
        Some(REFUSED) => Err(ProviderError::Refused {
            command,
            code: REFUSED,
            said,
        }),
        _ => Err(ProviderError::Failed {
            command,
            status: status.to_string(),
            said,
        }),
    }
}
