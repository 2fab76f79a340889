//! One figure over the last hour, in buckets of time.

use std::collections::VecDeque;

/// How long a bucket is, in milliseconds.
pub const BUCKET_MS: i64 = 15_000;

/// How many buckets are kept: an hour.
pub const BUCKETS: usize = 240;

/// One figure over the last hour.
#[derive(Clone, Debug, Default)]
pub(super) struct Past {
    /// The number of the newest bucket, counted from 1970.
    newest: i64,
    /// The bucket in which the watch began; of it only a part was seen.
    first: Option<i64>,
    values: VecDeque<Option<f64>>,
}

impl Past {
    /// The figure as it is now; the last of a bucket counts.
    pub(super) fn set(&mut self, at_ms: i64, value: f64) {
        if let Some(newest) = self.bucket(at_ms) {
            *newest = Some(value);
        }
    }

    /// So much more came since the look before.
    pub(super) fn add(&mut self, at_ms: i64, more: f64) {
        let first = *self.first.get_or_insert(at_ms.div_euclid(BUCKET_MS));
        if let Some(newest) = self.bucket(at_ms).filter(|_| at_ms.div_euclid(BUCKET_MS) != first) {
            *newest = Some(newest.unwrap_or(0.0) + more);
        }
    }

    /// The finished buckets before `now_ms`, the oldest first.
    pub(super) fn finished(&self, now_ms: i64) -> Vec<Option<f64>> {
        let running = now_ms.div_euclid(BUCKET_MS);
        let missing = usize::try_from(running - 1 - self.newest).unwrap_or(0).min(BUCKETS);
        let of_old = self.values.iter().copied().take(if running <= self.newest {
            self.values.len().saturating_sub(1)
        } else {
            self.values.len()
        });
        let all: Vec<Option<f64>> = of_old.chain(std::iter::repeat_n(None, missing)).collect();
        all.into_iter().skip_while(Option::is_none).collect()
    }

    fn bucket(&mut self, at_ms: i64) -> Option<&mut Option<f64>> {
        let bucket = at_ms.div_euclid(BUCKET_MS);
        // The first one, or a clock that was set: what was before has no place on it.
        if self.values.is_empty() || bucket < self.newest || bucket - self.newest > BUCKETS as i64 {
            self.values.clear();
            self.newest = bucket - 1;
        }
        while self.newest < bucket {
            self.newest += 1;
            self.values.push_back(None);
            if self.values.len() > BUCKETS {
                self.values.pop_front();
            }
        }
        self.values.back_mut()
    }
}
