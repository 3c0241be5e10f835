//! Who launches a master's nodes: from the configuration to a provider, and what a node is told at its start.

mod processes;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use link::trust::{Authority, Trust, Wish};
use master::{Administration, Fleet, SpecOf};
use node::MetadataService;
use provider::command::{Command, Patience};
use provider::executor::Bounds;
use provider::launches::{BackOff, Timing};
use provider::{ClusterId, LaunchKey, Provider, Spec};
use tracing::warn;

pub use processes::Locals;

use crate::config::Settings;
use crate::config::fleet::{Executable, Kind};
use crate::data_dir::DataDir;
use crate::{serving, token};

/// For what is to go on for ever.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 86_400);
/// Between two looks for processes that are gone and were not started by this one.
const LOOK: Duration = Duration::from_millis(500);

/// Who launches, as configured.
pub struct Launching {
    #[allow(missing_docs)]
    pub cluster: ClusterId,
    /// `None` where nodes dial in.
    pub fleet: Option<Fleet>,
    /// Where they are processes of this machine.
    pub locals: Option<Arc<Locals>>,
    /// How the cluster behaves with it.
    pub settings: cluster::Settings,
    /// How many nodes are wanted when.
    pub policy: cluster::Policy,
}

impl Launching {
    /// Prepares everything and launches nothing.
    ///
    /// # Errors
    /// When the data directory cannot be used.
    pub fn of(
        settings: &Settings,
        data: &DataDir,
        trust: &Trust,
        administration: &Administration,
    ) -> Result<Self> {
        let cluster = ClusterId::parse(&administration.cluster_id)
            .with_context(|| data.file("cluster-id").display().to_string())?;
        let mut locals = None;
        let provider: Option<Arc<dyn Provider>> = match &settings.provider.kind {
            Kind::Static => None,
            Kind::Process => Some(locals.insert(Arc::new(Locals::of(data)?)).clone()),
            Kind::Command(executable) => Some(Arc::new(command(executable))),
        };
        if matches!(settings.provider.kind, Kind::Command(_))
            && settings.link.listen.ip().is_loopback()
            && settings.link.masters.is_empty()
        {
            warn!(
                listen = %settings.link.listen,
                "machines that provider.command launches elsewhere cannot reach this master's link; see link.listen"
            );
        }
        let timing = timing(settings);
        let fleet = provider.map(|provider| Fleet {
            provider,
            cluster: cluster.clone(),
            timing,
            bounds: bounds(settings),
            spec: spec(settings, data, &trust.authority),
            ends_with_master: settings.provider.ends_with_master,
        });
        Ok(Self {
            cluster,
            locals,
            settings: behaviour(settings, &timing),
            policy: cluster::Policy {
                count: fleet.is_some().then_some(settings.cluster.nodes),
                schedule: settings.cluster.schedule.clone(),
                ..administration.policy.clone()
            },
            fleet,
        })
    }
}

fn command(executable: &Executable) -> Command {
    let mut command = Command::new(&executable.program);
    command.arguments.clone_from(&executable.arguments);
    command.patience = Patience {
        launch: executable.launch,
        terminate: executable.terminate,
        list: executable.list,
    };
    command
}

fn timing(settings: &Settings) -> Timing {
    let usual = Timing {
        dial_in: settings.provider.dial_in,
        come_back: settings.cluster.come_back.unwrap_or(FOR_EVER),
        list_every: settings.provider.list_every,
        ..Timing::default()
    };
    match settings.provider.kind {
        Kind::Static | Kind::Command(_) => usual,
        // What a list of locks says is so.
        Kind::Process => Timing {
            list_every: LOOK,
            settle: Duration::ZERO,
            stray: settings.provider.dial_in,
            retry: BackOff {
                first: Duration::from_millis(200),
                longest: Duration::from_secs(2),
            },
            ..usual
        },
    }
}

fn bounds(settings: &Settings) -> Bounds {
    let usual = Bounds::default();
    let Kind::Command(executable) = &settings.provider.kind else {
        return usual;
    };
    let Executable {
        launch,
        terminate,
        list,
        ..
    } = executable;
    let longest = *launch.max(terminate).max(list);
    Bounds {
        longest: usual.longest.max(longest * 2),
        ..usual
    }
}

/// The provider decides that a launch has failed; the cluster's own deadline is for when it does not.
fn behaviour(settings: &Settings, timing: &Timing) -> cluster::Settings {
    let usual = cluster::Settings::default();
    let call = match &settings.provider.kind {
        Kind::Static | Kind::Process => Duration::from_secs(10),
        Kind::Command(executable) => executable.launch,
    };
    let tries = (1..=timing.attempts).map(|failures| call + timing.retry.after(failures));
    let launch = timing.dial_in + tries.sum::<Duration>();
    let usual = cluster::Settings {
        suspicion: settings.cluster.suspicion,
        drain: settings.cluster.drain,
        launch,
        ..usual
    };
    match settings.provider.kind {
        Kind::Static | Kind::Command(_) => usual,
        Kind::Process => cluster::Settings {
            launch_retry: Duration::from_millis(500),
            launch_retry_longest: Duration::from_secs(30),
            ..usual
        },
    }
}

fn spec(settings: &Settings, data: &DataDir, authority: &Arc<Authority>) -> SpecOf {
    let (settings, authority) = (settings.clone(), Arc::clone(authority));
    let nodes = data.nodes();
    Arc::new(move |key, link| {
        let local = settings.provider.kind == Kind::Process;
        let masters = match local {
            true => vec![serving::local_link(link)],
            false => token::links(&settings, link),
        };
        let wish = Wish {
            masters,
            uses: 1,
            valid: validity(&settings),
            node: Some(key.to_string()),
        };
        let token = authority.mint(wish, SystemTime::now());
        let token = token.map_err(|error| format!("no join token can be made: {error}"))?;
        let mut told = told(&settings, key, token.text());
        if local {
            let directory = nodes.join(key.as_str()).into_os_string().into_string();
            let directory = directory
                .map_err(|path| format!("the data directory's path {path:?} is not UTF-8"))?;
            told.insert("MUSTER_DATA_DIR".into(), directory);
            told.extend(of_this_machine(&settings));
        }
        told.extend(settings.provider.settings.iter().cloned());
        Ok(Spec {
            settings: told,
            wishes: settings.provider.wishes.iter().cloned().collect(),
        })
    })
}

/// A token is good until the launch has failed, with as much again for clocks that differ.
fn validity(settings: &Settings) -> Duration {
    behaviour(settings, &timing(settings)).launch * 2 + Duration::from_secs(3600)
}

fn told(settings: &Settings, key: &LaunchKey, token: String) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("MUSTER_NODE_ID".to_owned(), key.to_string()),
        ("MUSTER_LINK_JOIN".to_owned(), token),
        ("MUSTER_LOG".to_owned(), settings.log.clone()),
    ])
}

fn of_this_machine(settings: &Settings) -> Vec<(String, String)> {
    let node = &settings.node;
    let orphaned = node.exit_when_orphaned.map_or(0, |after| after.as_secs());
    let addresses: Vec<_> = (node.public_addresses.iter())
        .map(ToString::to_string)
        .collect();
    let ports = match (*node.media_ports.start(), *node.media_ports.end()) {
        (0, _) => "0".into(),
        (from, to) => format!("{from}-{to}"),
    };
    let metadata = match &node.metadata {
        MetadataService::Auto => "auto".to_owned(),
        MetadataService::Off => "off".to_owned(),
        MetadataService::At(target) => target.whole(),
    };
    let told = [
        ("MEDIA_PORTS", ports),
        ("SHARDS", shards(settings).to_string()),
        ("ALLOW_LOOPBACK", node.allow_loopback.to_string()),
        ("EVIDENCE", node.evidence.to_string()),
        ("EXIT_WHEN_ORPHANED", orphaned.to_string()),
        ("PUBLIC_ADDRESSES", addresses.join(",")),
        ("METADATA", metadata),
        ("STUN_SERVERS", node.stun_servers.join(",")),
    ];
    told.into_iter()
        .map(|(name, value)| (format!("MUSTER_NODE_{name}"), value))
        .collect()
}

/// Shards of each node: as configured, or its share of the cores.
fn shards(settings: &Settings) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let nodes = usize::try_from(settings.cluster.nodes.max(1)).unwrap_or(usize::MAX);
    match settings.node.shards {
        Some(shards) => shards.get(),
        None => (cores / nodes).max(1),
    }
}
