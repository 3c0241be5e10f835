//! How a master fares with a thousand nodes and a million participants: memory, the price of a placement, and how long
//! it needs after a restart until it knows everybody again. Real time, one thread, no I/O.

mod crowd;

use std::hint::black_box;
use std::time::{Duration, Instant};

use cluster::{Cluster, Moment, SessionId};

use crowd::Crowd;

/// Participants of one session: one is seen by all others.
pub const SESSION: usize = 10;

/// Builds it, restarts the master, prints what that took.
pub fn print(nodes: usize, participants: usize) {
    placements(nodes);
    let before = resident();
    let begun = Instant::now();
    let mut crowd = Crowd::of(nodes);
    for session in 0..participants / SESSION {
        crowd.gather(session, SESSION);
    }
    crowd.flush();
    let built = begun.elapsed();
    println!(
        "{nodes} nodes, {participants} participants in sessions of {SESSION}: {} inputs, {} each, {} commits",
        crowd.inputs,
        each(built, crowd.inputs),
        crowd.commits
    );
    let grown = resident().saturating_sub(before);
    println!(
        "memory: {} MB, {} bytes a participant, of them {} MB are what the store holds and {} MB the clients' ids here",
        grown >> 20,
        grown / participants.max(1) as u64,
        crowd.stored() >> 20,
        crowd.tickets() >> 20,
    );
    restart(crowd, participants);
}

fn placements(nodes: usize) {
    const ROUNDS: u32 = 20_000;
    let mut cluster = Cluster::new();
    for node in 0..nodes {
        let attachment = cluster::AttachmentId(node as u64);
        let hello = crowd::hello(node);
        cluster.handle(Moment(0), cluster::Input::Hello { attachment, hello });
    }
    let sessions: Vec<SessionId> = (0..ROUNDS)
        .map(|it| SessionId::new(it.to_string()))
        .collect();
    let begun = Instant::now();
    for session in &sessions {
        black_box(cluster.place(session, None, None).is_ok());
    }
    let cost = begun.elapsed() / ROUNDS;
    println!("placement among {nodes} nodes: {cost:?} (target 10 µs)");
}

fn restart(crowd: Crowd, participants: usize) {
    let (entries, members, carried) = crowd.into_ruins();
    let begun = Instant::now();
    let mut crowd = Crowd::restored(entries);
    let read = begun.elapsed();
    crowd.readmit_nodes(carried);
    let nodes = begun.elapsed() - read;
    let back = crowd.readmit(members);
    crowd.flush();
    let clients = begun.elapsed() - read - nodes;
    println!(
        "restart: records {read:.1?}, nodes with their snapshots {nodes:.1?}, {back} of {participants} clients {clients:.1?}, \
         together {:.1?}",
        begun.elapsed()
    );
}

fn each(span: Duration, count: u64) -> String {
    format!("{:.1} µs", span.as_secs_f64() * 1e6 / count.max(1) as f64)
}

/// Bytes of this process that are in memory (`/proc/self/statm`).
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm
        .split_whitespace()
        .nth(1)
        .and_then(|text| text.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}
