//! Connectivity checks between browsers and nodes, and the frames that follow them.

use super::{Event, World};
use crate::browser::{Change, LegKey, PeerId};
use crate::network::HostId;
use crate::queue::Time;
use crate::seen::Seen;

/// How often checks are looked at.
const TICK: Time = 1_000;

impl World {
    /// Begins to look, unless somebody does.
    pub(crate) fn tick_media(&mut self) {
        if !std::mem::replace(&mut self.ticking, true) {
            self.queue.after(TICK, Event::MediaTick);
        }
    }

    pub(crate) fn media_tick(&mut self) {
        self.ticking = false;
        let busy = self.check_browsers();
        let carried = self.check_nodes();
        self.see(Seen::Ticked);
        if busy || carried {
            self.tick_media();
        }
    }

    fn check_browsers(&mut self) -> bool {
        let now = self.now();
        let mut busy = false;
        for browser in 0..self.browsers.len() {
            busy |= self.browsers[browser].wanted();
            let host = self.host_of_browser(browser);
            if self.network.is_dark(host) || self.network.is_frozen(host) {
                continue;
            }
            let keys: Vec<LegKey> = self.browsers[browser].legs().keys().cloned().collect();
            for key in keys {
                busy = true;
                let answered = self.is_answered(browser, host, &key);
                if let Some(change) = self.browsers[browser].check(now, &key, answered) {
                    self.note(format_args!("browser {browser}: {key:?} is {change:?}"));
                    // What never flowed was not lost.
                    let lost = change == Change::Disconnected;
                    if lost {
                        self.see(Seen::MediaLost { browser });
                    }
                }
            }
            self.settle_browser(browser);
        }
        busy
    }

    /// Whether the node answers this browser's checks.
    pub fn is_answered(&self, browser: usize, host: HostId, key: &LegKey) -> bool {
        let peer = (self.browsers[browser].legs().get(key)).and_then(|leg| leg.peer.as_ref());
        let Some((peer, remote)) = peer.and_then(|peer| Some((peer, peer.remote.as_ref()?))) else {
            return false;
        };
        self.nodes.iter().any(|held| {
            !held.blocked
                && remote.ips.contains(&self.machines[held.host.0].ip)
                && self.network.converses(host, held.host)
                && (held.process.as_ref())
                    .is_some_and(|process| process.plane.answers(&remote.transport, peer.id))
        })
    }

    /// Which node carries this leg now.
    pub fn carrier(&self, browser: usize, key: &LegKey) -> Option<usize> {
        let host = self.host_of_browser(browser);
        if !self.is_answered(browser, host, key) {
            return None;
        }
        let peer = self.browsers[browser].legs().get(key)?.peer.as_ref()?;
        let remote = peer.remote.as_ref()?;
        self.nodes.iter().position(|held| {
            (held.process.as_ref())
                .is_some_and(|process| process.plane.answers(&remote.transport, peer.id))
        })
    }

    fn check_nodes(&mut self) -> bool {
        let now = self.now();
        let mut carried = false;
        for node in 0..self.nodes.len() {
            let host = self.nodes[node].host;
            if self.network.is_frozen(host) {
                continue;
            }
            let Some(mut process) = self.nodes[node].process.take() else {
                continue;
            };
            let ip = self.machines[host.0].ip;
            let blocked = self.nodes[node].blocked;
            let touching = |peer: PeerId, transport: &str| {
                let browser = (peer.0 >> 32) as usize;
                self.browsers.get(browser).is_some_and(|person| {
                    let home = self.host_of_browser(browser);
                    !blocked
                        && self.network.converses(home, host)
                        && person.legs().values().any(|leg| {
                            leg.peer.as_ref().is_some_and(|it| {
                                it.id == peer
                                    && !it.has_failed()
                                    && it.remote.as_ref().is_some_and(|remote| {
                                        remote.transport == transport && remote.ips.contains(&ip)
                                    })
                            })
                        })
                })
            };
            let says = process.plane.tick(now, &touching);
            carried |= process.plane.transports().next().is_some();
            self.nodes[node].process = Some(process);
            self.plane_said(node, says);
        }
        carried
    }

    /// Whether this browser sees that stream now.
    pub fn sees(&self, browser: usize, stream: &str) -> bool {
        let key = LegKey::Of(stream.to_owned());
        self.browsers[browser]
            .legs()
            .get(&key)
            .is_some_and(crate::browser::Leg::is_connected)
            && self.carrier(browser, &key).is_some_and(|node| {
                (self.nodes[node].process.as_ref())
                    .is_some_and(|process| process.plane.receives(stream))
            })
    }
}
