//! What is asked of the ledger.

use clap::{Args, Subcommand};

/// About one transport.
#[derive(Debug, Subcommand)]
pub enum IceWish {
    /// The whole story of one transport: what both sides told, what was seen, and why it failed
    Show {
        /// As the table has it
        #[allow(missing_docs)]
        id: u64,
    },
    /// Who sent nodes what belongs to no transport of theirs: they reach the wrong node, or one that forgot them
    Strangers,
}

/// Which transports are wanted; all that is given has to hold.
#[allow(missing_docs)]
#[derive(Args, Clone, Debug, Default)]
pub struct IceFilter {
    /// PENDING, CONNECTED, DISCONNECTED, FAILED or ENDED
    #[arg(long, value_name = "STATE")]
    pub state: Option<String>,
    /// Something happened then or later: today (UTC), 90s, 15m, 2h, 1d ago, or milliseconds since 1970
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// It was made before then
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Id of a session
    #[arg(long, value_name = "ID")]
    pub session: Option<String>,
    /// Id of a connection
    #[arg(long, value_name = "ID")]
    pub participant: Option<String>,
    /// Id of a node
    #[arg(long, value_name = "ID")]
    pub node: Option<String>,
    /// Boot of a node
    #[arg(long, value_name = "BOOT")]
    pub boot: Option<String>,
    /// Code of a cause, such as media-udp-blocked
    #[arg(long, value_name = "CODE")]
    pub cause: Option<String>,
    /// Where participants come from: an address, or a network such as 203.0.113.0/24
    #[arg(long, value_name = "NETWORK")]
    pub network: Option<String>,
    /// At most so many, the newest first [default: 100]
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
    /// Only those with a lower id: the next page
    #[arg(long, value_name = "ID")]
    pub before: Option<i64>,
    /// Words, each of which has to stand somewhere in it
    #[arg(value_name = "WORDS")]
    pub words: Vec<String>,
}
