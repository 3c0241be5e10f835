//! Invariant 14: One participant, one leg: a healed world has exactly the peer connections that its participants use,
//! and everybody is muted or not as last acknowledged.

use std::collections::BTreeMap;

use agent::Direction;
use conference::{ConnectionId, SessionId};

use super::{Invariant, Stage};
use crate::seen::Seen;
use crate::world::World;

/// Of one participant, stream and direction: one in use, one that replaces it, and some that the node will give up by
/// itself because nobody came.
const MOST: usize = 12;

#[derive(Default)]
pub(super) struct Legs;

impl Invariant for Legs {
    fn name(&self) -> &'static str {
        "14 one participant, one leg"
    }

    fn see(&mut self, world: &World, seen: &Seen) -> Result<(), String> {
        match seen {
            Seen::Ticked => bounded(world),
            _ => Ok(()),
        }
    }

    fn rest(&mut self, world: &World, stage: Stage) -> Result<(), String> {
        match stage {
            Stage::Healed => {
                used(world)?;
                muted(world)
            }
            Stage::Empty => Ok(()),
        }
    }
}

fn bounded(world: &World) -> Result<(), String> {
    for (node, held) in world.nodes.iter().enumerate() {
        let Some(process) = &held.process else {
            continue;
        };
        let mut counted: BTreeMap<(String, String), usize> = BTreeMap::new();
        for carried in process.plane.transports() {
            let owner = carried
                .state
                .transport
                .split('/')
                .next()
                .unwrap_or_default();
            let leg = (owner.to_owned(), carried.state.stream.to_string());
            let count = counted.entry(leg).or_default();
            *count += 1;
            if *count > MOST {
                return Err(format!(
                    "node {node} carries {count} times {}",
                    carried.state.stream
                ));
            }
        }
    }
    Ok(())
}

fn used(world: &World) -> Result<(), String> {
    let mut carried = 0;
    for held in &world.nodes {
        let transports = held
            .process
            .iter()
            .flat_map(|process| process.plane.transports());
        for it in transports {
            let used = world.browsers.iter().any(|browser| {
                (browser.legs().values())
                    .any(|leg| (leg.peer.as_ref()).is_some_and(|peer| Some(peer.id) == it.peer))
            });
            if !used {
                let way = match it.state.direction {
                    Direction::Publish => "from",
                    Direction::Subscribe => "to",
                };
                let stream = &it.state.stream;
                return Err(format!("{} carries {stream} {way} nobody", held.id));
            }
            carried += 1;
        }
    }
    let wanted: usize = world
        .browsers
        .iter()
        .map(|browser| browser.legs().len())
        .sum();
    if carried != wanted {
        return Err(format!(
            "{carried} peer connections are carried, {wanted} are used"
        ));
    }
    Ok(())
}

fn muted(world: &World) -> Result<(), String> {
    let Some(master) = &world.master else {
        return Ok(());
    };
    for (index, browser) in world.browsers.iter().enumerate() {
        let Some(connection) = browser.connection() else {
            continue;
        };
        let session = SessionId::new(browser.session.as_str());
        let found = (master.control.conference().session(&session))
            .and_then(|session| session.connections.get(&ConnectionId::new(connection)))
            .and_then(|connection| connection.active.as_ref()?.publisher.as_ref());
        let Some(publisher) = found else {
            return Err(format!("the master knows of no stream of browser {index}"));
        };
        if publisher.options.audio_active == browser.muted && !browser.mute_unsure {
            return Err(format!(
                "browser {index} is muted: {}, and others think not",
                browser.muted
            ));
        }
    }
    Ok(())
}
