//! The shell: sockets, clock and chance around one [`Probe`].

use std::io::ErrorKind;
use std::time::Instant;

use reachability::Depth;
use tokio::time::sleep_until;

use crate::channels::{Channels, Told};
use crate::output::Output;
use crate::plan::{Limits, MOST_ADDRESSES, Plan, Route, Target};
use crate::probe::Probe;
use crate::report::Report;
use crate::signalling::{Name, Signalling};
use crate::signals::Signals;
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
    let (sockets, plan) = prepare(target, depth, limits);
    let mut hands = Hands {
        sockets,
        channels: Channels::default(),
        signals: Signals::new(signalling, name),
    };
    let mut probe = Probe::new(Instant::now(), plan);
    loop {
        match probe.poll(Instant::now()) {
            Output::Wait(at) => hands.wait(&mut probe, at).await,
            Output::Done => return probe.report(Instant::now()),
            output => hands.carry_out(&mut probe, output),
        }
    }
}

/// What a probe acts through.
struct Hands<'a, S: Signalling> {
    sockets: Sockets,
    channels: Channels,
    signals: Signals<'a, S>,
}

impl<S: Signalling> Hands<'_, S> {
    fn carry_out(&mut self, probe: &mut Probe, output: Output) {
        match output {
            Output::Send { from, to, data } => {
                if let Err(error) = self.sockets.send(from, to, &data) {
                    probe.unsendable(to, &error.to_string());
                }
            }
            Output::Insist { from, to, data } => match self.sockets.insist(from, to, &data) {
                // Said of the one before by such a socket.
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                    probe.reported(to, &error);
                }
                Err(error) => probe.unsendable(to, &error.to_string()),
                Ok(()) => {}
            },
            Output::Open {
                channel,
                protocol,
                to,
            } => self.channels.open(channel, protocol, to),
            Output::Dial {
                channel,
                protocol,
                host,
                port,
            } => self.channels.dial(channel, protocol, host, port),
            Output::Say { channel, data } => self.channels.say(channel, &data),
            Output::Publish { call, offer } => self.signals.publish(call, offer),
            Output::Subscribe { call } => self.signals.subscribe(call),
            Output::Accept { call, answer } => self.signals.accept(call, answer),
            // Taken by the caller.
            Output::Wait(_) | Output::Done => {}
        }
    }

    /// Until something comes, or it is time.
    async fn wait(&mut self, probe: &mut Probe, until: Instant) {
        tokio::select! {
            came = self.sockets.next(), if probe.listens() => match came {
                Came::Datagram(from, datagram) => probe.receive(Instant::now(), from, datagram),
                Came::Reported(to, error) => probe.reported(to, &error),
            },
            told = self.channels.next() => self.told(probe, told),
            (call, said) = self.signals.next() => probe.signalled(Instant::now(), call, said),
            () = sleep_until(until.into()) => {}
        }
    }

    fn told(&mut self, probe: &mut Probe, told: Told) {
        let now = Instant::now();
        match told {
            Told::Opened(channel, local) => {
                if let Some(output) = probe.opened(now, channel, Ok(local)) {
                    self.carry_out(probe, output);
                }
            }
            Told::Unopened(channel, error) => _ = probe.opened(now, channel, Err(&error)),
            Told::Heard(channel, packet) => probe.heard(now, channel, &packet),
            Told::Broke(channel, error) => probe.broke(channel, &error),
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
        relays: target.relays.clone(),
        depth,
        limits,
        secret,
    };
    (sockets, plan)
}
