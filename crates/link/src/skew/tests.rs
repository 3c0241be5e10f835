use super::*;

/// Two ends whose clocks differ, and the way between them.
struct Pair {
    now: Instant,
    /// Of the far end against the near one, milliseconds.
    ahead: i64,
    wall: u64,
    near: Exchange,
    far: Exchange,
}

impl Pair {
    fn new(ahead: i64) -> Self {
        Self {
            now: Instant::now(),
            ahead,
            wall: 1_700_000_000_000,
            near: Exchange::default(),
            far: Exchange::default(),
        }
    }

    fn pass(&mut self, ms: u64) {
        self.now += Duration::from_millis(ms);
        self.wall += ms;
    }

    fn far_wall(&self) -> u64 {
        self.wall.saturating_add_signed(self.ahead)
    }

    /// A heartbeat each way; what the near and the far end say.
    fn round(&mut self, there: u64, back: u64) -> (Option<Skew>, Option<Skew>) {
        let bare = proto::Heartbeat::default;
        let beat = self.near.beat(bare(), self.now, self.wall);
        self.pass(there);
        let far = self.far.hear(&beat, self.now, self.far_wall());
        self.pass(100);
        let beat = self.far.beat(bare(), self.now, self.far_wall());
        self.pass(back);
        let near = self.near.hear(&beat, self.now, self.wall);
        self.pass(100);
        (near, far)
    }
}

#[test]
fn both_ends_find_the_difference_with_opposite_signs() {
    for ahead in [0, 90_000, -90_000, 3] {
        let mut pair = Pair::new(ahead);
        let (near, _) = pair.round(10, 10);
        let near = near.expect("first");
        assert!(
            near.ahead_ms.abs_diff(ahead) <= near.uncertainty_ms,
            "{near:?} for {ahead}"
        );
        let (_, far) = pair.round(10, 10);
        let far = far.expect("first");
        assert!(
            far.ahead_ms.abs_diff(-ahead) <= far.uncertainty_ms,
            "{far:?} for {ahead}"
        );
    }
}

#[test]
fn an_uneven_way_is_within_the_uncertainty() {
    let mut pair = Pair::new(5_000);
    let skew = pair.round(0, 400).0.expect("first");
    assert!(
        skew.ahead_ms.abs_diff(5_000) <= skew.uncertainty_ms,
        "{skew:?}"
    );
    assert!(skew.uncertainty_ms >= 200, "{skew:?}");
}

#[test]
fn the_quickest_of_late_counts_and_nothing_is_told_twice() {
    let mut pair = Pair::new(5_000);
    let slow = pair.round(300, 300).0.expect("first");
    let quick = pair.round(2, 2).0.expect("surer");
    assert!(quick.uncertainty_ms < slow.uncertainty_ms);
    for _ in 0..20 {
        let later = pair.round(2, 2).0;
        assert_eq!(later, None);
    }
    assert_eq!(pair.round(500, 500).0, None, "a slow one says nothing new");
}

#[test]
fn a_clock_that_is_set_is_noticed_at_once() {
    let mut pair = Pair::new(0);
    pair.round(2, 2);
    pair.ahead = -3_600_000;
    let skew = pair.round(2, 2).0.expect("news");
    assert!(
        skew.ahead_ms.abs_diff(-3_600_000) <= skew.uncertainty_ms,
        "{skew:?}"
    );
}

#[test]
fn what_the_other_end_makes_up_does_no_harm() {
    let mut exchange = Exchange::default();
    let now = Instant::now();
    let sent = exchange.beat(proto::Heartbeat::default(), now, 1_000);
    for (sent_at, held_us) in [(sent.sent_at, u64::MAX), (u64::MAX, 0), (0, 0)] {
        let beat = proto::Heartbeat {
            sent_at: u64::MAX,
            echo: Some(proto::Echo { sent_at, held_us }),
            ..proto::Heartbeat::default()
        };
        assert_eq!(
            exchange.hear(&beat, now + Duration::from_millis(5), 1_005),
            None
        );
    }
    let beat = proto::Heartbeat {
        sent_at: u64::MAX,
        echo: Some(proto::Echo {
            sent_at: sent.sent_at,
            held_us: 0,
        }),
        ..proto::Heartbeat::default()
    };
    let skew = exchange.hear(&beat, now + Duration::from_millis(5), 1_005);
    assert_eq!(skew.map(|skew| skew.ahead_ms), Some(i64::MAX));
}
