//! Who may be at either end of the link: the master is its own certificate [`Authority`], nodes enrol once with a
//! [`Token`] and from then on prove themselves by their certificate.
//!
//! What is kept, in the master's data directory, for its owner only:
//!
//! | file | what |
//! |---|---|
//! | `ca.crt`, `ca.key` | the authority |
//! | `token.key` | seals tokens; without it those that are out are void |
//! | `used-tokens` | which tokens were used by whom, until they expire |
//! | `revoked` | which nodes were revoked, and when |

mod authority;
mod certificate;
mod file;
mod revocations;
mod token;
mod used;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use authority::{Authority, AuthorityError, Wish};
pub(crate) use authority::{NodeKey, ServerCertificate, point, proof};
pub use certificate::{Facts, FactsError, node_uri, validity};
pub(crate) use file::{read, write};
pub use revocations::Revocations;
pub(crate) use token::is_node_id;
pub use token::{CaHash, Terms, Token, TokenError, TokenId, TokenKey};
pub use used::{Claimant, Spending, Spent, Used, UsedError, UsedFile};

/// How long a node's certificate is valid unless configured.
pub const LIFE: Duration = Duration::from_secs(30 * 24 * 3600);

/// Certificates of nodes are valid from this long before they are issued: clocks may be behind.
pub const BACKDATE: Duration = Duration::from_secs(3600);

/// What tells the time; tests have clocks that are off.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// The machine's clock.
pub fn system_clock() -> Clock {
    Arc::new(SystemTime::now)
}

/// All that a master decides about nodes by.
#[derive(Clone)]
pub struct Trust {
    /// Signs certificates and seals tokens.
    pub authority: Arc<Authority>,
    /// Remembers used tokens.
    pub used: Arc<dyn Used>,
    /// Nodes that are not trusted any more.
    pub revocations: Arc<Revocations>,
    /// How long certificates of nodes are valid from their issue.
    pub life: Duration,
    /// The only clock by which tokens and certificates of nodes are judged.
    pub clock: Clock,
}

impl Trust {
    /// What is kept in the directory, made where it is missing. Nobody else may have it open.
    ///
    /// # Errors
    /// When a file can be neither used nor made.
    pub fn open(directory: &Path) -> Result<Self, AuthorityError> {
        let clock = system_clock();
        let authority = Authority::open(directory, clock())?;
        let used = UsedFile::open(directory, seconds(clock()))?;
        let revocations = Revocations::open(directory)?;
        Ok(Self {
            authority: Arc::new(authority),
            used: Arc::new(used),
            revocations: Arc::new(revocations),
            life: LIFE,
            clock,
        })
    }
}

/// Seconds since the Unix epoch; before it, 0.
pub fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
