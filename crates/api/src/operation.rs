//! The operations: method and path.

/// Of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    /// As in a request.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

macro_rules! operations {
    ($($(#[$doc:meta])* $variant:ident = $method:ident $path:literal, $id:literal;)*) => {
        /// Something that can be asked for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Operation {
            $($(#[$doc])* $variant),*
        }

        impl Operation {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            #[allow(missing_docs)]
            pub fn method(self) -> Method {
                match self {
                    $(Self::$variant => Method::$method),*
                }
            }

            /// Below [`BASE`](crate::BASE), with `{id}` where the id of a node, or of a transport, stands.
            pub fn path(self) -> &'static str {
                match self {
                    $(Self::$variant => $path),*
                }
            }

            /// Whether it is asked for by browsers, who have no secret.
            pub fn is_open(self) -> bool {
                matches!(self, Self::ReportIce)
            }

            /// `operationId` of the document.
            pub fn id(self) -> &'static str {
                match self {
                    $(Self::$variant => $id),*
                }
            }
        }
    };
}

operations! {
    /// How everything is.
    Status = Get "/status", "getStatus";
    /// Figures for Prometheus.
    Metrics = Get "/metrics", "getMetrics";
    /// All nodes.
    ListNodes = Get "/nodes", "listNodes";
    /// Launch more.
    AddNodes = Post "/nodes", "addNodes";
    /// One node.
    Node = Get "/nodes/{id}", "getNode";
    /// Let it go.
    RemoveNode = Delete "/nodes/{id}", "removeNode";
    /// Place nothing more on it and let it go with its last session.
    Drain = Post "/nodes/{id}/drain", "drainNode";
    /// Let it serve again.
    UnDrain = Post "/nodes/{id}/undrain", "undrainNode";
    /// Why it is in its state.
    Why = Get "/nodes/{id}/why", "whyNode";
    /// Take its certificate back.
    Revoke = Post "/nodes/{id}/revoke", "revokeNode";
    /// Where to try it from, as a client would.
    ProbeTarget = Get "/nodes/{id}/probe-target", "getProbeTarget";
    /// Who reaches which node by which path.
    Reachability = Get "/reachability", "getReachability";
    /// Find out now who reaches which node.
    LookNow = Post "/reachability/look", "lookNow";
    /// How many nodes are wanted when.
    Schedule = Get "/schedule", "getSchedule";
    /// Replace the schedule.
    SetSchedule = Put "/schedule", "setSchedule";
    /// No schedule any more.
    ClearSchedule = Delete "/schedule", "clearSchedule";
    /// The schedule of the settings again.
    ResetSchedule = Post "/schedule/reset", "resetSchedule";
    /// Want so many nodes until the schedule's next transition.
    Want = Put "/wanted", "setWanted";
    /// Take that back.
    Unwant = Delete "/wanted", "clearWanted";
    /// Make relay credentials under a new secret.
    RotateRelay = Post "/relay/rotate", "rotateRelaySecret";
    /// Why pictures were missing.
    Diagnosis = Get "/diagnosis", "getDiagnosis";
    /// A token with which a node joins.
    MakeToken = Post "/join-tokens", "makeJoinToken";
    /// Transports, by how they went.
    ListIce = Get "/ice", "listIce";
    /// Who sent what belongs to no transport.
    Strangers = Get "/ice/strangers", "listStrangers";
    /// Everything that is known of one.
    Ice = Get "/ice/{id}", "getIce";
    /// A browser tells of its peer connection.
    ReportIce = Post "/ice/reports", "reportIce";
}
