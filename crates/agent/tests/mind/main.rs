//! A node's mind, alone: the tests play link, plane and machine.

mod addresses;
mod dice;
mod rules;
mod sequences;
mod settings;
mod stage;
