//! Running a master alone.

use std::time::Duration;

use anyhow::{Result, bail};
use tracing::{info, warn};

use crate::config::Settings;
use crate::data_dir::{DataDir, Lock, Locking};
use crate::exit::Ending;
use crate::serving::Serving;
use crate::shutdown::{Request, Requests};
use crate::{banner, occupied};

/// How long it may take to say good-bye.
const FAREWELL: Duration = Duration::from_millis(2500);

/// Runs until asked to stop.
///
/// # Errors
/// When it cannot start.
pub async fn run(settings: Settings) -> Result<Ending> {
    let mut requests = Requests::listen()?;
    let data = DataDir::open(&settings.data_dir)?;
    let _lock = match Lock::take(&data.file("master.lock"))? {
        Locking::Taken(lock) => lock,
        Locking::Held(pid) => return Ok(occupied(&data, pid)),
    };
    let mut serving = Serving::start(&settings, &data).await?;
    banner::print(&settings, &serving, data.path(), Some(joining(&data)));
    let why = tokio::select! {
        why = requests.next() => why,
        failure = serving.master.failed() => bail!("{failure}; nodes carry on, start it again"),
    };
    let departure = async {
        match why {
            // A service manager's restart must not end calls; a person's Ctrl-C means it.
            Request::Terminate => {
                info!(%why, "stopping; sessions and media stay for the next start");
                serving.master.leave().await;
            }
            Request::Interrupt | Request::Hangup => {
                info!(%why, "stopping, and ending all sessions");
                serving.master.stop().await;
            }
        }
    };
    tokio::select! {
        stopped = tokio::time::timeout(FAREWELL, departure) => {
            if stopped.is_err() {
                warn!("some clients did not take leave in time");
            }
        }
        _ = requests.next() => warn!("asked twice; not waiting for clients"),
    }
    Ok(Ending::Stopped)
}

fn joining(data: &DataDir) -> String {
    format!(
        "muster node --join TOKEN, with the line that this prints: muster token --data-dir {}",
        data.path().display()
    )
}
