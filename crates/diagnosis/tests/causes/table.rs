//! The table.

use diagnosis::*;

use crate::world::*;

/// A failure that has one cause.
pub struct Case {
    pub what: &'static str,
    pub cause: Cause,
    pub from: fn() -> Evidence,
    pub with: fn(&mut Evidence, &mut Surroundings),
    /// What has to be in the proof.
    pub proof: &'static [&'static str],
    /// What makes it only look like it.
    pub but: fn(&mut Evidence, &mut Surroundings),
}

pub const CASES: &[Case] = &[
    Case {
        what: "the node moved after the client was told where it is",
        cause: Cause::FrozenPublicAddress,
        from: lost,
        with: |_, around| {
            around.hosts[1].address_set = 4;
            around.hosts[1].addresses[0].ip = Some(ip("10.0.0.99"));
            around.hosts[1].advertised = vec![ip("10.0.0.99")];
            around.reach.clear();
        },
        proof: &["10.0.0.11", "10.0.0.99", "address set 4"],
        but: |_, around| around.hosts[1].advertised.push(ip("10.0.0.11")),
    },
    Case {
        what: "the master's public address is another, as two outside say",
        cause: Cause::FrozenPublicAddress,
        from: unheard,
        with: |_, around| {
            around.hosts[0].seen_from_outside = vec![ip("203.0.113.77"), ip("203.0.113.77")];
        },
        proof: &["203.0.113.5", "203.0.113.77"],
        but: |_, around| around.hosts[0].seen_from_outside.push(ip("203.0.113.5")),
    },
    Case {
        what: "nobody from outside is heard by a relay",
        cause: Cause::FrozenPublicAddress,
        from: unheard,
        with: |_, around| {
            around
                .relays
                .iter_mut()
                .for_each(|relay| relay.requests = 0)
        },
        proof: &["12 clients joined", "203.0.113.5:3478"],
        but: |_, around| around.joins = 0,
    },
    Case {
        what: "the relay that it came through does not answer",
        cause: Cause::RelayUnreachable,
        from: lost,
        with: |evidence, around| {
            around.relays.push(silent_relay());
            evidence.relays = vec![RelayUse {
                relay: FOREIGN.into(),
                ..RelayUse::default()
            }];
            around.hosts[1].carried.udp_lost_clients = 2;
        },
        proof: &[
            FOREIGN,
            "no answer to 3 requests at 192.0.2.9:3478 for the master, 3.0 s ago",
            "2 came through it",
        ],
        but: |evidence, _| evidence.relays.clear(),
    },
    Case {
        what: "the only relay that it was told of does not answer",
        cause: Cause::RelayUnreachable,
        from: unheard,
        with: |_, around| around.relays = vec![silent_relay()],
        proof: &["told of it still"],
        but: |_, around| {
            let test = around.relays[0].self_test.as_mut().unwrap();
            (test.stage, test.code) = ("allocate".into(), Some(437));
        },
    },
    Case {
        what: "a relay tells the null address",
        cause: Cause::WrongRelayAddress,
        from: through_relay,
        with: |evidence, _| evidence.relays[0].relayed = Some(address("0.0.0.0:50001")),
        proof: &["0.0.0.0", "203.0.113.5"],
        but: |evidence, _| evidence.relays[0].relayed = Some(address("203.0.113.5:1")),
    },
    Case {
        what: "a relay tells somebody else's address",
        cause: Cause::WrongRelayAddress,
        from: through_relay,
        with: |evidence, _| evidence.relays[0].relayed = Some(address("172.17.0.1:50001")),
        proof: &["172.17.0.1", "203.0.113.5"],
        but: |_, around| around.relays[0].own_addresses.push(ip("172.17.0.1")),
    },
    Case {
        what: "the media socket is deaf at the address that came later",
        cause: Cause::DeafListener,
        from: unheard,
        with: |_, around| {
            let media = &mut around.hosts[1].listeners[0];
            media.deaf_at = std::mem::take(&mut media.answers_at);
            media.answers_at.push(ip("172.17.0.1"));
            media.received = 0;
        },
        proof: &["172.17.0.1", "not at 10.0.0.11", "0 packets"],
        but: |_, around| around.hosts[1].listeners[0].deaf_at = vec![ip("192.0.2.1")],
    },
    Case {
        what: "the media socket is bound to an address that is gone",
        cause: Cause::DeafListener,
        from: lost,
        with: |_, around| {
            around.hosts[1].listeners[0].bound = Some(address("10.0.0.10:40000"));
        },
        proof: &["10.0.0.10:40000", "10.0.0.11"],
        but: |_, around| around.hosts[1].listeners[0].bound = Some(address("10.0.0.11:40000")),
    },
    Case {
        what: "the node was started twice at boot",
        cause: Cause::HalfStart,
        from: unheard,
        with: |_, around| {
            around.hosts[1].starts = vec![CREATED - 12_000, CREATED - 5_000];
            around.hosts[1].boot_started = Some(CREATED - 5_000);
        },
        proof: &["2 times", "7.0 s apart"],
        but: |_, around| around.hosts[1].starts[0] -= 60_000,
    },
    Case {
        what: "fresh credentials are refused",
        cause: Cause::RelaySecret,
        from: through_relay,
        with: |evidence, around| {
            refuse(evidence, 401);
            around.relays[0].fresh_unauthorized = 20;
        },
        proof: &["401", "20 of 20"],
        but: |evidence, around| {
            evidence.relays[0].errors.clear();
            around.relays[0].fresh_unauthorized = 2;
        },
    },
    Case {
        what: "a node has another secret than the master",
        cause: Cause::RelaySecret,
        from: unheard,
        with: |_, around| around.hosts[1].secret_fingerprint = "bb22".into(),
        proof: &["media_1", "bb22", "aa11"],
        but: |_, around| around.hosts[1].secret_fingerprint.clear(),
    },
    Case {
        what: "the relay's clock is ahead",
        cause: Cause::ClockSkew,
        from: through_relay,
        with: |evidence, around| {
            refuse(evidence, 401);
            evidence.relays[0].relay = "media_1".into();
            evidence.relays[0].relayed = None;
            around.relays[1].expired_by_skew = 6;
            around.hosts[1].clock.offset_ms = Some(90_000_000);
        },
        proof: &["6 times", "25 h ahead of the master's"],
        but: |_, around| {
            around.relays[1].expired_by_skew = 0;
            around.hosts[1].clock.offset_ms = Some(900);
        },
    },
    Case {
        what: "the relay denies the node's address",
        cause: Cause::RelayPeerDenied,
        from: through_relay,
        with: |evidence, _| {
            evidence.relays[0].permissions = 0;
            evidence.relays[0].errors.insert(403, 3);
            evidence.relays[0].denied_peers = vec![ip("10.0.0.11")];
        },
        proof: &["10.0.0.11", "media_1", "3 403"],
        but: |evidence, _| evidence.relays[0].denied_peers = vec![ip("169.254.169.254")],
    },
    Case {
        what: "the node's answers come to the relay through a gateway",
        cause: Cause::RelayPermissionMismatch,
        from: || Evidence {
            relays: through_relay().relays,
            ..answered()
        },
        with: |evidence, around| {
            evidence.relays[0].sent = 40;
            evidence.relays[0].dropped.insert(ip("203.0.113.200"), 40);
            around.hosts[1].seen_from_outside = vec![ip("203.0.113.200")];
        },
        proof: &["40 datagrams", "203.0.113.200", "media_1"],
        but: |evidence, _| evidence.relays[0].returned = 38,
    },
    Case {
        what: "the node was used before its probe",
        cause: Cause::NodeNotReady,
        from: unheard,
        with: |_, around| around.hosts[1].serving_since = Some(CREATED + 4_000),
        proof: &["4.0 s before", "media_1"],
        but: |_, around| around.hosts[1].serving_since = Some(CREATED - 4_000),
    },
    Case {
        what: "nobody listens at the node",
        cause: Cause::NodeNotReady,
        from: unheard,
        with: |_, around| {
            let rows = around.reach.iter_mut().filter(|row| row.to == "media_1");
            rows.for_each(|row| (row.ok, row.refused) = (false, true));
        },
        proof: &["nobody listens", "10.0.0.11:40000", "2 refusals"],
        but: |_, around| around.reach[1].ok = true,
    },
    Case {
        what: "the node told no candidate",
        cause: Cause::NodeIdentity,
        from: unheard,
        with: |evidence, _| evidence.local.clear(),
        proof: &["no candidate at all"],
        but: |evidence, _| *evidence = unheard(),
    },
    Case {
        what: "the node is another boot now",
        cause: Cause::NodeIdentity,
        from: unheard,
        with: |_, around| {
            around.hosts[1].boot = "later".into();
            around.hosts[1].old_boot_messages = 3;
        },
        proof: &["media_1-boot", "later", "3 messages"],
        but: |evidence, _| evidence.boot = "later".into(),
    },
    Case {
        what: "two nodes say that they are one",
        cause: Cause::NodeIdentity,
        from: unheard,
        with: |_, around| around.hosts[1].claims = 2,
        proof: &["2 times"],
        but: |_, around| around.hosts[1].claims = 0,
    },
    Case {
        what: "the node runs old settings",
        cause: Cause::StaleNodeSettings,
        from: unheard,
        with: |_, around| {
            around.hosts[1].settings_applied = Some(5);
            around.hosts[1].settings_differ_ms = 61_000;
        },
        proof: &["version 5", "61.0 s", "version 7"],
        but: |_, around| around.hosts[1].settings_differ_ms = 900,
    },
    Case {
        what: "no STUN server answers a node that has nothing else to go by",
        cause: Cause::ClassicStun,
        from: unheard,
        with: |_, around| {
            let silent = "STUN server 192.0.2.3: no answer to 3 requests";
            around.hosts[1].stun_problems = vec![silent.into()];
        },
        proof: &["media_1", "10.0.0.11", "192.0.2.3"],
        but: |_, around| around.hosts[1].seen_from_outside = vec![ip("203.0.113.7")],
    },
    Case {
        what: "UDP probes end at a firewall",
        cause: Cause::MediaUdpBlocked,
        from: unheard,
        with: |_, around| block(around, 0),
        proof: &[
            "UDP from 10.0.0.1 to 10.0.0.11:40000",
            "TCP to the same node works",
        ],
        but: |_, around| around.reach[0].ok = true,
    },
    Case {
        what: "the relay sends, and the node hears nothing",
        cause: Cause::MediaUdpBlocked,
        from: through_relay,
        with: |evidence, _| (evidence.relays[0].sent, evidence.relays[0].unreachable) = (40, 2),
        proof: &[
            "40 datagrams",
            "2 ICMP errors",
            "UDP from 10.0.0.1 to 10.0.0.11:40000",
        ],
        but: |evidence, _| evidence.relays[0].sent = 0,
    },
    Case {
        what: "all who came by UDP are gone and come back by TCP",
        cause: Cause::MediaUdpBlocked,
        from: lost,
        with: |_, around| {
            around.hosts[1].carried = Carried {
                tcp: 4,
                udp_lost: 4,
                udp_lost_clients: 2,
                ..Carried::default()
            };
        },
        proof: &[
            "2 clients",
            "4 transports",
            "4 by TCP",
            "UDP from anywhere to 10.0.0.11:40000",
        ],
        but: |_, around| around.hosts[1].carried.udp = 3,
    },
    Case {
        what: "the node tells its container bridge",
        cause: Cause::BridgeCandidates,
        from: unheard,
        with: |evidence, around| {
            evidence
                .local
                .iter_mut()
                .for_each(|it| it.ip = Some(ip("172.17.0.1")));
            around.hosts[1].strange_checks = 5;
        },
        proof: &["172.17.0.1", "5 checks"],
        but: |_, around| around.hosts[1].addresses[1].bridge = false,
    },
    Case {
        what: "the client's answer never came",
        cause: Cause::SignallingOrder,
        from: unheard,
        with: |evidence, _| (evidence.times.described, evidence.remote) = (None, Vec::new()),
        proof: &["did not come within 30.0 s"],
        but: |evidence, _| {
            evidence.times.described = Some(CREATED);
            evidence.remote = unheard().remote;
        },
    },
    Case {
        what: "candidates came before the transport",
        cause: Cause::SignallingOrder,
        from: unheard,
        with: |evidence, _| evidence.remote_untimely = 4,
        proof: &["4 candidates"],
        but: |evidence, _| evidence.remote_untimely = 0,
    },
    Case {
        what: "there was nothing to forward",
        cause: Cause::SignallingOrder,
        from: secured,
        with: |evidence, _| evidence.media.source_packets = Some(0),
        proof: &["no packet"],
        but: |evidence, _| evidence.media.source_packets = Some(9),
    },
    Case {
        what: "no DTLS after a pair",
        cause: Cause::DtlsOrSrtp,
        from: nominated,
        with: |evidence, _| evidence.dtls.sent = 7,
        proof: &["no DTLS record came", "7 records went out"],
        but: |evidence, _| *evidence = answered(),
    },
    Case {
        what: "SRTP cannot be read",
        cause: Cause::DtlsOrSrtp,
        from: secured,
        with: |evidence, _| evidence.media.unauthenticated = 250,
        proof: &["250 SRTP packets"],
        but: |evidence, _| evidence.media.unauthenticated = 0,
    },
    Case {
        what: "the relay is full",
        cause: Cause::RelayCapacity,
        from: through_relay,
        with: |evidence, _| refuse(evidence, 508),
        proof: &["no room", "4 times"],
        but: |evidence, _| evidence.relays[0].allocations = 1,
    },
    Case {
        what: "everything goes through one relay and that is full",
        cause: Cause::AllRelayed,
        from: lost,
        with: |evidence, around| {
            evidence.pairs[0].relay = "master".into();
            fill(around, 398, 2);
        },
        proof: &[
            "398 of 400",
            "940 Mbit/s of 1000 Mbit/s",
            "2 of 2 nodes directly",
        ],
        but: |_, around| around.traffic.udp = 4000,
    },
    Case {
        what: "everything goes through one relay, whose interface drops what it should send",
        cause: Cause::AllRelayed,
        from: lost,
        with: |evidence, around| {
            evidence.pairs[0].relay = "master".into();
            fill(around, 4, 0);
            let network = around.hosts[0].limits.network.as_mut().unwrap();
            (network.most, network.packets, network.dropped) = (0, 3_900, 100);
        },
        proof: &["4 of 4", "dropped 100 packets of 4000"],
        but: |_, around| {
            let network = around.hosts[0].limits.network.as_mut().unwrap();
            network.dropped = 30;
        },
    },
    Case {
        what: "the relay's machine is filled by its relay",
        cause: Cause::AllRelayed,
        from: unheard,
        with: |_, around| fill(around, 40, 0),
        proof: &["40 of 40", "forwards 900 Mbit/s"],
        but: |_, around| around.relays[0].bits_per_second = 100_000_000,
    },
    Case {
        what: "the link is half open",
        cause: Cause::ControlSplit,
        from: unheard,
        with: |evidence, around| {
            evidence.times.described = None;
            around.hosts[1].link.silent_ms = 9_000;
        },
        proof: &["9.0 s", "media_1"],
        but: |_, around| around.hosts[1].link.silent_ms = 300,
    },
    Case {
        what: "a node that is well is not used",
        cause: Cause::NodeLeftOut,
        from: unheard,
        with: |_, around| {
            around.hosts[2].serving = false;
            around.hosts[2].problem = "it failed its probe once".into();
        },
        proof: &["media_2", "path", "it failed its probe once"],
        but: |_, around| around.hosts[2].excused = true,
    },
    Case {
        what: "the name leads to yesterday's address",
        cause: Cause::NameResolution,
        from: unheard,
        with: |_, around| around.names[0].found = vec![ip("203.0.113.4")],
        proof: &["meet.example.org", "203.0.113.4", "203.0.113.5"],
        but: |_, around| around.names[0].found.push(ip("203.0.113.5")),
    },
    Case {
        what: "the certificate has expired",
        cause: Cause::TlsCertificate,
        from: unheard,
        with: |_, around| around.certificates[0].not_after = Some(NOW - 86_400_000),
        proof: &["cert.pem expired 24 h ago"],
        but: |_, around| around.certificates[0].not_after = Some(NOW + 1),
    },
    Case {
        what: "another master acts",
        cause: Cause::SecondMaster,
        from: unheard,
        with: |_, around| {
            let other = Claim {
                master: "m0".into(),
                term: 3,
                heard: Some(NOW - 900),
                own: false,
            };
            around.claims.push(other);
        },
        proof: &["m0", "term 3", "term 4"],
        but: |_, around| around.claims[1].heard = Some(NOW - 900_000),
    },
    Case {
        what: "the connection tracker is full",
        cause: Cause::Conntrack,
        from: lost,
        with: |_, around| around.hosts[1].limits.conntrack = Some((65_530, 65_536)),
        proof: &["65530", "65536"],
        but: |_, around| around.hosts[1].limits.conntrack = Some((6_553, 65_536)),
    },
    Case {
        what: "the client alone is not heard",
        cause: Cause::ClientNetwork,
        from: unheard,
        with: |_, around| {
            around.hosts[1].carried = Carried {
                udp: 17,
                ..Carried::default()
            }
        },
        proof: &["198.51.100.7", "17 other transports"],
        but: |_, around| around.hosts[1].carried = Carried::default(),
    },
    Case {
        what: "nothing is known",
        cause: Cause::Unexplained,
        from: unheard,
        with: |_, _| {},
        proof: &[
            "no check of the client came to the node",
            "ICE did not connect within 30 s",
        ],
        but: |_, around| around.hosts[1].claims = 1,
    },
    Case {
        what: "nobody has told how far it had come",
        cause: Cause::Unexplained,
        from: unheard,
        with: |evidence, around| {
            evidence.unseen = true;
            around.hosts[1].served_unproven = true;
        },
        proof: &["nobody has told how far it had come"],
        but: |evidence, _| evidence.unseen = false,
    },
];

/// So much goes through the master's relay, which fills its machine's interface, and so much straight.
fn fill(around: &mut Surroundings, relayed: u64, direct: u64) {
    around.traffic.relayed = [("master".to_owned(), relayed)].into();
    around.traffic.udp = direct;
    around.relays[0].bits_per_second = 900_000_000;
    around.hosts[0].limits.network = Some(Network {
        interface: "eth0".into(),
        sent: 940_000_000,
        most: 1_000_000_000,
        ..Network::default()
    });
}

fn refuse(evidence: &mut Evidence, code: u16) {
    let used = &mut evidence.relays[0];
    (used.allocations, used.relayed, used.permissions) = (0, None, 0);
    used.errors.insert(code, 4);
}

fn block(around: &mut Surroundings, row: usize) {
    let row = &mut around.reach[row];
    (row.ok, row.stage) = (false, "stun".into());
}

/// What shows before anybody calls.
pub type Spoil = fn(&mut Surroundings);

pub const FLEET: &[(Cause, Spoil)] = &[
    (Cause::RelayUnreachable, |around| {
        around.relays.push(silent_relay());
    }),
    (Cause::FrozenPublicAddress, |around| {
        around.hosts[0].seen_from_outside = vec![ip("203.0.113.77")];
    }),
    (Cause::WrongRelayAddress, |around| {
        let test = around.relays[0].self_test.as_mut().unwrap();
        test.relayed = Some(address("0.0.0.0:50000"));
    }),
    (Cause::DeafListener, |around| {
        around.hosts[2].listeners[0].deaf_at = vec![ip("10.0.0.12")];
    }),
    (Cause::RelaySecret, |around| {
        let test = around.relays[2].self_test.as_mut().unwrap();
        (test.passed, test.code) = (false, Some(401));
    }),
    (Cause::ClockSkew, |around| {
        around.hosts[1].clock.offset_ms = Some(-600_000)
    }),
    (Cause::RelayPeerDenied, |around| {
        around.relays[0].denied = vec![Count {
            address: ip("10.0.0.12"),
            count: 2,
        }];
    }),
    (Cause::RelayPermissionMismatch, |around| {
        around.hosts[1].seen_from_outside = vec![ip("203.0.113.200")];
        around.relays[0].dropped = vec![Count {
            address: ip("203.0.113.200"),
            count: 40,
        }];
        around.relays[0].returned = 0;
    }),
    (Cause::RelayPermissionMismatch, |around| {
        around.hosts[1].seen_from_outside = vec![ip("203.0.113.200")];
        around.relays[0].dropped = vec![Count {
            address: ip("203.0.113.200"),
            count: 40,
        }];
        let through = around.reach[0].clone();
        around.reach.push(Reach {
            path: PathKind::Relayed,
            relay: "master".into(),
            ok: false,
            ..through
        });
    }),
    (Cause::NodeIdentity, |around| around.hosts[1].claims = 1),
    (Cause::StaleNodeSettings, |around| {
        around.hosts[1].settings_applied = Some(6);
        around.hosts[1].settings_differ_ms = 20_000;
    }),
    (Cause::MediaUdpBlocked, |around| block(around, 2)),
    (Cause::BridgeCandidates, |around| {
        around.hosts[1].advertised = vec![ip("172.17.0.1")]
    }),
    (Cause::RelayCapacity, |around| around.relays[0].in_use = 700),
    (Cause::RelayCapacity, |around| {
        around.hosts[1].limits.descriptors = Some((1_000, 1_024))
    }),
    (Cause::RelayCapacity, |around| {
        around.hosts[1].limits.receive_buffer_errors = 5_000;
        around.hosts[1].limits.cpu_percent = Some(97.0);
    }),
    (Cause::AllRelayed, |around| {
        fill(around, 50, 0);
    }),
    (Cause::ControlSplit, |around| {
        around.hosts[1].link.silent_ms = 5_000
    }),
    (Cause::DtlsOrSrtp, |around| {
        let udp = around.reach.iter_mut();
        for row in udp.filter(|row| row.path == PathKind::Direct && row.protocol == Protocol::Udp) {
            (row.ok, row.stage) = (false, "dtls".into());
        }
    }),
    (Cause::NodeLeftOut, |around| around.hosts[1].serving = false),
    (Cause::ClassicStun, |around| {
        around.hosts[1].stun_problems = vec!["STUN server 192.0.2.3: no answer".into()]
    }),
    (Cause::NameResolution, |around| {
        around.names[0].problem = "NXDOMAIN".into()
    }),
    (Cause::TlsCertificate, |around| {
        around.certificates[0].problem = "no such file".into()
    }),
    (Cause::SecondMaster, |around| {
        around.claims.push(Claim {
            master: "m0".into(),
            term: 9,
            heard: Some(NOW),
            own: false,
        });
    }),
    (Cause::Conntrack, |around| {
        around.hosts[0].limits.conntrack = Some((99, 100))
    }),
];
