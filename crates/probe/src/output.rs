//! What a probe wants of its shell, and what that tells it of signalling.

use std::net::SocketAddr;
use std::time::Instant;

use reachability::Protocol;

/// What a [`Probe`](crate::Probe) wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// To be sent from our socket at `from`.
    Send {
        #[allow(missing_docs)]
        from: SocketAddr,
        #[allow(missing_docs)]
        to: SocketAddr,
        #[allow(missing_docs)]
        data: Vec<u8>,
    },
    /// To be sent from a socket of its own that is connected to `to`, so that the system hears of a refusal
    /// ([`Probe::reported`](crate::Probe::reported)). Where there is no room for one more socket it goes like the others.
    Insist {
        #[allow(missing_docs)]
        from: SocketAddr,
        #[allow(missing_docs)]
        to: SocketAddr,
        #[allow(missing_docs)]
        data: Vec<u8>,
    },
    /// Connect a socket of its own, and say how that went ([`Probe::opened`](crate::Probe::opened)).
    Open {
        #[allow(missing_docs)]
        channel: Channel,
        /// UDP, or TCP with frames of RFC 4571.
        protocol: Protocol,
        #[allow(missing_docs)]
        to: SocketAddr,
    },
    /// The same to a relay, with messages as RFC 8656 has them on a stream.
    Dial {
        #[allow(missing_docs)]
        channel: Channel,
        #[allow(missing_docs)]
        protocol: Protocol,
        /// Name or address.
        host: String,
        #[allow(missing_docs)]
        port: u16,
    },
    /// To be sent on a channel that stands. One that does not stand any more drops it.
    Say {
        #[allow(missing_docs)]
        channel: Channel,
        /// One packet.
        data: Vec<u8>,
    },
    /// To have this offer answered ([`Signalled::Published`]). At most once for each call.
    Publish {
        #[allow(missing_docs)]
        call: usize,
        /// SDP.
        offer: String,
    },
    /// To have what was published offered ([`Signalled::Offered`]).
    Subscribe {
        #[allow(missing_docs)]
        call: usize,
    },
    /// To have this answer taken ([`Signalled::Accepted`]).
    Accept {
        #[allow(missing_docs)]
        call: usize,
        /// SDP.
        answer: String,
    },
    /// To be polled again then, if nothing comes before.
    Wait(Instant),
    /// [`Probe::report`](crate::Probe::report) has everything.
    Done,
}

/// A socket of a probe's, connected to one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// For an echo over TCP.
    Knock(usize),
    /// For an echo through a relay.
    Relay(usize),
    /// For one end of a call: its number, and which end.
    Call(usize, usize),
}

/// What came back of the signalling of a call. Errors are sentences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signalled {
    /// SDP answer to what was published.
    Published(Result<String, String>),
    /// SDP offer of what was published.
    Offered(Result<String, String>),
    #[allow(missing_docs)]
    Accepted(Result<(), String>),
}
