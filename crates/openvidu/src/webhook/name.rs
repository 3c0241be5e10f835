//! The names of events.

macro_rules! names {
    ($($variant:ident = $name:literal),* $(,)?) => {
        /// A kind of event, by OpenVidu's names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs)]
        pub enum EventName {
            $($variant),*
        }

        impl EventName {
            /// All that OpenVidu knows, which is what is sent unless a list says otherwise. Some are never sent here,
            /// because what they tell of is not served; they may be asked for.
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
}

impl EventName {
    /// By its name.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|name| name.as_str() == text)
    }
}
