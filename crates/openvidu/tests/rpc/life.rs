//! Keep-alive, closing and eviction.

use conference::{
    ConnectionId, EndReason, Error, Notification, Reply, SessionId, Timestamp, Token,
};
use openvidu::rpc::{Deadline, Effect};
use serde_json::json;

use crate::harness::*;

fn evicted(reason: EndReason) -> Notification {
    Notification::ParticipantEvicted {
        connection: ConnectionId::new(CONNECTION),
        reason,
    }
}

fn ping(peer: &mut Peer, params: serde_json::Value) {
    peer.request(json!({"jsonrpc":"2.0","method":"ping","params":params,"id":9}));
}

#[test]
fn a_silent_client_disappears_after_25_seconds() {
    let mut peer = Peer::joined();
    let (waited, reason, effects) = peer.fire();
    assert_eq!((waited, reason), (15_000, Deadline::Watchdog));
    assert_eq!(
        outline(&effects),
        ["close 1 1000 Close for not receive ping from client"]
    );
    let (waited, reason, effects) = peer.fire();
    assert_eq!((waited, reason), (10_000, Deadline::Grace));
    assert_eq!(outline(&effects), ["lost con_Kabc123456", "ended"]);
    assert_eq!(peer.client.next_timeout(), None);
}

#[test]
fn pings_keep_the_watchdog_quiet() {
    let mut peer = Peer::joined();
    for _ in 0..10 {
        peer.pass(14_999);
        ping(&mut peer, json!({}));
    }
    let (waited, reason, _) = peer.fire();
    assert_eq!((waited, reason), (15_000, Deadline::Watchdog));
}

#[test]
fn only_pings_count_as_life() {
    let mut peer = Peer::joined();
    peer.pass(14_000);
    peer.answer("echo", json!({}));
    let (waited, reason, _) = peer.fire();
    assert_eq!((waited, reason), (1_000, Deadline::Watchdog));
}

#[test]
fn a_client_that_never_pings_is_not_watched() {
    let mut peer = Peer::connected();
    peer.join(1);
    assert_eq!(peer.client.next_timeout(), None);
}

#[test]
fn the_interval_is_the_clients_within_bounds() {
    for (interval, watchdog) in [
        (json!(2_000), 6_000),
        (json!("2000"), 6_000),
        (json!(1), 3_000),
        (json!(-5), 15_000),
        (json!(u64::MAX), 180_000),
        (json!(1e300), 180_000),
        (json!(null), 15_000),
    ] {
        let mut peer = Peer::connected();
        peer.join(1);
        ping(&mut peer, json!({"interval": interval}));
        let (waited, reason, _) = peer.fire();
        assert_eq!(
            (waited, reason),
            (watchdog, Deadline::Watchdog),
            "for {interval}"
        );
    }
}

#[test]
fn an_abnormal_close_starts_the_grace_at_once() {
    let mut peer = Peer::joined();
    peer.pass(3_000);
    assert!(peer.close().is_empty());
    let (waited, reason, effects) = peer.fire();
    assert_eq!((waited, reason), (10_000, Deadline::Grace));
    assert_eq!(outline(&effects), ["lost con_Kabc123456", "ended"]);
}

#[test]
fn a_client_that_never_joined_ends_with_its_socket() {
    let mut peer = Peer::connected();
    assert_eq!(outline(&peer.close()), ["ended"]);
}

#[test]
fn a_client_that_does_not_join_is_put_out() {
    let mut peer = Peer::connected();
    let (waited, reason, effects) = peer.fire();
    assert_eq!((waited, reason), (60_000, Deadline::Unjoined));
    assert_eq!(
        outline(&effects),
        ["close 1 1000 joinRoom did not come within 60 s", "ended"]
    );
}

#[test]
fn a_refused_client_may_try_again() {
    let mut peer = Peer::connected();
    let request = request_of(&peer.request(join_frame(1)));
    let error = Error::InvalidToken {
        session: SessionId::new("S"),
        token: Token::new("T"),
    };
    peer.reply(request, Err(error));
    assert_eq!(
        peer.client.next_timeout().map(|(_, reason)| reason),
        Some(Deadline::Unjoined)
    );
    assert_eq!(sent(&peer.join(2))["result"]["id"], CONNECTION);
    assert_eq!(peer.client.next_timeout(), None);
}

#[test]
fn leaving_is_answered_and_the_socket_closed_ten_seconds_later() {
    let mut peer = Peer::joined();
    let request = request_of(&peer.request(json!({"jsonrpc":"2.0","method":"leaveRoom","id":5})));
    assert_eq!(
        sent(&peer.reply(request, Ok(Reply::Done))),
        json!({"id":5,"result":{"sessionId":RPC_SESSION},"jsonrpc":"2.0"})
    );
    assert!(peer.client.disconnected(peer.now).is_empty());
    let (waited, reason, effects) = peer.fire();
    assert_eq!((waited, reason), (10_000, Deadline::Farewell));
    assert_eq!(
        outline(&effects),
        ["close 1 1000 The connection is over", "ended"]
    );
}

#[test]
fn after_the_end_pings_are_answered_and_not_expected() {
    let mut peer = Peer::connected();
    peer.join(1);
    ping(&mut peer, json!({"interval": 1_000}));
    peer.client.disconnected(peer.now);
    let farewell = Some((Timestamp(peer.now.0 + 10_000), Deadline::Farewell));
    assert_eq!(peer.client.next_timeout(), farewell);
    assert_eq!(peer.answer("ping", json!({}))["result"]["value"], "pong");
    assert_eq!(peer.client.next_timeout(), farewell);
}

#[test]
fn a_client_that_closes_after_leaving_is_not_lost() {
    let mut peer = Peer::joined();
    peer.client.disconnected(peer.now);
    assert_eq!(outline(&peer.close()), ["ended"]);
}

#[test]
fn an_evicted_client_is_told_before_its_socket_is_closed() {
    let mut peer = Peer::joined();
    let mut effects = peer.notify(evicted(EndReason::SessionClosedByServer));
    effects.extend(peer.client.disconnected(peer.now));
    effects.extend(peer.fire().2);
    assert_eq!(
        outline(&effects),
        [
            "send 1 participantEvicted",
            "close 1 1000 The connection is over",
            "ended"
        ]
    );
}

#[test]
fn nothing_can_be_asked_after_the_end() {
    let mut peer = Peer::joined();
    peer.client.disconnected(peer.now);
    assert_eq!(peer.error_code("publishVideo", json!({})), 803);
    assert_eq!(sent(&peer.request(join_frame(9)))["error"]["code"], 103);
}

#[test]
fn a_client_evicted_in_its_absence_is_told_when_it_returns() {
    let mut peer = Peer::joined();
    peer.close();
    assert!(
        peer.notify(evicted(EndReason::ForceDisconnectByServer))
            .is_empty()
    );
    peer.client.disconnected(peer.now);
    let effects = crate::resumption::resume(&mut peer, SECOND);
    assert_eq!(
        outline(&effects),
        ["send 2 reply", "send 2 participantEvicted"]
    );
}

#[test]
fn a_client_evicted_in_its_absence_that_stays_away_is_not_lost_twice() {
    let mut peer = Peer::joined();
    peer.close();
    peer.client.disconnected(peer.now);
    let (waited, reason, effects) = peer.fire();
    assert_eq!((waited, reason), (10_000, Deadline::Grace));
    assert_eq!(outline(&effects), ["ended"]);
}

#[test]
fn a_join_that_outlives_its_client_is_lost_when_it_succeeds() {
    let mut peer = Peer::connected();
    let request = request_of(&peer.request(join_frame(1)));
    peer.close();
    let (waited, reason, effects) = peer.fire();
    assert_eq!((waited, reason), (10_000, Deadline::Grace));
    assert!(effects.is_empty(), "{effects:?}");
    let effects = peer.reply(request, Ok(Reply::Joined(Box::new(joined()))));
    assert_eq!(outline(&effects), ["lost con_Kabc123456", "ended"]);
}

#[test]
fn a_join_that_outlives_its_client_ends_when_it_fails() {
    let mut peer = Peer::connected();
    let request = request_of(&peer.request(join_frame(1)));
    peer.close();
    peer.fire();
    let error = Error::SessionNotFound(SessionId::new("S"));
    assert_eq!(
        peer.reply(request, Err(error))
            .last()
            .map(|e| matches!(e, Effect::Ended)),
        Some(true)
    );
}

#[test]
fn an_ended_machine_stays_silent() {
    let mut peer = Peer::joined();
    peer.close();
    peer.fire();
    assert!(peer.notify(evicted(EndReason::NodeCrashed)).is_empty());
    assert!(peer.client.disconnected(peer.now).is_empty());
    assert!(peer.close().is_empty());
    assert!(peer.text("{}").is_empty());
    assert_eq!(peer.client.next_timeout(), None);
    assert_eq!(peer.client.counters().stale, 4);
}
