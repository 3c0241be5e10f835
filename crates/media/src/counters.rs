//! What a shard counts. Its thread adds, anybody may read: relaxed atomics, each shard's on its own.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that one thread adds to and others read.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The counters of one shard.
        #[derive(Debug, Default)]
        #[repr(align(128))]
        pub struct Counters { $($(#[$doc])* pub $name: Counter,)* }

        /// What the counters of all shards add up to.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Totals { $($(#[$doc])* pub $name: u64,)* }

        #[cfg(test)]
        impl Counters {
            /// What they say now.
            pub(crate) fn totals(&self) -> Totals {
                let mut totals = Totals::default();
                totals.add(self);
                totals
            }
        }

        impl Totals {
            /// Adds one shard's.
            pub(crate) fn add(&mut self, counters: &Counters) {
                $(self.$name += counters.$name.get();)*
            }

            /// Each by its name, for metrics.
            pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)*].into_iter()
            }
        }
    };
}

counters! {
    /// Datagrams received by UDP.
    udp_in,
    /// Bytes of them.
    udp_in_bytes,
    /// Datagrams handed to the system.
    udp_out,
    /// Bytes of them.
    udp_out_bytes,
    /// Messages they were handed over in: a run of equal datagrams to one destination is one.
    udp_messages,
    /// Datagrams dropped because the socket's buffer was full.
    udp_would_block,
    /// Datagrams that the system refused (no route, too long).
    udp_refused,
    /// Messages whose segmentation the system refused; they went datagram by datagram.
    gso_refused,
    /// Shards that gave up segmentation for good.
    gso_off,
    /// Frames received by TCP.
    tcp_in,
    /// Frames sent by TCP.
    tcp_out,
    /// Frames dropped because the connection's buffer was full or it had gone.
    tcp_dropped,
    /// Connections accepted.
    tcp_accepted,
    /// Connections refused because too many were open.
    tcp_refused,
    /// Connections closed because nobody claimed them in time or they broke the framing.
    tcp_closed,
    /// Incoming: longer than a packet may be, or empty.
    in_malformed,
    /// Incoming: neither STUN nor DTLS nor RTP (RFC 7983).
    in_unknown_kind,
    /// Incoming: not STUN, from a 5-tuple that no transport has proven.
    in_unknown_peer,
    /// STUN: not parseable, or not a request.
    stun_malformed,
    /// STUN: for a username fragment that no transport has.
    stun_unknown_user,
    /// STUN: requests of a known username fragment that failed authentication.
    stun_unauthenticated,
    /// STUN: plain Binding requests answered.
    stun_plain,
    /// STUN: plain Binding requests over the rate that is answered.
    stun_plain_over_rate,
    /// RTP packets taken from publishers.
    rtp_in,
    /// RTP packets of publishers that brought nothing: unknown SSRC, replay, failed authentication, padding.
    rtp_in_unused,
    /// RTP packets of a second source of a medium whose first is alive.
    rtp_in_other_source,
    /// RTP packets sealed for subscribers.
    rtp_out,
    /// RTP packets whose codec the subscriber did not negotiate.
    rtp_out_codec,
    /// RTP packets too large to be sent.
    rtp_out_size,
    /// RTP packets from before the subscriber joined.
    rtp_out_early,
    /// RTP packets refused by the sealer.
    rtp_out_sealer,
    /// RTCP packets opened from subscribers.
    rtcp_in,
    /// RTCP packets from subscribers that failed authentication or were replayed.
    rtcp_in_unauthenticated,
    /// RTCP packets from subscribers that were cut short or malformed.
    rtcp_in_malformed,
    /// RTP from subscribers, who have nothing to send.
    rtp_in_from_subscriber,
    /// Sender reports sent.
    rtcp_reports,
    /// Packets asked for by NACK.
    nack_asked,
    /// Packets sent again by RTX.
    nack_answered,
    /// Packets asked for that are no longer (or were never) there.
    nack_gone,
    /// Packets asked for over the rate that is answered, or without RTX.
    nack_refused,
    /// Keyframes asked for by subscribers.
    keyframes_asked,
    /// Keyframes asked of publishers.
    keyframes_sent,
    /// Media packets that the ICE/DTLS library wanted to send to subscribers and was not let.
    library_media,
    /// Packets that the ICE/DTLS library refused.
    library_errors,
    /// Panics of the ICE/DTLS library that were caught; the transport was closed.
    library_panics,
    /// Candidates that could not be used.
    candidates_unusable,
    /// Of this node, told after the description because its addresses had changed.
    candidates_told,
    /// Commands for transports that do not exist.
    commands_unknown,
    /// Datagrams of the relay's clients handed to media without a socket between.
    relay_in,
    /// Datagrams of media handed to the relay's clients without a socket between.
    relay_out,
    /// Of these, those that went from one shard to another.
    relay_crossed,
    /// Of these, those that another shard was too busy for.
    relay_dropped,
    /// Transports opened.
    transports_opened,
    /// Transports closed.
    transports_closed,
    /// Events that the sink did not take at once.
    events_delayed,
    /// Events lost because the sink did not take them for too long.
    events_lost,
    /// Evidence that its sink did not take.
    evidence_lost,
}
