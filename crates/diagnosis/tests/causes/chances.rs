//! Whatever evidence says, somebody answers, and what goes well has no cause.

use diagnosis::{Evidence, Outcome, Surroundings, diagnose, survey};
use serde_json::Value;

use crate::table::CASES;
use crate::world;

/// Numbers that nobody can foresee, and anybody can repeat (SplitMix64).
struct Chances(u64);

impl Chances {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.next().is_multiple_of(chances)
    }

    /// Any value for one that was there, of the same kind.
    fn spoil(&mut self, value: &mut Value) {
        match value {
            Value::Object(entries) => {
                entries.values_mut().for_each(|value| self.spoil(value));
                let doomed = entries.keys().find(|_| self.one_in(400)).cloned();
                doomed.and_then(|key| entries.remove(&key));
            }
            Value::Array(items) => {
                items.iter_mut().for_each(|value| self.spoil(value));
                match (self.next() % 80, items.first().cloned()) {
                    (0, _) => items.clear(),
                    (1, Some(first)) => items.push(first),
                    _ => {}
                }
            }
            Value::Number(_) if self.one_in(30) => {
                let most = [0, 1, 99, 65_535, u64::from(u32::MAX), u64::MAX];
                *value = most[self.next() as usize % most.len()].into();
            }
            Value::Bool(truth) if self.one_in(30) => *truth = !*truth,
            _ => {}
        }
    }

    /// Spoilt in several places, where what comes out can still be read.
    fn spoilt<T: serde::Serialize + serde::de::DeserializeOwned>(&mut self, whole: &T) -> T {
        let mut value = serde_json::to_value(whole).unwrap();
        for _ in 0..20 {
            let mut next = value.clone();
            self.spoil(&mut next);
            if serde_json::from_value::<T>(next.clone()).is_ok() {
                value = next;
            }
        }
        serde_json::from_value(value).unwrap()
    }
}

#[test]
fn no_evidence_is_too_odd() {
    let mut chances = Chances(7);
    let mut changed = 0;
    for round in 0..120 {
        let case = &CASES[round % CASES.len()];
        let (mut evidence, mut around) = ((case.from)(), world::around());
        (case.with)(&mut evidence, &mut around);
        let odd: Evidence = chances.spoilt(&evidence);
        let odd_around: Surroundings = chances.spoilt(&around);
        changed += usize::from(odd != evidence && odd_around != around);
        judge(&odd, &odd_around);
    }
    assert!(changed > 100, "only {changed} rounds had anything odd");
}

fn judge(odd: &Evidence, around: &Surroundings) {
    survey(around);
    let failed = Evidence {
        outcome: Outcome::Failed,
        ..odd.clone()
    };
    let findings = diagnose(&failed, around);
    assert!(!findings.is_empty());
    assert!(
        findings.is_sorted_by(|a, b| a.confidence >= b.confidence || a.cause.number().is_none())
    );
    assert!(
        findings
            .iter()
            .all(|it| it.confidence <= 100 && !it.proof.is_empty())
    );
    let well = Evidence {
        outcome: Outcome::Connected,
        ..odd.clone()
    };
    assert_eq!(diagnose(&well, around), Vec::new());
}
