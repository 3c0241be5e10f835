//! The program: reads the command line and the configuration, and starts what was asked for. Knows roles and nothing of
//! what they do.

mod administration;
mod asking;
mod banner;
mod certificates;
mod cli;
mod config;
mod data_dir;
mod descriptors;
mod exit;
mod fleet;
mod logging;
mod mastering;
mod noding;
mod page;
mod random;
mod renewing;
mod restarting;
mod serving;
mod shutdown;
mod token;
mod up;

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use tracing::error;

use cli::{Cli, Task};
use config::{Loaded, Role};
use data_dir::DataDir;
use exit::Ending;

fn main() -> ExitCode {
    let (task, sources) = Cli::parse().command.sources();
    let loaded = match config::load(&sources, task.role()) {
        Ok(loaded) => loaded,
        Err(report) => {
            complain(&format!("muster: {report}"));
            return Ending::WrongSettings.into();
        }
    };
    if let Some(account) = &loaded.openvidu {
        complain(&account.to_string());
    }
    logging::start(&loaded.settings.log);
    descriptors::raise();
    let done = match task {
        Task::Run(role) => {
            restarting::prepare(sources, role);
            run(role, loaded)
        }
        Task::Token(wish) => token::print(wish, &loaded.settings),
        Task::Ask(asking, wish) => asking::run(asking, wish, &loaded.settings),
    };
    match done {
        Ok(ending) => ending.into(),
        Err(error) => {
            error!("{error:#}");
            Ending::Failed.into()
        }
    }
}

/// Writes to standard error, where somebody may or may not read it.
fn complain(text: &str) {
    let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
}

fn run(role: Role, loaded: Loaded) -> Result<Ending> {
    // The first and only call of the process, so there is none to clash with.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no threads can be started")?;
    let ending = runtime.block_on(async {
        match role {
            Role::Up => up::run(loaded.settings).await,
            Role::Master => mastering::run(loaded.settings).await,
            Role::Node => noding::run(loaded.settings).await,
        }
    });
    // Whatever still runs has been told to stop and was waited for as long as it may take.
    runtime.shutdown_background();
    ending
}

/// Says that another process has the data directory.
fn occupied(data: &DataDir, pid: Option<i32>) -> Ending {
    error!(
        data_dir = %data.path().display(),
        pid,
        "another muster runs with this data directory; stop it or use another with --data-dir"
    );
    Ending::Occupied
}
