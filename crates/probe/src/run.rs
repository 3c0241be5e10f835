//! The shell: sockets, clock and chance around one [`Probe`].

use std::io::ErrorKind;
use std::pin::Pin;
use std::time::Instant;

use tokio::time::sleep_until;

use crate::plan::{Depth, Limits, MOST_ADDRESSES, Plan, Route, Target};
use crate::probe::{Output, Probe};
use crate::report::Report;
use crate::signalling::{Name, Signalling};
use crate::sockets::{Came, Sockets};

/// Probes a node. Ends within [`Limits::whole`], `signalling` or not. May be dropped: what it has published is closed.
///
/// Has to run within a tokio runtime with its I/O and time enabled.
pub async fn run<S: Signalling>(
    target: &Target,
    depth: Depth,
    limits: Limits,
    name: &Name,
    signalling: &S,
) -> Report {
    let (mut sockets, plan) = prepare(target, depth, limits);
    let mut probe = Probe::new(Instant::now(), plan);
    let mut publishing: Option<Publishing<'_, S>> = None;
    loop {
        match probe.poll(Instant::now()) {
            Output::Send { from, to, data } => {
                if let Err(error) = sockets.send(from, to, &data) {
                    probe.unsendable(to, &error.to_string());
                }
            }
            Output::Insist { from, to, data } => {
                match sockets.insist(from, to, &data) {
                    // Said of the one before by such a socket.
                    Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                        probe.reported(to, &error);
                    }
                    Err(error) => probe.unsendable(to, &error.to_string()),
                    Ok(()) => {}
                }
            }
            Output::Publish(offer) => {
                publishing = Some(Publishing::begin(signalling, name, offer));
            }
            Output::Wait(at) => tokio::select! {
                came = sockets.next(), if probe.listens() => match came {
                    Came::Datagram(at, from, datagram) => {
                        probe.receive(Instant::now(), at, from, datagram);
                    }
                    Came::Reported(to, error) => probe.reported(to, &error),
                },
                answer = answer(&mut publishing) => probe.answered(Instant::now(), answer),
                () = sleep_until(at.into()) => {}
            },
            Output::Done => return probe.report(Instant::now()),
        }
    }
}

/// Finds the ways to the node and draws what nobody may guess.
fn prepare(target: &Target, depth: Depth, limits: Limits) -> (Sockets, Plan) {
    let (tried, rest) = target.ips.split_at(target.ips.len().min(MOST_ADDRESSES));
    let (sockets, mut routes) = Sockets::open(tried, limits.insist);
    routes.extend(rest.iter().map(|ip| Route {
        ip: *ip,
        local: Err(format!("only {MOST_ADDRESSES} addresses are tried")),
    }));
    let mut secret = [0; 10];
    if let Err(error) = getrandom::fill(&mut secret) {
        // Without it anybody could answer for the node.
        let reason = format!("the system gives no random numbers: {error}");
        routes
            .iter_mut()
            .for_each(|route| route.local = Err(reason.clone()));
    }
    let plan = Plan {
        routes,
        ports: target.ports.clone(),
        stun_port: target.stun_port,
        depth,
        limits,
        secret,
    };
    (sockets, plan)
}

type Answering<'a> = Pin<Box<dyn Future<Output = Result<String, String>> + Send + 'a>>;

/// A transport that the node may have. Dropping it closes it.
struct Publishing<'a, S: Signalling> {
    signalling: &'a S,
    name: &'a Name,
    answer: Option<Answering<'a>>,
}

impl<'a, S: Signalling> Publishing<'a, S> {
    fn begin(signalling: &'a S, name: &'a Name, offer: String) -> Self {
        Self {
            signalling,
            name,
            answer: Some(Box::pin(signalling.publish(name, offer))),
        }
    }
}

impl<S: Signalling> Drop for Publishing<'_, S> {
    fn drop(&mut self) {
        self.answer = None;
        self.signalling.close(self.name);
    }
}

/// The answer, once; never when nothing was published.
async fn answer<S: Signalling>(
    publishing: &mut Option<Publishing<'_, S>>,
) -> Result<String, String> {
    let Some(asked) = publishing else {
        return std::future::pending().await;
    };
    let Some(answer) = &mut asked.answer else {
        return std::future::pending().await;
    };
    let answer = answer.await;
    asked.answer = None;
    answer
}
