//! Which nodes there should be, and who launches them.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use cluster::schedule::Schedule;

use super::reader::{Judged, Reader};
use super::settings::Role;
use super::values;

/// The cluster as a whole.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Cluster {
    pub probe: bool,
    /// How many nodes are wanted, where nothing else says so.
    pub nodes: u32,
    pub schedule: Schedule,
    pub suspicion: Duration,
    /// `None`: for ever.
    pub come_back: Option<Duration>,
    pub drain: Duration,
}

/// Where nodes come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    #[allow(missing_docs)]
    pub kind: Kind,
    /// Whether the nodes are ended when the master is stopped.
    pub ends_with_master: bool,
    /// How long a machine may take from its launch until its node dials in.
    pub dial_in: Duration,
    /// From one list to the next.
    pub list_every: Duration,
    /// For the node's environment, beside what it is told anyway.
    pub settings: Vec<(String, String)>,
    /// What the machine should be like, in the provider's own words.
    pub wishes: Vec<(String, String)>,
}

/// Who launches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nobody: nodes dial in.
    Static,
    /// This machine.
    Process,
    /// An executable of the operator's.
    Command(Executable),
}

/// An executable of the operator's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Executable {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    pub launch: Duration,
    pub terminate: Duration,
    pub list: Duration,
}

/// Reads the table `[cluster]`, the schedule, and the number of nodes.
pub(super) fn cluster(r: &mut Reader<'_>, role: Role) -> Cluster {
    let most = match role {
        Role::Up => 64,
        Role::Master | Role::Node => 10_000,
    };
    let least = u32::from(role == Role::Up);
    let nodes = r.one("nodes", |t| values::number(t, least..=most));
    let seconds = |r: &mut Reader<'_>, key, default| {
        let given = r.one(key, |t| values::seconds_within(t, 1..=31_536_000));
        given.unwrap_or(Duration::from_secs(default))
    };
    let come_back = r.one("cluster.come_back", values::seconds);
    let come_back = come_back.unwrap_or(Duration::from_secs(300));
    Cluster {
        probe: r.one("cluster.probe", values::boolean).unwrap_or(true),
        nodes: nodes.unwrap_or(1),
        schedule: super::schedule::schedule(r),
        suspicion: seconds(r, "cluster.suspicion", 10),
        come_back: (!come_back.is_zero()).then_some(come_back),
        drain: seconds(r, "cluster.drain", 7200),
    }
}

/// Reads the table `[provider]`.
pub(super) fn provider(r: &mut Reader<'_>, role: Role) -> Provider {
    let kind = r.one("provider.kind", |text| match text {
        "static" | "process" | "command" => Ok(text.to_owned()),
        _ => Err("static, process or command".into()),
    });
    let program = r.one("provider.command", values::path);
    let arguments = r.list("provider.arguments", |text| Ok(OsString::from(text)));
    let span = |r: &mut Reader<'_>, key, default| {
        let given = r.one(key, |t| values::seconds_within(t, 1..=86_400));
        given.unwrap_or(Duration::from_secs(default))
    };
    let launch = span(r, "provider.launch_timeout", 300);
    let terminate = span(r, "provider.terminate_timeout", 120);
    let list = span(r, "provider.list_timeout", 60);
    let kind = match (role, kind.as_deref(), program) {
        (Role::Up, None, _) => Kind::Process,
        (Role::Up, Some("process"), _) => Kind::Process,
        (Role::Up, Some(_), _) => {
            r.reject(
                "provider.kind",
                "process or nothing for muster up, whose nodes are processes of this machine; use muster master",
            );
            Kind::Process
        }
        (_, Some("process"), _) => Kind::Process,
        (_, Some("command"), Some(program)) if program.is_absolute() => Kind::Command(Executable {
            program,
            arguments,
            launch,
            terminate,
            list,
        }),
        (_, Some("command"), _) => {
            r.reject(
                "provider.command",
                "the absolute path of your executable, since provider.kind is command",
            );
            Kind::Static
        }
        _ => Kind::Static,
    };
    let dial_in = match kind {
        Kind::Process => 30,
        Kind::Static | Kind::Command(_) => 300,
    };
    Provider {
        ends_with_master: role == Role::Up,
        dial_in: span(r, "provider.dial_in", dial_in),
        list_every: span(r, "provider.list_every", 30),
        settings: r.list("provider.settings", setting),
        wishes: r.list("provider.wishes", pair),
        kind,
    }
}

fn pair(text: &str) -> Judged<(String, String)> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("NAME=VALUE".into()),
    }
}

fn setting(text: &str) -> Judged<(String, String)> {
    let (name, value) = pair(text)?;
    let ours = super::keys::of_variable(&name).is_some();
    if ours {
        return Ok((name, value));
    }
    Err(format!(
        "MUSTER_…=VALUE, where MUSTER_… is a variable of muster.example.toml, not {name}"
    ))
}
