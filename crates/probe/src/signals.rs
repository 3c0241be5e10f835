//! What a probe has asked of the signalling and not heard yet.

use std::pin::Pin;
use std::task::Poll;

use crate::output::Signalled;
use crate::signalling::{Name, Signalling};

type Asking<'a> = Pin<Box<dyn Future<Output = Signalled> + Send + 'a>>;

/// The calls that a node may have transports of. Dropping it closes them.
pub struct Signals<'a, S: Signalling> {
    signalling: &'a S,
    name: &'a Name,
    /// Those that were published.
    calls: Vec<Name>,
    asked: Vec<(usize, Asking<'a>)>,
}

impl<'a, S: Signalling> Signals<'a, S> {
    /// Of the probe `name`.
    pub fn new(signalling: &'a S, name: &'a Name) -> Self {
        Self {
            signalling,
            name,
            calls: Vec::new(),
            asked: Vec::new(),
        }
    }

    /// See [`Signalling::publish`].
    pub fn publish(&mut self, call: usize, offer: String) {
        let (signalling, name) = (self.signalling, self.name.call(call));
        self.calls.push(name.clone());
        let asking = async move { Signalled::Published(signalling.publish(&name, offer).await) };
        self.asked.push((call, Box::pin(asking)));
    }

    /// See [`Signalling::subscribe`].
    pub fn subscribe(&mut self, call: usize) {
        let (signalling, name) = (self.signalling, self.name.call(call));
        let asking = async move { Signalled::Offered(signalling.subscribe(&name).await) };
        self.asked.push((call, Box::pin(asking)));
    }

    /// See [`Signalling::accept`].
    pub fn accept(&mut self, call: usize, answer: String) {
        let (signalling, name) = (self.signalling, self.name.call(call));
        let asking = async move { Signalled::Accepted(signalling.accept(&name, answer).await) };
        self.asked.push((call, Box::pin(asking)));
    }

    /// What comes back next, and of which call; never, when nothing was asked.
    pub async fn next(&mut self) -> (usize, Signalled) {
        std::future::poll_fn(|cx| {
            for at in 0..self.asked.len() {
                let (call, asking) = &mut self.asked[at];
                if let Poll::Ready(said) = asking.as_mut().poll(cx) {
                    let call = *call;
                    drop(self.asked.swap_remove(at));
                    return Poll::Ready((call, said));
                }
            }
            Poll::Pending
        })
        .await
    }
}

impl<S: Signalling> Drop for Signals<'_, S> {
    fn drop(&mut self) {
        self.asked.clear();
        for name in &self.calls {
            self.signalling.close(name);
        }
    }
}
