//! Configuration: a documented TOML file, the environment, flags, in rising precedence, make one validated snapshot.
//!
//! [`load`] either gives that snapshot or a [`Report`] of everything that is wrong with all of them at once.

pub mod fleet;
mod keys;
mod layers;
pub mod openvidu;
mod reader;
mod relay;
mod report;
mod scaling;
mod schedule;
mod settings;
mod toml_file;
mod values;
mod webhook;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use layers::{Layers, Origin, Value};
pub use report::{Problem, Report};
pub use settings::{CertificateFiles, NodeRelay, Role, Settings};
pub(crate) use values::{node_id, span};
pub use webhook::Webhook as WebhookSettings;

/// A flag as given: which key it sets, how it is spelled, and its value.
#[derive(Clone, Debug)]
pub struct Flag {
    /// Such as `https.listen`.
    pub key: &'static str,
    /// Such as `--listen`.
    pub spelling: &'static str,
    #[allow(missing_docs)]
    pub value: String,
}

/// Where configuration comes from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// `--config`.
    pub file: Option<PathBuf>,
    /// `--openvidu-env`.
    pub openvidu_env: Option<PathBuf>,
    /// The environment of the process.
    pub environment: Vec<(OsString, OsString)>,
    #[allow(missing_docs)]
    pub flags: Vec<Flag>,
}

/// What came out.
#[derive(Debug)]
pub struct Loaded {
    #[allow(missing_docs)]
    pub settings: Settings,
    /// What became of an OpenVidu `.env` file.
    pub openvidu: Option<openvidu::Account>,
}

/// Variables that say where to read, not what to use.
const FILE_VARIABLE: &str = "MUSTER_CONFIG";
const OPENVIDU_VARIABLE: &str = "MUSTER_OPENVIDU_ENV";
const URL_VARIABLE: &str = "MUSTER_URL";

/// File of the data directory with what `POST /restart` changed, as OpenVidu writes it: it comes before the TOML file, and
/// after the environment and flags.
pub const OVERRIDES: &str = "overrides.env";

/// Reads all sources for a role.
///
/// # Errors
/// Everything that is wrong, at once.
pub fn load(sources: &Sources, role: Role) -> Result<Loaded, Report> {
    let loaded = load_under(sources, role, None)?;
    if role == Role::Node {
        return Ok(loaded);
    }
    let path = loaded.settings.data_dir.join(OVERRIDES);
    // Without a file nothing was changed; one that cannot be read is told by whoever uses the directory.
    match std::fs::read_to_string(&path) {
        Ok(text) => load_under(sources, role, Some((&path, &text))),
        Err(_) => Ok(loaded),
    }
}

/// Says what is wrong with overrides of which these properties are new.
///
/// # Errors
/// A sentence for whoever changed them.
pub fn try_overrides(
    sources: &Sources,
    role: Role,
    text: &str,
    changed: &[&str],
) -> Result<(), String> {
    let mut problems = Vec::new();
    let account = openvidu::parse(OVERRIDES, text, &mut Layers::default(), &mut problems);
    for (name, nearest) in &account.unknown {
        if changed.contains(&name.as_str()) {
            let nearest = nearest.as_ref();
            let hint = nearest.map_or_else(String::new, |it| format!("; did you mean {it}?"));
            return Err(format!("Property '{name}' is not known{hint}"));
        }
    }
    for (name, why) in &account.inapplicable {
        if changed.contains(&name.as_str()) {
            return Err(format!("Property '{name}' has no meaning here: {why}"));
        }
    }
    match load_under(sources, role, Some((Path::new(OVERRIDES), text))) {
        Ok(_) => Ok(()),
        Err(report) => Err(report.to_string()),
    }
}

fn load_under(
    sources: &Sources,
    role: Role,
    overrides: Option<(&Path, &str)>,
) -> Result<Loaded, Report> {
    let mut problems = Vec::new();
    let mut layers = Layers::default();
    let environment = environment(&sources.environment, &mut problems);
    let path = |given: &Option<PathBuf>, variable: &str| {
        let named = environment.iter().find(|(name, _)| name == variable);
        given
            .clone()
            .or_else(|| named.map(|(_, v)| PathBuf::from(v)))
    };

    let openvidu = path(&sources.openvidu_env, OPENVIDU_VARIABLE)
        .and_then(|path| openvidu::read(&path, &mut layers, &mut problems));
    if let Some(path) = path(&sources.file, FILE_VARIABLE) {
        toml_file::read(&path, &mut layers, &mut problems);
    }
    if let Some((path, text)) = overrides {
        let shown = path.display().to_string();
        openvidu::parse(&shown, text, &mut layers, &mut problems);
    }
    take_variables(&environment, &mut layers, &mut problems);
    for flag in &sources.flags {
        let value = Value::Text(flag.value.clone());
        layers.set(flag.key, value, Origin::Flag(flag.spelling));
    }

    let settings = settings::validate(&layers, role, &mut problems);
    if problems.is_empty() {
        Ok(Loaded { settings, openvidu })
    } else {
        Err(Report { problems })
    }
}

fn environment(all: &[(OsString, OsString)], problems: &mut Vec<Problem>) -> Vec<(String, String)> {
    let mut ours = Vec::new();
    for (name, value) in all {
        let Some(name) = name.to_str().filter(|n| n.starts_with("MUSTER_")) else {
            continue;
        };
        match value.to_str() {
            Some(value) => ours.push((name.to_owned(), value.to_owned())),
            None => problems.push(Problem {
                key: name.to_owned(),
                value: Some(value.to_string_lossy().into_owned()),
                origin: Some("the environment".into()),
                expected: "UTF-8 text".into(),
            }),
        }
    }
    ours.sort();
    ours
}

fn take_variables(
    environment: &[(String, String)],
    layers: &mut Layers,
    problems: &mut Vec<Problem>,
) {
    for (name, value) in environment {
        if [FILE_VARIABLE, OPENVIDU_VARIABLE, URL_VARIABLE].contains(&name.as_str()) {
            continue;
        }
        match keys::of_variable(name) {
            Some(key) => layers.set(
                key.name,
                Value::Text(value.clone()),
                Origin::Variable(name.clone()),
            ),
            None => problems.push(Problem {
                key: name.clone(),
                value: None,
                origin: Some("the environment".into()),
                expected: keys::unknown_variable(name),
            }),
        }
    }
}

#[cfg(test)]
mod tests;
