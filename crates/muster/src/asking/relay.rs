//! `muster relay`

use api::Operation;

use super::Told;
use super::server::{Refusal, Server};
use crate::cli::RelayWish as Wish;

pub async fn ask(server: &Server, wish: Wish) -> Result<Told, Refusal> {
    match wish {
        Wish::Rotate => {
            let nothing = None::<&()>;
            server.ask(Operation::RotateRelay, "", "", nothing).await?;
            let text = "Relay credentials are made under a new secret. Those that clients have count until the next \
                        rotation.\n";
            Ok(Told::well(text.to_owned()))
        }
    }
}
