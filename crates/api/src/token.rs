//! Tokens with which nodes join.

use serde::{Deserialize, Serialize};

/// A token that is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JoinTokenRequest {
    /// For how long it can be used; the usual time when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_seconds: Option<u64>,
    /// The only node that may use it; any when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JoinToken {
    /// For `muster node --join`. A secret.
    pub token: String,
    /// Milliseconds since the Unix epoch.
    pub expires: u64,
}
