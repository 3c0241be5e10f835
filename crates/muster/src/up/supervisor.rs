//! Keeps one node running: starts it, adopts one that outlived an earlier `muster up`, starts it anew when it ends.

use std::process::ExitStatus;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::process::Child;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tracing::{error, info, warn};

use super::child::{Launch, tell};
use super::restart::Restart;
use crate::data_dir::{Holder, Lock};
use crate::exit::Ending;

/// How long a node may take to end when asked to.
const GRACE: Duration = Duration::from_secs(2);
/// How often an adopted node, which is no child of ours to wait for, is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// What came of a node's run.
enum Run {
    /// It ended by itself.
    Ended(String),
    /// It must not be started again.
    GivenUp,
    /// Everything is being stopped, and it has ended.
    Stopped,
}

/// Keeps the node running until told to stop; then ends it.
pub(super) async fn run(launch: Launch, mut stopping: watch::Receiver<bool>) {
    let mut restart = Restart::default();
    loop {
        let began = Instant::now();
        let reason = match once(&launch, &mut stopping).await {
            Run::Stopped | Run::GivenUp => return,
            Run::Ended(reason) => reason,
        };
        let wait = restart.wait(began.elapsed());
        warn!(
            node = launch.number,
            "node ended: {reason}; starting it again in {wait:?}"
        );
        tokio::select! {
            () = sleep(wait) => {}
            () = told(&mut stopping) => return,
        }
    }
}

/// Waits until everything is to stop.
async fn told(stopping: &mut watch::Receiver<bool>) {
    // An error means that whoever would say so is gone, which says the same.
    let _ = stopping.wait_for(|stop| *stop).await;
}

async fn once(launch: &Launch, stopping: &mut watch::Receiver<bool>) -> Run {
    match Lock::holder(&launch.lock) {
        Ok(Some(holder)) => return adopt(launch, holder, stopping).await,
        Ok(None) => {}
        Err(error) => return Run::Ended(format!("{error:#}")),
    }
    match launch.start() {
        Ok(child) => attend(launch, child, stopping).await,
        Err(error) => Run::Ended(format!("{error:#}")),
    }
}

/// Waits for a child to end, or ends it.
async fn attend(launch: &Launch, mut child: Child, stopping: &mut watch::Receiver<bool>) -> Run {
    let pid = child.id().and_then(|id| i32::try_from(id).ok());
    info!(node = launch.number, pid, "node started");
    tokio::select! {
        status = child.wait() => match status {
            Ok(status) => judge(launch, status),
            Err(error) => Run::Ended(format!("it cannot be waited for: {error}")),
        },
        () = told(stopping) => {
            tell(pid, Signal::TERM);
            if timeout(GRACE, child.wait()).await.is_err() {
                warn!(node = launch.number, pid, "node did not end within {GRACE:?}; killing it");
                tell(pid, Signal::KILL);
                // A killed process is gone at once; the wait only takes its entry out of the table.
                let _ = timeout(GRACE, child.wait()).await;
            }
            Run::Stopped
        }
    }
}

fn judge(launch: &Launch, status: ExitStatus) -> Run {
    match status.code().and_then(Ending::of_code) {
        Some(ending @ Ending::WrongSettings) => {
            error!(
                node = launch.number,
                "node ended for good: {}",
                ending.describe()
            );
            Run::GivenUp
        }
        Some(ending) => Run::Ended(ending.describe().into()),
        None => Run::Ended(status.to_string()),
    }
}

/// Watches a node that an earlier run started, until it ends, or ends it.
async fn adopt(launch: &Launch, holder: Holder, stopping: &mut watch::Receiver<bool>) -> Run {
    info!(
        node = launch.number,
        pid = holder.pid,
        "node still runs from before; it will dial in"
    );
    let gone = async {
        while matches!(Lock::holder(&launch.lock), Ok(Some(_))) {
            sleep(LOOK).await;
        }
    };
    tokio::pin!(gone);
    tokio::select! {
        () = &mut gone => return Run::Ended("it was started before and is gone now".into()),
        () = told(stopping) => {}
    }
    // Asked again, lest the process id has passed to somebody else since.
    let present = || {
        Lock::holder(&launch.lock)
            .ok()
            .flatten()
            .and_then(|h| h.pid)
    };
    tell(present(), Signal::TERM);
    if timeout(GRACE, &mut gone).await.is_err() {
        warn!(
            node = launch.number,
            "node did not end within {GRACE:?}; killing it"
        );
        tell(present(), Signal::KILL);
    }
    Run::Stopped
}
