//! JSON-RPC of two clients in one session, through the real machines and the real conference, with a node that
//! answers now or later. The input is a script, one action per line; see [`act`].
//!
//! Whatever the clients say: nothing panics, every request that reaches the conference is answered exactly once, no
//! client gets more answers than it sent requests, and what is sent is JSON-RPC.
#![no_main]

mod script;
mod world;

use conference::Remedy;
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use world::World;

fuzz_target!(|script: &str| {
    let mut world = World::new();
    for line in script.lines().take(200) {
        act(&mut world, line);
    }
    world.settle();
});

// Faults of a protocol lie in the order of its messages, which changing bytes seldom changes.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    match script::reordered(&data[..size], seed) {
        Some(script) if script.len() <= max_size => {
            data[..script.len()].copy_from_slice(&script);
            script.len()
        }
        _ => fuzzer_mutate(data, size, max_size),
    }
});

/// `0…` and `1…` is a frame of that client. `<0` cuts its WebSocket, `>0` opens a new one. `+N` lets N milliseconds
/// pass. `=` makes the node answer all it owes, `-` makes it refuse. `!` is the node's death, `x` closes the session
/// by REST, `u` takes the second client's role away.
fn act(world: &mut World, line: &str) {
    let Some(action) = line.chars().next() else {
        return;
    };
    let rest = &line[action.len_utf8()..];
    let client = usize::from(rest.starts_with('1'));
    match action {
        '0' => world.text(0, rest),
        '1' => world.text(1, rest),
        '<' => world.cut(client),
        '>' => world.open(client),
        '+' => world.pass(rest.parse().unwrap_or(1)),
        '=' => world.answer(true),
        '-' => world.answer(false),
        '!' => world.lose_node(Remedy::Evict),
        '?' => world.lose_node(Remedy::Recover),
        'x' => world.close_session(),
        'u' => world.demote(),
        _ => {}
    }
}
