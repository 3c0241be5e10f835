//! `muster schedule`

use std::io::Read;
use std::path::Path;

use api::{Entry, Operation, Schedule, ScheduleRequest, Transition};

use super::Told;
use super::server::{Refusal, Server, pretty, understood};
use super::table::table;
use crate::cli::ScheduleWish as Wish;

/// How much of what comes is shown; all that is known is in the JSON.
const SHOWN: usize = 5;

pub async fn ask(server: &Server, wish: Wish, json: bool) -> Result<Told, Refusal> {
    let (answer, text) = match wish {
        Wish::Show => {
            let (schedule, answer) = server.get::<Schedule>(Operation::Schedule, "").await?;
            (answer, shown(&schedule))
        }
        Wish::Set { file } => {
            let request = read(&file).map_err(Refusal::Mistaken)?;
            let answer = server
                .ask(Operation::SetSchedule, "", "", Some(&request))
                .await?;
            let schedule: Schedule = understood(&answer)?;
            let text = format!("The schedule is set.\n\n{}", shown(&schedule));
            (answer, text)
        }
        Wish::Clear => {
            let nothing = None::<&()>;
            let answer = server
                .ask(Operation::ClearSchedule, "", "", nothing)
                .await?;
            (
                answer,
                "There is no schedule any more; the nodes stay as they are.\n".to_owned(),
            )
        }
        Wish::Reset => {
            let nothing = None::<&()>;
            let answer = server
                .ask(Operation::ResetSchedule, "", "", nothing)
                .await?;
            let schedule: Schedule = understood(&answer)?;
            let text = format!(
                "The schedule of the settings counts again.\n\n{}",
                shown(&schedule)
            );
            (answer, text)
        }
    };
    Ok(Told::well(if json { pretty(&answer) } else { text }))
}

fn read(file: &Path) -> Result<ScheduleRequest, String> {
    let shown = file.display();
    let unreadable = |error: std::io::Error| format!("{shown} cannot be read: {error}");
    let text = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(unreadable)?;
        text
    } else {
        std::fs::read_to_string(file).map_err(unreadable)?
    };
    parse(&text).map_err(|error| format!("{shown}: {error}"))
}

/// JSON when it begins like it, else TOML. Checked here, so that mistakes are told before anybody is asked.
pub fn parse(text: &str) -> Result<ScheduleRequest, String> {
    let request: ScheduleRequest = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|error| error.to_string())?
    } else {
        toml::from_str(text).map_err(|error| error.to_string())?
    };
    match request.clone().validated() {
        Ok(_) => Ok(request),
        Err(problem) => Err(problem.message),
    }
}

/// What is in force, what comes, and what was written.
pub fn shown(schedule: &Schedule) -> String {
    if schedule.entries.is_empty() {
        return match schedule.set {
            true => "There is no schedule: a command cleared it.\n`muster schedule reset` goes back to the settings'.\n",
            false => "There is no schedule. `muster schedule set FILE` makes one.\n",
        }
        .to_owned();
    }
    let mut out = match &schedule.in_force {
        Some(now) => format!(
            "In force: {}, {}, since {}.\n\n",
            now.entry,
            nodes(now),
            time(&now.begins)
        ),
        None => "Nothing is in force yet.\n\n".to_owned(),
    };
    let coming = schedule.next.iter().take(SHOWN).map(|next| {
        vec![
            next.entry.clone(),
            time(&next.begins),
            time(&next.at),
            nodes(next),
        ]
    });
    let coming: Vec<Vec<String>> = coming.collect();
    out += &table(&["NEXT", "BEGINS", "AT", "WANTED"], &coming);
    out.push('\n');
    let entries: Vec<Vec<String>> = schedule.entries.iter().map(written).collect();
    out += &table(&["ENTRY", "WHEN", "ZONE", "LEAD"], &entries);
    if schedule.set {
        out += "\nIt was set by a command; `muster schedule reset` goes back to the settings'.\n";
    }
    out
}

fn written(entry: &Entry) -> Vec<String> {
    let when = match (&entry.cron, &entry.weekdays, &entry.time) {
        (Some(cron), _, _) => cron.clone(),
        (None, days, Some(time)) => {
            let days = days
                .as_deref()
                .map_or_else(|| "every day".to_owned(), |days| days.join(","));
            format!("{days} {time}")
        }
        (None, _, None) => "never".to_owned(),
    };
    let lead = match entry.lead_minutes {
        0 => "-".to_owned(),
        minutes => format!("{minutes} min"),
    };
    vec![entry.name.clone(), when, entry.zone.clone(), lead]
}

fn nodes(transition: &Transition) -> String {
    match (transition.minimum, transition.maximum) {
        (0, 0) => "no nodes".to_owned(),
        (1, 1) => "1 node".to_owned(),
        (minimum, maximum) if minimum == maximum => format!("{minimum} nodes"),
        (minimum, maximum) => format!("{minimum} to {maximum} nodes"),
    }
}

/// Day and minute, as the entry's own zone has it: seconds and offset are in the JSON.
fn time(rfc3339: &str) -> String {
    rfc3339.get(..16).unwrap_or(rfc3339).replace('T', " ")
}
