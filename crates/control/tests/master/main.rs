//! A master's mind, with everything around it played by the test.

mod addresses;
mod crowds;
mod deaths;
mod dice;
mod durable;
mod failures;
mod ice;
mod interrupted;
mod links;
mod losses;
mod node_settings;
mod restart;
mod sources;
mod stage;
mod traffic;
mod ways;
