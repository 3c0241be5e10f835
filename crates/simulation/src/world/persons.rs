//! The surroundings of the browsers.

use super::{Who, World};
use crate::browser::Act;
use crate::network::{End, LineId, Payload, Purpose};

impl World {
    pub(crate) fn wake_browser(&mut self, browser: usize) {
        let now = self.now();
        self.browsers[browser].wake(now);
        self.settle_browser(browser);
    }

    /// Does what it wants done.
    pub(crate) fn settle_browser(&mut self, browser: usize) {
        loop {
            let acts = self.browsers[browser].take_acts();
            if acts.is_empty() {
                break;
            }
            for act in acts {
                self.do_for_browser(browser, act);
            }
        }
        let due = self.browsers[browser].next_deadline();
        self.wake_at(Who::Browser(browser), due);
    }

    fn do_for_browser(&mut self, browser: usize, act: Act) {
        match act {
            Act::Dial => {
                self.sockets[browser].1 += 1;
                self.close_socket(browser);
                let attempt = self.sockets[browser].1;
                self.dial(Purpose::Web, Who::Browser(browser), attempt);
            }
            Act::Send(text) => {
                self.note(format_args!("browser {browser} → {text}"));
                if let Some(line) = self.sockets[browser].0 {
                    self.send(line, End::Near, Payload::Frame(text));
                }
            }
            Act::HangUp => {
                // An attempt that is under way is not wanted any more either.
                self.sockets[browser].1 += 1;
                self.close_socket(browser);
            }
            Act::Ask(ask) => self.send_question(browser, ask),
            Act::Note(text) => self.note(format_args!("browser {browser}: {text}")),
        }
    }

    /// A notification on this line was lost.
    pub(crate) fn missed(&mut self, line: LineId) {
        if let Some(browser) = self.webs.get(&line).copied() {
            self.note(format_args!("browser {browser}: was not told something"));
            self.browsers[browser].miss();
        }
    }

    fn close_socket(&mut self, browser: usize) {
        if let Some(line) = self.sockets[browser].0.take() {
            if self.network.holds(line, End::Near) {
                self.missed(line);
            }
            self.hang_up(line, End::Near);
        }
    }

    pub(crate) fn browser_connected(&mut self, browser: usize, line: LineId) {
        let now = self.now();
        self.sockets[browser].0 = Some(line);
        self.webs.insert(line, browser);
        self.browsers[browser].opened(now);
        self.settle_browser(browser);
        self.tick_media();
    }

    pub(crate) fn browser_unreachable(&mut self, browser: usize) {
        let now = self.now();
        self.browsers[browser].unreachable(now);
        self.settle_browser(browser);
    }

    pub(crate) fn browser_hears(&mut self, browser: usize, line: LineId, payload: Payload) {
        let now = self.now();
        if self.sockets[browser].0 != Some(line) {
            return;
        }
        match payload {
            Payload::Frame(text) => self.browsers[browser].frame(now, &text),
            _ => {
                self.sockets[browser].0 = None;
                self.browsers[browser].closed(now);
            }
        }
        self.settle_browser(browser);
    }

    /// The page or the machine is gone. `goodbye`: its kernel is not.
    pub(crate) fn end_browser(&mut self, browser: usize, goodbye: bool) {
        let host = self.host_of_browser(browser);
        self.browsers[browser].vanish();
        self.browsers[browser].take_acts();
        self.sockets[browser].0 = None;
        self.sockets[browser].1 += 1;
        self.drop_lines(host, goodbye);
    }
}
