//! The command line. Values are taken as text: what they must look like is the configuration's business, so that all
//! that is wrong can be reported at once, wherever it was written.

mod asking;
mod ice;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::config::{Flag, Role, Sources};

pub use asking::{
    Asking, Count, Nodes as NodesWish, Relay as RelayWish, Schedule as ScheduleWish, Wish,
};
pub use ice::{IceFilter, IceWish};

/// WebRTC conferencing for applications written for OpenVidu 2.x.
#[derive(Debug, Parser)]
#[command(name = "muster", version, after_help = AFTER_HELP)]
pub struct Cli {
    #[allow(missing_docs)]
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Every setting can also be given in a TOML file (--config, documented in muster.example.toml) or in the environment
(https.listen is MUSTER_HTTPS_LISTEN). Flags come before the environment, the environment before the file.

Exit codes: 0 stopped as asked, 1 failed, 2 wrong settings (nothing was started), 3 the master let this node go, or
another process took over its id, 4 no master and nobody to serve (--exit-when-orphaned), 5 another process uses the
data directory. Of status, nodes, schedule, ice, relay and doctor: 0 done and well, 1 the master refused, 2 wrong usage, 6 the
master cannot be reached, 7 status: something is not as it should be; doctor: a call would not work for everybody.";

#[allow(missing_docs)]
#[derive(Debug, Subcommand)]
pub enum Command {
    /// A master and its media nodes on this machine, and the call page
    Up {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        face: Face,
        #[command(flatten)]
        media: Media,
        /// Media nodes to start [default: 1]
        #[arg(long, value_name = "N")]
        nodes: Option<String>,
    },
    /// A master; media nodes dial in from elsewhere
    Master {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        face: Face,
    },
    /// Print a line that lets a media node join the master whose data directory this is
    Token {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        wish: TokenWish,
    },
    /// How a running master and its cluster are
    Status {
        #[command(flatten)]
        asking: Asking,
    },
    /// What became of participants' media: --state FAILED --since today, and words to look for
    Ice {
        #[command(flatten)]
        asking: Asking,
        #[command(flatten)]
        filter: IceFilter,
        #[command(subcommand)]
        wish: Option<IceWish>,
    },
    /// The nodes of a running master: list, add, drain, undrain, remove, why, revoke
    Nodes {
        #[command(flatten)]
        asking: Asking,
        #[command(subcommand)]
        wish: Option<NodesWish>,
    },
    /// How many nodes a running master wants when: show, set, clear
    Schedule {
        #[command(flatten)]
        asking: Asking,
        #[command(subcommand)]
        wish: Option<ScheduleWish>,
    },
    /// The relays (STUN/TURN) of a running master and its nodes
    Relay {
        #[command(flatten)]
        asking: Asking,
        #[allow(missing_docs)]
        #[command(subcommand)]
        wish: RelayWish,
    },
    /// Whether a call would work, what is wrong if not, how that is known and what to do
    Doctor {
        #[command(flatten)]
        asking: Asking,
    },
    /// A media node that dials a master
    Node {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        media: Media,
        #[command(flatten)]
        joining: Joining,
    },
}

#[allow(missing_docs)]
#[derive(Args, Debug, Default)]
pub struct Common {
    /// TOML file with settings [env: MUSTER_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// OpenVidu's .env file; its values come before everything else and are overruled by everything else
    #[arg(long, value_name = "FILE")]
    pub openvidu_env: Option<PathBuf>,
    /// Where secrets, certificates and names are kept
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<String>,
    /// What is logged: error, warn, info, debug, trace, or per part [default: info]
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,
}

/// How the master shows itself.
#[allow(missing_docs)]
#[derive(Args, Debug)]
pub struct Face {
    /// Where browsers and applications come in [default: port 4443 of every address]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// Host name or address by which they reach it [default: the first public address, or localhost]
    #[arg(long, value_name = "HOST")]
    pub public_host: Option<String>,
    /// Password of the REST API [default: kept in the data directory]. Other users of this machine can see flags;
    /// MUSTER_SECRET is not seen
    #[arg(long, value_name = "SECRET")]
    pub secret: Option<String>,
    /// Certificate (PEM) to show instead of the self-signed one
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<String>,
    /// Key (PEM) of --tls-cert
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<String>,
    /// Where nodes dial in [default: 127.0.0.1:4442]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub link_listen: Option<String>,
}

/// Where media goes.
#[allow(missing_docs)]
#[derive(Args, Debug)]
pub struct Media {
    /// Addresses by which clients reach the media, in order of preference [default: what is found]
    #[arg(long, value_name = "ADDRESS[,ADDRESS]")]
    pub public_address: Option<String>,
    /// Ports for media, UDP and TCP; one is used for each shard and one for STUN [default: 40000-40999]
    #[arg(long, value_name = "FROM-TO")]
    pub media_ports: Option<String>,
    /// Media threads of a node, 0 for one per core [default: 0]
    #[arg(long, value_name = "N")]
    pub shards: Option<String>,
}

/// What a token is to be good for.
#[allow(missing_docs)]
#[derive(Args, Debug)]
pub struct TokenWish {
    /// How many nodes may use it
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..), conflicts_with = "reusable")]
    pub uses: u16,
    /// Any number of nodes may use it: for machine images
    #[arg(long)]
    pub reusable: bool,
    /// How long it may be used: 90s, 15m, 1h, 30d
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = crate::config::span)]
    pub expires: Duration,
    /// The only node that may use it
    #[arg(long, value_name = "ID", value_parser = crate::config::node_id)]
    pub node: Option<String>,
    /// Where nodes find the master [default: where it listened when it was last started]
    #[arg(long, value_name = "https://HOST:PORT[,…]")]
    pub master: Option<String>,
}

/// How a node finds its master.
#[allow(missing_docs)]
#[derive(Args, Debug)]
pub struct Joining {
    /// The line that `muster token` prints at the master. Needed once; MUSTER_LINK_JOIN is not seen by other users
    #[arg(long, value_name = "TOKEN")]
    pub join: Option<String>,
    /// File with that line
    #[arg(long, value_name = "FILE")]
    pub join_file: Option<String>,
    /// The masters' links [default: those that the token names]
    #[arg(long, value_name = "https://HOST:PORT[,…]")]
    pub master: Option<String>,
    /// Permanent name of this node [default: kept in the data directory]
    #[arg(long, value_name = "ID")]
    pub node_id: Option<String>,
    /// Announce loopback when the machine has no other address
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub allow_loopback: Option<String>,
    /// End after so many seconds without a master and without anybody to serve, 0 for never [default: 0]
    #[arg(long, value_name = "SECONDS")]
    pub exit_when_orphaned: Option<String>,
}

/// What is to be done.
#[derive(Debug)]
pub enum Task {
    /// Be this, until stopped.
    Run(Role),
    /// Print a join token.
    Token(TokenWish),
    /// Ask a running master.
    Ask(Asking, Wish),
}

impl Task {
    /// Whose settings are needed.
    pub fn role(&self) -> Role {
        match self {
            Self::Run(role) => *role,
            Self::Token(_) | Self::Ask(..) => Role::Master,
        }
    }
}

fn asked(mut asking: Asking, wish: Wish) -> (Task, Sources) {
    let sources = asking.sources();
    (Task::Ask(asking, wish), sources)
}

impl Command {
    /// What this asks for, and all that was said about it.
    pub fn sources(self) -> (Task, Sources) {
        match self {
            Self::Up {
                common,
                face,
                media,
                nodes,
            } => {
                let mut flags = face.flags();
                flags.extend(media.flags());
                flags.push(flag("nodes", "--nodes", nodes));
                (Task::Run(Role::Up), common.sources(flags))
            }
            Self::Master { common, face } => {
                (Task::Run(Role::Master), common.sources(face.flags()))
            }
            Self::Token { common, mut wish } => {
                let flags = vec![flag("link.master", "--master", wish.master.take())];
                (Task::Token(wish), common.sources(flags))
            }
            Self::Status { asking } => asked(asking, Wish::Status),
            Self::Doctor { asking } => asked(asking, Wish::Doctor),
            Self::Ice {
                asking,
                filter,
                wish,
            } => asked(asking, Wish::Ice(Box::new(filter), wish)),
            Self::Nodes { mut asking, wish } => {
                let sources = asking.sources();
                let wish = Wish::Nodes(wish.unwrap_or(NodesWish::List));
                (Task::Ask(asking, wish), sources)
            }
            Self::Schedule { mut asking, wish } => {
                let sources = asking.sources();
                let wish = Wish::Schedule(wish.unwrap_or(ScheduleWish::Show));
                (Task::Ask(asking, wish), sources)
            }
            Self::Relay { mut asking, wish } => {
                let sources = asking.sources();
                (Task::Ask(asking, Wish::Relay(wish)), sources)
            }
            Self::Node {
                common,
                media,
                joining,
            } => {
                let mut flags = media.flags();
                flags.extend(joining.flags());
                (Task::Run(Role::Node), common.sources(flags))
            }
        }
    }
}

fn flag(key: &'static str, spelling: &'static str, value: Option<String>) -> Option<Flag> {
    value.map(|value| Flag {
        key,
        spelling,
        value,
    })
}

impl Common {
    fn sources(self, flags: Vec<Option<Flag>>) -> Sources {
        let own = [
            flag("data_dir", "--data-dir", self.data_dir),
            flag("log", "--log", self.log),
        ];
        Sources {
            file: self.config,
            openvidu_env: self.openvidu_env,
            environment: std::env::vars_os().collect(),
            flags: own.into_iter().chain(flags).flatten().collect(),
        }
    }
}

impl Face {
    fn flags(self) -> Vec<Option<Flag>> {
        vec![
            flag("https.listen", "--listen", self.listen),
            flag("public_host", "--public-host", self.public_host),
            flag("secret", "--secret", self.secret),
            flag("tls.cert", "--tls-cert", self.tls_cert),
            flag("tls.key", "--tls-key", self.tls_key),
            flag("link.listen", "--link-listen", self.link_listen),
        ]
    }
}

impl Media {
    fn flags(self) -> Vec<Option<Flag>> {
        vec![
            flag(
                "node.public_addresses",
                "--public-address",
                self.public_address,
            ),
            flag("node.media_ports", "--media-ports", self.media_ports),
            flag("node.shards", "--shards", self.shards),
        ]
    }
}

impl Joining {
    fn flags(self) -> Vec<Option<Flag>> {
        vec![
            flag("link.master", "--master", self.master),
            flag("link.join", "--join", self.join),
            flag("link.join_file", "--join-file", self.join_file),
            flag("node.id", "--node-id", self.node_id),
            flag(
                "node.allow_loopback",
                "--allow-loopback",
                self.allow_loopback,
            ),
            flag(
                "node.exit_when_orphaned",
                "--exit-when-orphaned",
                self.exit_when_orphaned,
            ),
        ]
    }
}
