//! The relay with clients that we did not write: coturn's own test client, and Chromium.

mod browser;
mod uclient;
