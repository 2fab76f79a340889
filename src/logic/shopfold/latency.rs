//! How long decisions took, by minute, as a histogram that does not grow.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::counts::MOST_MINUTES;

/// Up to here each millisecond is a bucket; from here on each doubling has so many.
const FINE: u64 = 64;

/// Milliseconds that orders took, counted: to one part in 32, and at most 64 ms exactly.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    buckets: BTreeMap<u16, u64>,
}

impl Histogram {
    pub(super) fn add(&mut self, milliseconds: u64) {
        *self.buckets.entry(bucket(milliseconds)).or_default() += 1;
    }

    /// Both together.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.buckets.values().sum()
    }

    /// The milliseconds within which `part` (0 to 1) of all were decided; `None` when nothing was.
    pub fn within(&self, part: f64) -> Option<u64> {
        let count = self.count();
        let wanted = ((count as f64 * part).ceil() as u64).clamp(1, count.max(1));
        let mut seen = 0;
        self.buckets.iter().find_map(|(bucket, count)| {
            seen += count;
            (seen >= wanted).then(|| greatest(*bucket))
        })
    }
}

fn bucket(milliseconds: u64) -> u16 {
    // A day is long enough to be told from no answer.
    let milliseconds = milliseconds.min(86_400_000);
    if milliseconds < FINE {
        return milliseconds as u16;
    }
    let doublings = milliseconds.ilog2() - FINE.ilog2();
    let within = (milliseconds >> (doublings + 1)) - FINE / 2;
    (FINE + u64::from(doublings) * FINE / 2 + within) as u16
}

/// The greatest milliseconds that fall into a bucket.
fn greatest(bucket: u16) -> u64 {
    let Some(coarse) = u64::from(bucket).checked_sub(FINE) else { return u64::from(bucket) };
    let (doublings, within) = (coarse / (FINE / 2), coarse % (FINE / 2));
    ((within + FINE / 2 + 1) << (doublings + 1)) - 1
}

/// Decisions by the minute in which Kafka took the order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latencies {
    minutes: BTreeMap<i64, Histogram>,
}

impl Latencies {
    /// Counts an order that was taken and decided at these milliseconds since 1970. The latest minutes are kept, so it
    /// does not matter in which order orders come.
    pub(super) fn add(&mut self, ordered_ms: i64, decided_ms: i64) {
        // Two machines' clocks: before it was ordered means at once.
        let took = u64::try_from(decided_ms.saturating_sub(ordered_ms)).unwrap_or(0);
        self.minutes.entry(ordered_ms.div_euclid(60_000)).or_default().add(took);
        if self.minutes.len() > MOST_MINUTES {
            self.minutes.pop_first();
        }
    }

    /// Minutes since 1970, with how long what was ordered in each took.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (i64, &Histogram)> {
        self.minutes.iter().map(|(minute, histogram)| (*minute, histogram))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_bucket_holds_what_is_near(milliseconds in 0_u64..86_400_000) {
            let greatest = greatest(bucket(milliseconds));
            prop_assert!(greatest >= milliseconds, "{greatest}");
            prop_assert!(greatest <= milliseconds + milliseconds / 32, "{greatest}");
        }
    }

    #[test]
    fn parts_are_told_as_of_a_sorted_row() {
        let mut all = Histogram::default();
        (1..=100).for_each(|milliseconds| all.add(milliseconds / 2));
        assert_eq!(
            (all.count(), all.within(0.5), all.within(0.99), all.within(1.0)),
            (100, Some(25), Some(49), Some(50))
        );
        assert_eq!(Histogram::default().within(0.5), None);
        let mut far = Histogram::default();
        far.add(u64::MAX);
        far.merge(&all);
        assert_eq!((far.count(), far.within(0.0)), (101, Some(0)));
    }
}
