//! Autoscaling's settings.

use cluster::autoscaling::{BadLimits, Limits};
use cluster::schedule::Bounds;

use super::reader::Reader;
use super::values;

/// The limits, when autoscaling is on.
pub(super) fn read(r: &mut Reader<'_>) -> Option<Limits> {
    let enabled = r.one("autoscaling.enabled", values::boolean);
    let usual = Limits::standard();
    let count = |text: &str| values::number(text, 0..=10_000u32);
    let minimum = r.one("autoscaling.min_nodes", count);
    let maximum = r.one("autoscaling.max_nodes", count);
    let limits = Limits {
        nodes: Bounds {
            minimum: minimum.unwrap_or(usual.nodes.minimum),
            maximum: maximum.unwrap_or(usual.nodes.maximum),
        },
        max_load: r
            .one("autoscaling.max_load", values::percent)
            .unwrap_or(usual.max_load),
        min_load: r
            .one("autoscaling.min_load", values::percent)
            .unwrap_or(usual.min_load),
        interval: r
            .one("autoscaling.interval", values::seconds)
            .unwrap_or(usual.interval),
    };
    if !enabled.unwrap_or(false) {
        return None;
    }
    match limits.validate() {
        Ok(limits) => Some(limits),
        Err(bad) => {
            let (key, expected) = match bad {
                BadLimits::Nodes { maximum, .. } => (
                    "autoscaling.min_nodes",
                    format!("at most {maximum}, the maximum"),
                ),
                BadLimits::Load { maximum, .. } => (
                    "autoscaling.min_load",
                    format!("less than {maximum}, the maximum"),
                ),
                BadLimits::Interval(_) => ("autoscaling.interval", "at least 1".to_owned()),
            };
            r.reject(key, expected);
            None
        }
    }
}
