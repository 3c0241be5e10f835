//! What all subscribers of one track share, and what limits each of them.

mod keyframe;
mod resend;
mod ring;

pub use keyframe::{KEYFRAME_INTERVAL, KeyframeGate};
pub use resend::{Resend, ResendLimits, ResendPolicy};
pub use ring::{Inserted, RING_LEN, Ring};

#[cfg(test)]
mod tests;
