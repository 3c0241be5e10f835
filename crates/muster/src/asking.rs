//! The commands that ask a running master: `muster status`, `muster nodes`, `muster schedule`, `muster ice`,
//! `muster relay`, `muster doctor`. Tables for people, `--json` for programs.

mod doctor;
mod ice;
mod nodes;
mod paths;
mod relay;
mod schedule;
mod server;
mod status;
mod table;
#[cfg(test)]
mod tests;

use std::io::Write;

use anyhow::{Context, Result};

use crate::cli::{Asking, Wish};
use crate::config::Settings;
use crate::exit::Ending;
use server::{Refusal, Server};

pub use server::remember;

/// What is printed, and how the program ends.
struct Told {
    text: String,
    ending: Ending,
}

impl Told {
    fn well(text: String) -> Self {
        Self {
            text,
            ending: Ending::Stopped,
        }
    }
}

/// Asks and prints.
///
/// # Errors
/// When it cannot even be asked, or the answer cannot be printed.
pub fn run(asking: Asking, wish: Wish, settings: &Settings) -> Result<Ending> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no threads can be started")?;
    let json = asking.json;
    if let Wish::Doctor = wish {
        let server = Server::find(&asking, settings);
        let elsewhere = server::asked_for(&asking).is_some();
        let told = runtime.block_on(doctor::examine(server, settings, elsewhere, json));
        return print(&told);
    }
    let server = match Server::find(&asking, settings) {
        Ok(server) => server,
        Err(error) => {
            crate::complain(&format!("muster: {error:#}\n"));
            return Ok(Ending::WrongSettings);
        }
    };
    let told = runtime.block_on(async {
        match wish {
            Wish::Status => status::ask(&server, json).await,
            Wish::Ice(filter, wish) => ice::ask(&server, *filter, wish, json).await,
            Wish::Nodes(wish) => nodes::ask(&server, wish, json).await,
            Wish::Relay(wish) => relay::ask(&server, wish).await,
            Wish::Schedule(wish) => schedule::ask(&server, wish, json).await,
            Wish::Doctor => Ok(doctor::examine(Ok(server), settings, true, json).await),
        }
    });
    match told {
        Ok(told) => print(&told),
        Err(refusal) => {
            crate::complain(&format!("muster: {refusal}\n"));
            Ok(match refusal {
                Refusal::Unreachable(_) => Ending::Unreachable,
                Refusal::Mistaken(_) => Ending::WrongSettings,
                Refusal::Refused(_) | Refusal::Strange(_) => Ending::Failed,
            })
        }
    }
}

fn print(told: &Told) -> Result<Ending> {
    let mut out = std::io::stdout();
    let written = out.write_all(told.text.as_bytes());
    written.context("the answer cannot be printed")?;
    Ok(told.ending)
}
