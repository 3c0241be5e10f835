//! A master's mind, with everything around it played by the test.

mod dice;
mod durable;
mod losses;
mod restart;
mod stage;
