//! Changing a script line by line.

/// Actions that are put between other lines.
const ACTIONS: [&[u8]; 12] = [
    b"=", b"-", b"!", b"x", b"u", b"<0", b"<1", b">0", b">1", b"+2000", b"+10001", b"+61000",
];

/// The script with some lines moved, said twice, left out, said by the other client or parted by an action. `None` when
/// it is the turn of changing bytes.
pub fn reordered(script: &[u8], seed: u32) -> Option<Vec<u8>> {
    let mut dice = Dice(seed.into());
    let mut lines: Vec<Vec<u8>> = script
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    let here = dice.below(lines.len());
    match dice.below(8) {
        0 => {
            let there = dice.below(lines.len());
            lines.swap(here, there);
        }
        1 => lines.insert(dice.below(lines.len()), lines[here].clone()),
        2 => drop(lines.remove(here)),
        3 => match lines[here].first_mut() {
            Some(first @ (b'0' | b'1')) => *first ^= 1,
            _ => return None,
        },
        4 => lines.insert(here, ACTIONS[dice.below(ACTIONS.len())].to_vec()),
        _ => return None,
    }
    Some(lines.join(&b'\n'))
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % end.max(1) as u64) as usize
    }
}
