//! Numbers that look random and never repeat: a count, shuffled by a fixed map that is one to one.

/// So many numbers have the shape `dddd-dddd`.
const NUMBERS: u64 = 100_000_000;

/// Odd and no multiple of five: it has no factor in common with [`NUMBERS`], so no two counts meet.
const FACTOR: u64 = 38_196_601;

/// The number of the order that is the `count`-th of a store, from 0. `salt` is that of the store.
pub fn order_number(count: u64, salt: u64) -> String {
    numbered("WL", count, salt)
}

/// The id of the confirmation that is the `count`-th of a store.
pub fn confirmation_id(count: u64, salt: u64) -> String {
    numbered("DM", count, salt)
}

fn numbered(letters: &str, count: u64, salt: u64) -> String {
    let shuffled = ((count % NUMBERS) * FACTOR + salt % NUMBERS) % NUMBERS;
    let (high, low) = (shuffled / 10_000, shuffled % 10_000);
    match count / NUMBERS {
        0 => format!("{letters}-{high:04}-{low:04}"),
        // After a hundred million the numbers begin again, with one figure more.
        round => format!("{letters}-{high:04}-{low:04}-{round}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    use proptest::prelude::*;

    #[test]
    fn no_number_comes_twice() {
        let mut seen = HashSet::new();
        let counts = (0..100_000).chain(NUMBERS - 1_000..NUMBERS + 1_000);
        assert!(counts.map(|count| order_number(count, 12_345)).all(|number| seen.insert(number)));
        assert_eq!(order_number(0, 7), "WL-0000-0007");
        assert_eq!(confirmation_id(1, 0), "DM-3819-6601");
    }

    proptest! {
        #[test]
        fn two_counts_have_two_numbers(one in 0..3 * NUMBERS, other in 0..3 * NUMBERS, salt: u64) {
            prop_assert_eq!(one == other, order_number(one, salt) == order_number(other, salt));
        }
    }
}
