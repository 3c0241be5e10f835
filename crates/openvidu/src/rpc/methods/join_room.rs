//! `joinRoom`: a token is turned into a place in the session.

use conference::{Join, SessionId, Timestamp, Token};

use crate::rpc::client::Client;
use crate::rpc::code;
use crate::rpc::effect::Effect;
use crate::rpc::frame::Id;
use crate::rpc::params::Params;
use crate::rpc::refusal::Refusal;

/// Longest `metadata`, bytes. Everybody in the session is told it, and keeps it.
const METADATA_BYTES: usize = 64 << 10;

/// Longest `platform`, bytes: the text of a user agent.
const PLATFORM_BYTES: usize = 1 << 10;

pub(super) fn handle(
    client: &mut Client,
    _now: Timestamp,
    id: &Id,
    params: &Params<'_>,
) -> Result<Vec<Effect>, Refusal> {
    let join = Join {
        session: SessionId::new(params.text("session")?),
        token: Token::new(params.text("token")?),
        client_data: params.short_text("metadata", METADATA_BYTES)?,
        platform: params.short_text("platform", PLATFORM_BYTES)?,
        ip: String::new(),
    };
    refuse_insecure(params)?;
    let sdk_version = params.optional_text("sdkVersion").unwrap_or_default();
    client.begin_join(id, join, sdk_version)
}

/// Pages of the server's own (recorder, speech-to-text, broadcast) join with the API's secret instead of a token.
/// The services that would open them are not served.
fn refuse_insecure(params: &Params<'_>) -> Result<(), Refusal> {
    let flagged = |key| params.optional_flag(key).map(|flag| flag == Some(true));
    if params.text("secret")?.is_empty() && !flagged("recorder")? && !flagged("stt")? {
        return Ok(());
    }
    let text = "Joining with a secret, as recorder or for speech-to-text is not enabled on this server; use a token";
    Err(Refusal::new(code::SERVICE_NOT_ENABLED, text))
}
