//! `POST /restart`: changes are written down and the program starts itself again. Clients come back to their sessions,
//! nodes go on with their media: to them it is a master that was away for a moment.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use master::Restart;
use openvidu::rest::{Change, ChangedValue};
use tracing::error;

use crate::config::{self, OVERRIDES, Role, Sources};
use crate::data_dir::DataDir;

/// How long the answer to whoever asked may take to leave.
const ANSWER: Duration = Duration::from_millis(300);

/// There is one program in a process.
static BEGINNING: OnceLock<Beginning> = OnceLock::new();

/// How this program was started.
struct Beginning {
    sources: Sources,
    role: Role,
    /// Asked for at the start: once the file is replaced the system names one that is gone.
    program: std::io::Result<PathBuf>,
}

/// Remembers how the program was started, so that changes can be tried before they are written.
pub fn prepare(sources: Sources, role: Role) {
    let beginning = Beginning {
        sources,
        role,
        program: std::env::current_exe(),
    };
    // Said once, by `main`.
    let _ = BEGINNING.set(beginning);
}

/// What carries out `POST /restart`.
pub fn restart(data: DataDir) -> Restart {
    Arc::new(move |changes| {
        let beginning = BEGINNING
            .get()
            .ok_or("the beginning of this program is unknown")?;
        let program = beginning.program.as_deref();
        let program =
            program.map_err(|error| format!("the path of this program is unknown: {error}"))?;
        let kept = data.read(OVERRIDES).map_err(|error| format!("{error:#}"))?;
        let text = changed(&kept.unwrap_or_default(), &changes);
        let names: Vec<&str> = changes.iter().map(|change| change.name.as_str()).collect();
        config::try_overrides(&beginning.sources, beginning.role, &text, &names)?;
        let written = data.write(OVERRIDES, &text);
        written.map_err(|error| format!("{error:#}"))?;
        std::thread::spawn(move || begin_again(program));
        Ok(())
    })
}

/// The file with these changes: one line per property.
fn changed(text: &str, changes: &[Change]) -> String {
    let named = |line: &str| line.split_once('=').map(|(name, _)| name.trim().to_owned());
    let is_changed = |line: &&str| {
        let name = named(line);
        !changes
            .iter()
            .any(|change| Some(&change.name) == name.as_ref())
    };
    let kept = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .filter(is_changed);
    let mut out: Vec<String> = kept.map(str::to_owned).collect();
    for change in changes {
        let value = match &change.value {
            ChangedValue::Text(value) => value.clone(),
            ChangedValue::List(items) => serde_json::to_string(items).unwrap_or_default(),
        };
        if !value.is_empty() {
            out.push(format!("{}={value}", change.name));
        }
    }
    out.into_iter().map(|line| line + "\n").collect()
}

/// Replaces the program by itself, or by what lies in its place now, with the same arguments. All that has to outlive it is written as it happens, so that
/// nothing is taken leave of: media and sessions go on.
fn begin_again(program: &Path) {
    std::thread::sleep(ANSWER);
    let mut arguments = std::env::args_os();
    let _ = arguments.next();
    let error = Command::new(program).args(arguments).exec();
    error!(%error, "the program cannot be started again; it goes on with its old settings");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str, value: &str) -> Change {
        Change {
            name: name.into(),
            value: ChangedValue::Text(value.into()),
        }
    }

    #[test]
    fn later_changes_replace_earlier_ones() {
        let first = changed("", &[text("A", "1"), text("B", "2")]);
        assert_eq!(first, "A=1\nB=2\n");
        let list = Change {
            name: "C".into(),
            value: ChangedValue::List(vec!["x".into(), "y".into()]),
        };
        assert_eq!(
            changed(&first, &[text("A", "3"), list]),
            "B=2\nA=3\nC=[\"x\",\"y\"]\n"
        );
        assert_eq!(
            changed(&first, &[text("A", "")]),
            "B=2\n",
            "not set any more"
        );
    }
}
