//! The shell of the master: it opens sockets, reads clocks, draws ids, and decides nothing. What a meeting is lives in
//! `conference`, what a cluster is in `cluster`, what OpenVidu's clients say and hear in `openvidu`.

mod config;
mod start;

pub use config::{Config, Page, StaticFile, Tls, VideoBandwidth};
pub use start::{Master, StartError, start};
