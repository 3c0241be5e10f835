//! `connect`: coming back on a new WebSocket.

use std::sync::Arc;

use conference::{ConnectionId, EndReason, Notification, Reply, StreamId};
use openvidu::rpc::{Deadline, Effect, QUEUE_BYTES, QUEUE_FRAMES, Resume, SocketId};
use serde_json::{Value, json};

use crate::harness::*;

/// What the shell does with a reconnecting client: a fresh machine asks, the old one goes on.
pub fn resume(peer: &mut Peer, socket: SocketId) -> Vec<Effect> {
    let (mut fresh, resume) = arrive(peer, socket, RPC_SESSION);
    assert_eq!(resume.session.as_str(), RPC_SESSION);
    assert_eq!(outline(&fresh.client.handed_over()), ["ended"]);
    peer.socket = socket;
    peer.client.resume(peer.now, resume)
}

fn arrive(peer: &Peer, socket: SocketId, session: &str) -> (Peer, Resume) {
    let mut fresh = Peer::fresh(8, "another");
    fresh.now = peer.now;
    fresh.socket = socket;
    fresh.client.attach(fresh.now, socket, "203.0.113.8");
    let effects = fresh.request(connect(session));
    match <[Effect; 1]>::try_from(effects) {
        Ok([Effect::Resume(resume)]) => (fresh, resume),
        other => panic!("{other:?}"),
    }
}

fn connect(session: &str) -> Value {
    json!({"jsonrpc":"2.0","method":"connect","params":{"sessionId":session,"reconnect":true},"id":4})
}

fn left(number: usize) -> Notification {
    Notification::ParticipantLeft {
        connection: ConnectionId::new(format!("con_{number}")),
        reason: EndReason::Disconnect,
    }
}

#[test]
fn a_client_that_returns_in_time_stays() {
    let mut peer = Peer::joined();
    peer.close();
    peer.pass(9_999);
    let effects = resume(&mut peer, SECOND);
    assert_eq!(
        sent(&effects),
        json!({"id":4,"result":{"value":"reconnection successful","sessionId":RPC_SESSION},"jsonrpc":"2.0"})
    );
    let deadline = peer.client.next_timeout().unwrap();
    assert_eq!(
        deadline.1,
        Deadline::Watchdog,
        "the grace is over, pings are expected again"
    );
    assert_eq!(deadline.0.0 - peer.now.0, 15_000);
    assert_eq!(
        peer.answer("echo", json!({}))["result"],
        json!({"sessionId":RPC_SESSION})
    );
}

#[test]
fn what_it_missed_follows_the_response_in_order() {
    let mut peer = Peer::joined();
    let request =
        request_of(&peer.request(json!({"jsonrpc":"2.0","method":"unpublishVideo","id":3})));
    peer.close();
    assert!(peer.notify(left(1)).is_empty());
    assert!(peer.reply(request, Ok(Reply::Done)).is_empty());
    assert!(peer.notify(left(2)).is_empty());
    let frames = frames(&resume(&mut peer, SECOND));
    assert_eq!(frames[0]["result"]["value"], "reconnection successful");
    assert_eq!(frames[1]["params"]["connectionId"], "con_1");
    assert_eq!(frames[2]["id"], 3);
    assert_eq!(frames[3]["params"]["connectionId"], "con_2");
    assert_eq!(frames.len(), 4);
}

#[test]
fn offers_that_became_void_meanwhile_are_not_told() {
    let mut peer = Peer::joined();
    let offer = |stream: &str, offer: &str| Notification::ForciblyReconnectSubscriber {
        connection: ConnectionId::new("con_1"),
        stream: StreamId::new(stream),
        offer: offer.into(),
    };
    let withdrawn = |stream: &str| Notification::OfferWithdrawn {
        stream: StreamId::new(stream),
    };
    assert!(
        peer.notify(withdrawn("a")).is_empty(),
        "there is no word for it"
    );
    peer.close();
    peer.notify(offer("a", "old"));
    peer.notify(offer("b", "kept"));
    peer.notify(left(1));
    assert!(peer.notify(withdrawn("a")).is_empty());
    peer.notify(offer("a", "new"));
    let frames = frames(&resume(&mut peer, SECOND));
    let told: Vec<&Value> = frames.iter().map(|it| &it["params"]["sdpOffer"]).collect();
    assert_eq!(
        told,
        [&Value::Null, &json!("kept"), &Value::Null, &json!("new")]
    );
}

#[test]
fn candidates_leave_room_for_what_matters() {
    let mut peer = Peer::joined();
    peer.close();
    for number in 0..2 * QUEUE_FRAMES {
        let told = peer.notify(Notification::IceCandidate {
            owner: ConnectionId::new("con_1"),
            endpoint: "stream".into(),
            candidate: format!("candidate:{number}"),
            sdp_mid: "0".into(),
            sdp_m_line_index: 0,
        });
        assert!(told.is_empty(), "the client is not given up");
    }
    peer.notify(left(1));
    let frames = frames(&resume(&mut peer, SECOND));
    assert_eq!(frames.len(), 1 + QUEUE_FRAMES / 2 + 1);
    assert_eq!(frames.last().unwrap()["method"], "participantLeft");
}

#[test]
fn the_newest_socket_wins_over_a_half_open_one() {
    let mut peer = Peer::joined();
    let effects = resume(&mut peer, SECOND);
    assert_eq!(
        outline(&effects),
        [
            "close 1 1000 Connection closed for reconnection",
            "send 2 reply"
        ]
    );
    assert!(peer.client.detached(peer.now, FIRST).is_empty());
    let (_, reason) = peer.client.next_timeout().unwrap();
    assert_eq!(
        reason,
        Deadline::Watchdog,
        "the old socket's end starts no grace"
    );
    let late = json!({"jsonrpc":"2.0","method":"leaveRoom","id":6}).to_string();
    assert!(peer.client.text(peer.now, FIRST, &late).is_empty());
    assert_eq!(peer.client.counters().stale, 2);
    assert_eq!(outline(&peer.notify(left(1))), ["send 2 participantLeft"]);
}

#[test]
fn an_unknown_rpc_session_is_refused_with_40007() {
    let peer = Peer::joined();
    let (mut fresh, resume) = arrive(&peer, SECOND, "unknown");
    assert_eq!(
        sent(&fresh.client.resume_refused(&resume)),
        json!({"id":4,"error":{"code":40007,"message":"reconnection error"},"jsonrpc":"2.0"})
    );
}

#[test]
fn an_rpc_session_that_ended_meanwhile_is_refused_with_40007() {
    let mut peer = Peer::joined();
    let (_, resume) = arrive(&peer, SECOND, RPC_SESSION);
    peer.close();
    peer.fire();
    assert_eq!(
        sent(&peer.client.resume(peer.now, resume))["error"]["code"],
        40007
    );
}

#[test]
fn a_joined_client_cannot_become_another() {
    let mut peer = Peer::joined();
    assert_eq!(
        sent(&peer.request(connect("somebody else")))["error"]["code"],
        40007
    );
}

#[test]
fn connect_without_an_id_is_a_fresh_rpc_session() {
    let mut peer = Peer::connected();
    assert_eq!(
        peer.answer("connect", json!({})),
        json!({"id":42,"result":{"value":"OK","sessionId":RPC_SESSION},"jsonrpc":"2.0"})
    );
}

#[test]
fn connect_with_the_own_id_changes_nothing() {
    let mut peer = Peer::joined();
    let answer = peer.answer("connect", json!({"sessionId":RPC_SESSION}));
    assert_eq!(answer["result"]["value"], "reconnection successful");
}

#[test]
fn a_client_that_returns_while_its_join_is_under_way_gets_the_result() {
    let mut peer = Peer::connected();
    let request = request_of(&peer.request(join_frame(1)));
    peer.close();
    peer.fire();
    assert_eq!(outline(&resume(&mut peer, SECOND)), ["send 2 reply"]);
    let effects = peer.reply(request, Ok(Reply::Joined(Box::new(joined()))));
    assert_eq!(sent(&effects)["result"]["id"], CONNECTION);
}

#[test]
fn too_many_frames_for_an_absent_client_lose_it() {
    let mut peer = Peer::joined();
    peer.close();
    for number in 0..QUEUE_FRAMES {
        assert!(peer.notify(left(number)).is_empty());
    }
    assert_eq!(
        outline(&peer.notify(left(0))),
        ["lost con_Kabc123456", "ended"]
    );
}

#[test]
fn too_many_bytes_for_an_absent_client_lose_it() {
    let mut peer = Peer::joined();
    peer.close();
    let chunk = QUEUE_BYTES / 4;
    let signal = || Notification::Signal {
        from: None,
        signal: Arc::new(conference::Signal {
            to: Vec::new(),
            kind: None,
            data: Some("x".repeat(chunk)),
        }),
    };
    for _ in 0..3 {
        assert!(peer.notify(signal()).is_empty());
    }
    assert_eq!(
        outline(&peer.notify(signal())),
        ["lost con_Kabc123456", "ended"]
    );
}

#[test]
fn after_a_restart_a_fresh_client_is_the_one_that_it_asks_for() {
    let peer = Peer::joined();
    let (mut fresh, resume) = arrive(&peer, SECOND, RPC_SESSION);
    let connection = ConnectionId::new(CONNECTION);
    let effects = fresh.client.adopted(fresh.now, &resume, connection);
    assert_eq!(
        sent(&effects),
        json!({"id":4,"result":{"value":"reconnection successful","sessionId":RPC_SESSION},"jsonrpc":"2.0"})
    );
    assert_eq!(fresh.client.session().as_str(), RPC_SESSION);
    // It is a participant, and `operation` sees that it is the same one.
    fresh.operation("unpublishVideo", json!({}));
    // When its socket is gone it has the grace of a participant.
    fresh.close();
    assert_eq!(fresh.fire().1, Deadline::Grace);
}

#[test]
fn an_adopted_client_never_repeats_the_id_of_a_stream() {
    let publish = json!({"sdpOffer":"v=0","doLoopback":false,"hasAudio":true,"hasVideo":false,"audioActive":true,
        "videoActive":false,"typeOfVideo":"CAMERA","frameRate":-1,"videoDimensions":"{}"});
    let nonce = |peer: &mut Peer| match peer.operation("publishVideo", publish.clone()) {
        conference::ClientOperation::Publish { nonce, .. } => nonce,
        other => panic!("{other:?}"),
    };
    let mut peer = Peer::joined();
    let before = nonce(&mut peer);
    let (mut fresh, resume) = arrive(&peer, SECOND, RPC_SESSION);
    let connection = ConnectionId::new(CONNECTION);
    fresh.client.adopted(fresh.now, &resume, connection);
    assert_ne!(nonce(&mut fresh), before);
}

#[test]
fn nobody_is_adopted_without_having_asked_on_this_socket() {
    let peer = Peer::joined();
    let (mut fresh, resume) = arrive(&peer, SECOND, RPC_SESSION);
    fresh.close();
    let connection = ConnectionId::new(CONNECTION);
    assert!(
        fresh
            .client
            .adopted(fresh.now, &resume, connection)
            .is_empty()
    );
    assert_eq!(fresh.client.counters().stale, 1);
}

#[test]
fn a_client_that_is_to_come_again_loses_its_socket_and_nothing_else() {
    let mut peer = Peer::joined();
    let effects = peer.client.redial(peer.now);
    assert_eq!(
        outline(&effects),
        ["close 1 1000 Reconnect to renew what was lost"]
    );
    assert!(peer.client.redial(peer.now).is_empty(), "it has none");
    assert!(peer.notify(left(1)).is_empty());
    let frames = frames(&resume(&mut peer, SECOND));
    assert_eq!(frames[0]["result"]["value"], "reconnection successful");
    assert_eq!(frames[1]["params"]["connectionId"], "con_1");
}
