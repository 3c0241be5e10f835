use std::time::{Duration, Instant};

/// Lets at most one keyframe request per [`KEYFRAME_INTERVAL`] through to the publisher.
///
/// A request within the interval is remembered and becomes due at its end, unless a keyframe came in between.
#[derive(Clone, Debug, Default)]
pub struct KeyframeGate {
    sent: Option<Instant>,
    waiting: bool,
}

/// Keyframes are several times as big as other frames: asked for by everybody at once they would choke the publisher.
pub const KEYFRAME_INTERVAL: Duration = Duration::from_millis(500);

impl KeyframeGate {
    /// A subscriber needs a keyframe. True: ask the publisher now. False: [`KeyframeGate::poll`] will say when.
    #[must_use = "true means that the publisher has to be asked"]
    pub fn request(&mut self, now: Instant) -> bool {
        self.waiting = true;
        self.poll(now)
    }

    /// Whether a remembered request is due. True: ask the publisher now.
    #[must_use = "true means that the publisher has to be asked"]
    pub fn poll(&mut self, now: Instant) -> bool {
        let open = self.sent.is_none_or(|sent| now >= sent + KEYFRAME_INTERVAL);
        let due = self.waiting && open;
        if due {
            self.sent = Some(now);
            self.waiting = false;
        }
        due
    }

    /// A keyframe came, whoever asked for it: nobody waits any more.
    pub fn arrived(&mut self) {
        self.waiting = false;
    }

    /// When to call [`KeyframeGate::poll`]. None when nobody waits.
    pub fn deadline(&self) -> Option<Instant> {
        self.sent
            .filter(|_| self.waiting)
            .map(|sent| sent + KEYFRAME_INTERVAL)
    }
}
