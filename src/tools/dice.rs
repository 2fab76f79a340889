//! Random numbers for ids: fast, and the same again with the same seed.
//!
//! Not for secrets. Two SplitMix64 streams (Steele, Lea and Flood, OOPSLA 2014) give the 128 bits
//! of an id; asking the operating system for each would be a system call an order.

use uuid::{Builder, Uuid};

/// The odd constant that SplitMix64 steps by.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A source of ids.
#[derive(Debug)]
pub struct Dice {
    high: u64,
    low: u64,
}

impl Dice {
    /// Random from 128 bits of the operating system's, or the same ids for the same seed.
    pub fn new(seed: Option<u64>) -> Self {
        match seed {
            // Far apart in the one cycle that both streams run through.
            Some(seed) => Self { high: seed, low: mix(seed ^ STEP) },
            None => {
                let (high, low) = Uuid::new_v4().as_u64_pair();
                // Six of its bits are fixed; another id's fill them up.
                let (more_high, more_low) = Uuid::new_v4().as_u64_pair();
                Self { high: high ^ more_high.rotate_left(32), low: low ^ more_low.rotate_left(32) }
            }
        }
    }

    /// A number of 64 random bits that is not zero.
    pub fn number(&mut self) -> u64 {
        loop {
            self.low = self.low.wrapping_add(STEP);
            match mix(self.low) {
                0 => {}
                number => return number,
            }
        }
    }

    /// A random (version 4) UUID.
    pub fn uuid(&mut self) -> Uuid {
        self.high = self.high.wrapping_add(STEP);
        let bits = (u128::from(mix(self.high)) << 64) | u128::from(self.number());
        Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
    }
}

fn mix(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ids_and_another_seed_others() {
        let ids = |seed| {
            let mut dice = Dice::new(seed);
            (0..1_000).map(|_| dice.uuid()).collect::<Vec<_>>()
        };
        assert_eq!(ids(Some(7)), ids(Some(7)));
        let all: HashSet<Uuid> =
            [ids(Some(0)), ids(Some(7)), ids(Some(8)), ids(None), ids(None)].into_iter().flatten().collect();
        assert_eq!(all.len(), 5_000, "no id twice");
        assert!(all.iter().all(|id| id.get_version_num() == 4));
    }
}
