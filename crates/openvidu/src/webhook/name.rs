//! The names of events.

macro_rules! names {
    ($($variant:ident = $name:literal),* $(,)?) => {
        /// A kind of event, by OpenVidu's names, and a few of Muster's own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs)]
        pub enum EventName {
            $($variant),*
        }

        impl EventName {
            /// All that may be asked for. Some of OpenVidu's are never sent here, because what they tell of is not served.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// As it stands in configurations and in the field `event`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),*
                }
            }
        }
    };
}

names! {
    SessionCreated = "sessionCreated",
    SessionDestroyed = "sessionDestroyed",
    ParticipantJoined = "participantJoined",
    ParticipantLeft = "participantLeft",
    WebrtcConnectionCreated = "webrtcConnectionCreated",
    WebrtcConnectionDestroyed = "webrtcConnectionDestroyed",
    RecordingStatusChanged = "recordingStatusChanged",
    BroadcastStarted = "broadcastStarted",
    BroadcastStopped = "broadcastStopped",
    FilterEventDispatched = "filterEventDispatched",
    SignalSent = "signalSent",
    MediaNodeStatusChanged = "mediaNodeStatusChanged",
    Autoscaling = "autoscaling",
    NodeCrashed = "nodeCrashed",
    NodeRecovered = "nodeRecovered",
    HaNodeRegistered = "HANodeRegistered",
    HaNodeDeregistered = "HANodeDeregistered",
    IceFailureDiagnosed = "iceFailureDiagnosed",
    ReachabilityChanged = "reachabilityChanged",
}

impl EventName {
    /// Those that OpenVidu knows, which are what is sent unless a list says otherwise: applications may choke on others.
    pub fn of_openvidu() -> impl Iterator<Item = Self> {
        let own = [Self::IceFailureDiagnosed, Self::ReachabilityChanged];
        (Self::ALL.iter().copied()).filter(move |name| !own.contains(name))
    }

    /// By its name.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|name| name.as_str() == text)
    }
}
