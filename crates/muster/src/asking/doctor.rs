//! `muster doctor`: looks at this machine and asks the master, and says what is wrong, how that is known, and what was
//! or should be done. Whether a call would work is in the exit code.

mod causes;
mod cluster;
mod here;
mod machine;
mod machines;
mod paths;
mod sockets;
#[cfg(test)]
mod tests;
mod ways;
mod words;

use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use api::{Diagnosis, Health, Nodes, Operation, Reachability, Status, Strangers};
use diagnosis::{Cause, Correlation};
use serde::Serialize;

use super::Told;
use super::server::{Refusal, Server};
use super::table::paragraph;
use crate::config::Settings;
use crate::exit::Ending;
use here::Here;
use paths::OfNow;

/// What was looked at, and what was seen.
#[derive(Debug, Serialize)]
pub struct Examination {
    /// Whether a call that begins now would work, as far as it can be known here.
    works: bool,
    verdict: String,
    checks: Vec<Check>,
    /// What the master says of failures; `null` if it was not reached.
    diagnosis: Option<Diagnosis>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    pub name: String,
    pub state: State,
    /// How it is known.
    pub seen: String,
    /// What was or should be done; empty where nothing is wrong.
    pub remedy: String,
    /// What comes of it, and what else there is to say: a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub follows: Vec<String>,
}

/// The worst is last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    Well,
    /// It cannot be known here.
    Unknown,
    /// It does not hinder a call yet.
    Doubtful,
    /// Calls do not work, or not for all.
    Ill,
}

impl Check {
    pub fn well(name: &str, seen: impl Into<String>) -> Self {
        Self::of(name, State::Well, seen, "")
    }

    pub fn of(
        name: &str,
        state: State,
        seen: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            state,
            seen: seen.into(),
            remedy: remedy.into(),
            follows: Vec::new(),
        }
    }
}

/// What the master says.
struct Asked {
    status: Status,
    nodes: Nodes,
    diagnosis: Diagnosis,
    /// What looks found that were made for this, unless nodes are not probed.
    reach: (Reachability, OfNow),
    /// What a look from here found.
    here: Vec<Here>,
    /// `None` where there is no ledger.
    strangers: Option<Strangers>,
}

/// Looks and asks. A master that cannot be asked is a finding, too. `elsewhere`: it was named by its URL.
pub async fn examine(
    server: Result<Server, anyhow::Error>,
    settings: &Settings,
    elsewhere: bool,
    json: bool,
) -> Told {
    let asked = match server {
        Ok(server) => ask(&server).await.map_err(|refusal| refusal.to_string()),
        Err(error) => Err(format!("{error:#}")),
    };
    // Of a machine that only asks nothing else matters.
    let concerned = !elsewhere || settings.data_dir.exists();
    let answers = match &asked {
        Ok(_) => true,
        Err(why) => cluster::is_distrusted(why),
    };
    let own = match concerned {
        true => sockets::own_addresses(),
        false => Vec::new(),
    };
    let mut here = match concerned {
        true => of_machine(settings, &own, asked.as_ref().ok()),
        false => Vec::new(),
    };
    if concerned && !elsewhere && !answers {
        here.extend(sockets::doors(settings));
    }
    let mut checks = Vec::new();
    let (verdict, works, diagnosis) = match asked {
        Ok(asked) => {
            checks.extend(of_cluster(&asked));
            checks.extend(machines::checks(&asked.nodes, &own));
            checks.append(&mut here);
            checks = machine::told_once(checks);
            let (verdict, works) = judge(&asked.status, &checks);
            (verdict, works, Some(asked.diagnosis))
        }
        Err(why) => {
            checks.push(cluster::unreached(&why));
            checks.append(&mut here);
            checks = machine::told_once(checks);
            let verdict = match cluster::is_distrusted(&why) {
                true => DISTRUSTED,
                false => UNREACHED,
            };
            (verdict.to_owned(), false, None)
        }
    };
    let reached = diagnosis.is_some();
    let examination = Examination {
        works,
        verdict,
        checks,
        diagnosis,
    };
    Told {
        text: if json {
            in_json(&examination)
        } else {
            shown(&examination)
        },
        ending: match (reached, works) {
            (false, _) => Ending::Unreachable,
            (true, false) => Ending::Unhealthy,
            (true, true) => Ending::Stopped,
        },
    }
}

const UNREACHED: &str =
    "No call can begin: the master does not answer. Calls that run go on at their nodes.";

const DISTRUSTED: &str =
    "No call can begin where this certificate is not accepted: browsers look at it, too.";

/// Milliseconds since the Unix epoch.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

/// Looks at the paths first: what they show is in what the master says then.
async fn ask(server: &Server) -> Result<Asked, Refusal> {
    let (known, _) = server.get(Operation::ListNodes, "").await?;
    let (reach, here) = tokio::join!(paths::look(server), here::look(server, &known));
    let reach = reach?;
    let (status, _) = server.get(Operation::Status, "").await?;
    let (nodes, _) = server.get(Operation::ListNodes, "").await?;
    let (diagnosis, _) = server.get(Operation::Diagnosis, "").await?;
    let strangers = server.get(Operation::Strangers, "").await.ok();
    Ok(Asked {
        status,
        nodes,
        diagnosis,
        reach,
        here,
        strangers: strangers.map(|(found, _)| found),
    })
}

fn of_machine(settings: &Settings, own: &[IpAddr], asked: Option<&Asked>) -> Vec<Check> {
    let mut checks = machine::checks(settings);
    checks.extend(asked.map_or_else(Vec::new, |asked| sockets::checks(own, &asked.nodes)));
    checks
}

/// The causes first, and then what none of them explains.
fn of_cluster(asked: &Asked) -> Vec<Check> {
    let (found, of_now) = &asked.reach;
    let (causes, rest) = causes::explained(&asked.diagnosis, ways::failing(&found.nodes));
    let groups = ways::groups(&rest);
    let failures = &asked.diagnosis.failures;
    let mut checks: Vec<Check> = causes
        .iter()
        .map(|it| it.check(&found.nodes, failures))
        .collect();
    checks.extend(causes::past(&asked.diagnosis));
    checks.extend(paths::checks(found, &groups, &asked.nodes, *of_now));
    checks.extend(cluster::checks(
        &asked.status,
        &asked.nodes,
        &causes,
        &groups,
    ));
    let mut found = asked.diagnosis.fleet.iter();
    let udp_is_blocked = found.any(|it| it.cause == Cause::MediaUdpBlocked);
    checks.extend(here::checks(&asked.here, udp_is_blocked));
    let strangers = asked.strangers.as_ref();
    checks.extend(strangers.and_then(|found| paths::strangers(found, now())));
    checks
}

fn judge(status: &Status, checks: &[Check]) -> (String, bool) {
    let ill = checks
        .iter()
        .filter(|check| check.state == State::Ill)
        .count();
    if status.health == Health::Down || status.nodes.serving == 0 {
        return (
            "A call would not work: no media node serves.".to_owned(),
            false,
        );
    }
    let doubtful = checks
        .iter()
        .filter(|it| it.state == State::Doubtful)
        .count();
    match (ill, doubtful) {
        (0, 0) => ("A call would work.".to_owned(), true),
        (0, doubtful) => (
            format!(
                "A call would work; look at {}.",
                words::count(doubtful, "thing")
            ),
            true,
        ),
        (ill, _) => {
            let verb = if ill == 1 { "is" } else { "are" };
            let things = words::count(ill, "thing");
            let verdict = format!("A call would not work for everybody: {things} {verb} wrong.");
            (verdict, false)
        }
    }
}

fn in_json(examination: &Examination) -> String {
    match serde_json::to_string_pretty(examination) {
        Ok(text) => text + "\n",
        Err(error) => format!("{{\"verdict\":\"{error}\"}}\n"),
    }
}

/// The worst first; what is well in a line.
fn shown(examination: &Examination) -> String {
    let mut out = paragraph("", &examination.verdict);
    out.push('\n');
    let mut checks: Vec<&Check> = examination.checks.iter().collect();
    checks.sort_by_key(|check| std::cmp::Reverse(check.state));
    for check in checks.iter().filter(|check| check.state != State::Well) {
        let sign = match check.state {
            State::Ill => "WRONG     ",
            State::Doubtful => "attention ",
            State::Well | State::Unknown => "unknown   ",
        };
        out += &paragraph(sign, &format!("{}: {}", check.name, check.seen));
        if !check.remedy.is_empty() {
            out += &paragraph("          → ", &check.remedy);
        }
        for follows in &check.follows {
            out += &paragraph("          · ", follows);
        }
    }
    out += &well(&checks);
    if let Some(diagnosis) = &examination.diagnosis {
        out.push('\n');
        out += &calls(&diagnosis.correlation);
    }
    out
}

/// What holds, in one paragraph.
fn well(checks: &[&Check]) -> String {
    let mut told: Vec<(Vec<&str>, &str)> = Vec::new();
    for check in checks.iter().filter(|check| check.state == State::Well) {
        match told.iter_mut().find(|(_, seen)| *seen == check.seen) {
            Some((names, _)) => names.push(&check.name),
            None => told.push((vec![&check.name], &check.seen)),
        }
    }
    let told: Vec<String> = told
        .into_iter()
        .map(|(names, seen)| format!("{}: {seen}", words::list(names)))
        .collect();
    match told.is_empty() {
        true => String::new(),
        false => paragraph("well      ", &format!("{}.", told.join("; "))),
    }
}

/// Of the four questions those that have an answer.
fn calls(seen: &Correlation) -> String {
    if seen.cases == 0 {
        return paragraph("calls     ", "Nobody has called since the master's start.");
    }
    // In the order of the questions: the course, what is alike, what it began with, what ended it.
    let known = [
        true,
        !seen.alike.is_empty(),
        seen.began.is_some(),
        seen.ended.is_some(),
    ];
    let answers = seen.answers.iter().zip(known);
    let known = answers.filter(|(_, known)| *known);
    known
        .map(|(answer, _)| paragraph("calls     ", answer))
        .collect()
}
