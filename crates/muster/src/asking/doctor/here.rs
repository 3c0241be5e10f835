//! Who is reached from where the doctor is run: a look of its own, beside those of the master and of other nodes. It asks the
//! nodes' ports and, through each relay that clients are told of, one of them; it publishes nothing.

use std::time::Duration;

use api::{Node, Nodes, Operation, ProbeTarget, RelayToTry};
use probe::{Depth, Limits, Name, Signalling, Target};
use reachability::{Outcome, Path, Protocol};
use tokio::task::JoinSet;

use super::super::server::Server;
use super::words::list;
use super::{Check, State};

/// Nodes that are looked at. A machine that reaches these reaches the others.
const MOST: usize = 16;
/// Addresses and relays that are named when nothing gets through.
const NAMED: usize = 4;

/// What a look from here found of one node.
#[derive(Debug)]
pub(super) struct Here {
    node: String,
    paths: Vec<Outcome>,
}

/// Looks at nodes that serve. One of which the master does not say where it is, is left out.
pub(super) async fn look(server: &Server, nodes: &Nodes) -> Vec<Here> {
    let serving = nodes.nodes.iter().filter(|node| node.state == "serving");
    let mut looks = JoinSet::new();
    for node in serving.take(MOST) {
        if let Some(target) = target(server, node).await {
            let node = node.id.clone();
            looks.spawn(async move {
                let name = Name::new("doctor", 0);
                let report =
                    probe::run(&target, Depth::Echo, Limits::default(), &name, &Silence).await;
                Here {
                    node,
                    paths: report.paths(),
                }
            });
        }
    }
    let mut found = looks.join_all().await;
    found.sort_by(|one, other| one.node.cmp(&other.node));
    found
}

async fn target(server: &Server, node: &Node) -> Option<Target> {
    let asked = server.get::<ProbeTarget>(Operation::ProbeTarget, &node.id);
    // A master of an earlier version does not know the question.
    let (told, _) = asked.await.ok()?;
    Some(Target {
        ips: told.addresses,
        ports: told.media_ports,
        stun_port: told.stun_port,
        relays: told.relays.iter().filter_map(RelayToTry::relay).collect(),
    })
}

/// Echoes need nobody to speak to.
struct Silence;

impl Signalling for Silence {
    async fn publish(&self, _: &Name, _: String) -> Result<String, String> {
        Err("nothing is published from here".to_owned())
    }

    async fn subscribe(&self, _: &Name) -> Result<String, String> {
        Err("nothing is published from here".to_owned())
    }

    async fn accept(&self, _: &Name, _: String) -> Result<(), String> {
        Ok(())
    }

    fn close(&self, _: &Name) {}
}

/// One of nodes that are reached, one of those that are not, and one of those that TCP alone gets through to, unless it
/// is known why.
pub(super) fn checks(found: &[Here], udp_is_blocked: bool) -> Vec<Check> {
    let (reached, lost): (Vec<&Here>, Vec<&Here>) = found
        .iter()
        .partition(|it| it.paths.iter().any(|path| path.result.is_ok()));
    let mut checks = Vec::new();
    if !reached.is_empty() {
        let told: Vec<String> = reached.iter().map(|it| it.told()).collect();
        checks.push(Check::well("from here", told.join("; ")));
    }
    let by = |it: &&&Here, protocol| it.straight(protocol).is_some();
    let by_tcp = reached.iter().filter(|it| by(it, Protocol::Tcp));
    let by_tcp: Vec<&str> = by_tcp
        .filter(|it| !by(it, Protocol::Udp))
        .map(|it| it.node.as_str())
        .collect();
    if !by_tcp.is_empty() && !udp_is_blocked {
        let seen = format!("no UDP gets through to {}, and TCP does", list(by_tcp));
        let remedy = "let UDP to the nodes' media ports out of this network; over TCP pictures freeze when packets are lost";
        checks.push(Check::of("from here", State::Doubtful, seen, remedy));
    }
    if !lost.is_empty() {
        checks.push(vain(&lost, reached.is_empty()));
    }
    checks
}

fn vain(lost: &[&Here], all: bool) -> Check {
    let ids = list(lost.iter().map(|it| &it.node));
    let why = lost.first().map_or_else(String::new, |first| {
        let failed = first.paths.iter().filter_map(|path| {
            let why = path.result.as_ref().err()?;
            Some(format!("{}: {}", path.path, why.reason))
        });
        let failed: Vec<String> = failed.take(NAMED).collect();
        failed.join("; ")
    });
    let remedy = match all {
        true => {
            "if others get through, the network of this machine is in the way: people in it fare alike. Let UDP and TCP to \
             the nodes' media ports out, or TLS to the relay at port 443"
        }
        false => "compare with what the master and other nodes see: `muster nodes paths`",
    };
    let seen = format!("nothing gets through to {ids}; {why}");
    Check::of("from here", State::Doubtful, seen, remedy)
}

impl Here {
    /// `node1 UDP 12.0 ms, TCP 13.1 ms, 4 of 5 relays (the fastest 14.0 ms)`
    fn told(&self) -> String {
        let [udp, tcp] = [Protocol::Udp, Protocol::Tcp].map(|protocol| {
            let time = self
                .straight(protocol)
                .map_or_else(|| "no".to_owned(), milliseconds);
            format!("{protocol} {time}")
        });
        let relays = || self.paths.iter().filter(|it| it.path.is_relayed());
        let good = relays().filter(|it| it.result.is_ok()).count();
        let relays = match (relays().count(), self.fastest(Path::is_relayed)) {
            (0, _) => String::new(),
            (all, Some(time)) => {
                format!(
                    ", {good} of {all} relays (the fastest {})",
                    milliseconds(time)
                )
            }
            (all, None) => format!(", none of {all} relays"),
        };
        format!("{} {udp}, {tcp}{relays}", self.node)
    }

    fn straight(&self, wanted: Protocol) -> Option<Duration> {
        self.fastest(|path| matches!(path, Path::Direct { protocol, .. } if *protocol == wanted))
    }

    fn fastest(&self, wanted: impl Fn(&Path) -> bool) -> Option<Duration> {
        let wanted = self.paths.iter().filter(|it| wanted(&it.path));
        let passed = wanted.filter_map(|it| it.result.as_ref().ok());
        passed.map(|it| it.round_trip).min()
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use reachability::{Failed, Passed, Relayer, Stage};

    use super::*;

    #[test]
    fn a_network_that_lets_tcp_alone_through_is_named_unless_it_is_not_the_networks_fault() {
        let mut one = here("node1", None, Some(1));
        one.paths[1].result = Ok(Passed::default());
        let found = [one];
        assert_eq!(checks(&found, true).len(), 1);
        let told = checks(&found, false);
        assert_eq!(
            (told.len(), told[1].state, told[1].seen.as_str()),
            (
                2,
                State::Doubtful,
                "no UDP gets through to node1, and TCP does"
            )
        );
    }

    fn here(node: &str, straight: Option<u64>, relayed: Option<u64>) -> Here {
        let result = |time: Option<u64>| match time {
            Some(time) => Ok(Passed {
                round_trip: Duration::from_millis(time),
                sent: 0,
                lost: 0,
            }),
            None => Err(Failed {
                stage: Stage::Echo,
                reason: "no answer".into(),
                hint: "a hint".into(),
            }),
        };
        let direct = |protocol| Path::Direct {
            ip: [192, 0, 2, 1].into(),
            protocol,
        };
        let relay = Path::Relay {
            relay: Relayer::Master,
            protocol: Protocol::Udp,
            at: "call.example:3478".into(),
        };
        let paths = [
            (direct(Protocol::Udp), result(straight)),
            (direct(Protocol::Tcp), result(None)),
            (relay, result(relayed)),
        ];
        Here {
            node: node.into(),
            paths: paths
                .map(|(path, result)| Outcome {
                    path,
                    depth: Depth::Echo,
                    result,
                })
                .into(),
        }
    }

    #[test]
    fn what_is_reached_from_here_is_told_with_its_times() {
        let found = [
            here("node1", Some(12), Some(14)),
            here("node2", None, Some(15)),
        ];
        let checks = checks(&found, false);
        assert_eq!(
            (checks[0].state, checks[0].seen.as_str(), checks.len()),
            (
                State::Well,
                "node1 UDP 12.0 ms, TCP no, 1 of 1 relays (the fastest 14.0 ms); node2 UDP no, TCP no, 1 of 1 relays \
                 (the fastest 15.0 ms)",
                1
            )
        );
    }

    #[test]
    fn where_nothing_gets_through_it_is_said_why_and_where_to_look() {
        let found = [here("node1", None, None), here("node2", None, None)];
        let all = checks(&found, false);
        assert_eq!((all[0].state, all.len()), (State::Doubtful, 1));
        let seen = "nothing gets through to node1 and node2; UDP to 192.0.2.1: no answer;";
        assert!(all[0].seen.starts_with(seen), "{:?}", all[0]);
        assert!(all[0].remedy.contains("network of this machine"));
        let found = [here("node1", Some(1), None), here("node2", None, None)];
        let one = checks(&found, false);
        assert_eq!((one[0].state, one[1].state), (State::Well, State::Doubtful));
        assert!(one[0].seen.contains("none of 1 relays"), "{one:?}");
    }
}
