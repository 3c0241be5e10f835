//! Why pictures were missing.

use ::diagnosis::{Correlation, Failure, Finding};
use serde::{Deserialize, Serialize};

/// What went wrong of late, what is wrong now, and what it has in common.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// What is wrong with the fleet now, whether or not it has hurt anybody yet. Empty: nothing that is known.
    pub fleet: Vec<Finding>,
    /// The latest first.
    pub failures: Vec<Failure>,
    /// What the last transports show together.
    pub correlation: Correlation,
}
