//! Chance that can be had again: a generator whose seed is told.

use std::time::{SystemTime, UNIX_EPOCH};

/// Numbers from a seed (SplitMix64).
pub(crate) struct Chance(u64);

impl Chance {
    /// From the environment variable `name`, or from the clock; says which seed it is.
    pub(crate) fn seeded(name: &str) -> Chance {
        let given = std::env::var(name).ok().and_then(|text| text.parse().ok());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
        let seed = given.unwrap_or(now.as_secs());
        eprintln!("{name}={seed}");
        Chance(seed)
    }

    /// From a seed that another one gave.
    pub(crate) fn from_seed(seed: u64) -> Chance {
        Chance(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Less than `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// The same things in an order of its own.
    pub(crate) fn shuffled<T>(&mut self, mut things: Vec<T>) -> Vec<T> {
        for at in (1..things.len()).rev() {
            let other = usize::try_from(self.below(at as u64 + 1)).expect("an index");
            things.swap(at, other);
        }
        things
    }
}
