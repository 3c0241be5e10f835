//! Settings of relays.

use std::net::SocketAddr;
use std::time::Duration;

use master::{Listen, Relay};

use super::reader::Reader;
use super::settings::Role;
use super::values;

/// STUN and TURN (RFC 8489, RFC 8656).
const PORT: u16 = 3478;

/// Credentials live for a day: of a younger secret some would not be taken any more.
const SHORTEST: Duration = Duration::from_secs(24 * 3600);

/// How relays are used; `None` when they are not. The master's own listens where HTTPS does.
pub(super) fn read(r: &mut Reader<'_>, role: Role, https: SocketAddr) -> Option<Relay> {
    let usual = Relay::default();
    let enabled = r.one("relay.enabled", values::boolean).unwrap_or(true);
    let asked = r.one("relay.master", values::boolean);
    let port = r.one("relay.port", values::port).unwrap_or(PORT);
    let rotate_every = r.one("relay.rotate", span);
    let limit = |text: &str| values::number(text, 0..=1_000_000u32);
    let per_user = r.one("relay.allocations_per_user", limit);
    let allocations = r.one("relay.allocations", limit);
    let listens = asked.unwrap_or(role == Role::Master);
    let relay = Relay {
        listen: listens.then(|| Listen {
            addr: SocketAddr::new(https.ip(), port),
            required: asked == Some(true),
        }),
        rotate_every: rotate_every.unwrap_or(usual.rotate_every),
        allocations_per_user: per_user.unwrap_or(usual.allocations_per_user),
        allocations: allocations.unwrap_or(usual.allocations),
    };
    enabled.then_some(relay)
}

/// `0` for never.
fn span(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let span = values::span(text)?;
    if span < SHORTEST {
        return Err("0 for never, or at least 1d, for which credentials are good".to_owned());
    }
    Ok(span)
}
