//! Messages by second and by minute.

/// Messages of one span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// All of them.
    pub received: u32,
    /// Of these, what was not expected.
    pub invalid: u32,
}

/// Messages by second for more than two hours, and by minute for more than a day, before the newest of
/// them. They may come in any order of time.
#[derive(Clone, Debug)]
pub struct Buckets {
    seconds: Ring,
    minutes: Ring,
    complete_since_ms: Option<i64>,
}

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60_000;

impl Default for Buckets {
    fn default() -> Self {
        Self {
            // 240 columns of 30 s, and the running one.
            seconds: Ring::new(SECOND_MS, 7_300),
            minutes: Ring::new(MINUTE_MS, 1_500),
            complete_since_ms: None,
        }
    }
}

impl Buckets {
    /// A time that lies further in the future is a mistake, and would push out what is true.
    pub const FUTURE_MS: i64 = 2 * MINUTE_MS;

    /// Counts one message. One older than what is kept, or of the far future, is left out.
    pub fn add(&mut self, time_ms: i64, is_invalid: bool, now_ms: i64) {
        let newest_ms = now_ms.saturating_add(Self::FUTURE_MS);
        if time_ms <= newest_ms {
            self.seconds.add(time_ms, is_invalid, newest_ms);
            self.minutes.add(time_ms, is_invalid, newest_ms);
        }
    }

    /// What came from `from_ms` to before `to_ms`; both are taken to the second at or before them.
    pub fn between(&self, from_ms: i64, to_ms: i64) -> Count {
        self.seconds.between(from_ms, to_ms)
    }

    /// The same in whole minutes, which reach further back.
    pub fn between_minutes(&self, from_ms: i64, to_ms: i64) -> Count {
        self.minutes.between(from_ms, to_ms)
    }

    /// Whether everything from `from_ms` on was counted here, by second.
    pub fn is_complete_from(&self, from_ms: i64) -> bool {
        self.complete_since_ms.is_some_and(|since| since <= from_ms) && self.seconds.reaches(from_ms)
    }

    /// Whether everything from `from_ms` on was counted here, by minute.
    pub fn is_complete_from_minute(&self, from_ms: i64) -> bool {
        self.complete_since_ms.is_some_and(|since| since <= from_ms) && self.minutes.reaches(from_ms)
    }

    /// Since when every message was counted, in milliseconds since 1970-01-01 UTC; `None` while unknown.
    pub fn complete_since_ms(&self) -> Option<i64> {
        self.complete_since_ms
    }

    /// Every message from this time on was counted; it only ever moves back.
    pub fn set_complete_since(&mut self, time_ms: i64) {
        let before = self.complete_since_ms.unwrap_or(i64::MAX);
        self.complete_since_ms = Some(time_ms.min(before));
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Counts of equal spans, the newest so many.
#[derive(Clone, Debug)]
struct Ring {
    span_ms: i64,
    /// Each with its number since 1970, at the place of that number's remainder.
    slots: Vec<Option<(i64, Count)>>,
    newest: i64,
}

impl Ring {
    fn new(span_ms: i64, spans: usize) -> Self {
        Self { span_ms, slots: vec![None; spans], newest: i64::MIN }
    }

    fn place(&self, number: i64) -> usize {
        let length = i64::try_from(self.slots.len()).unwrap_or(i64::MAX);
        usize::try_from(number.rem_euclid(length)).unwrap_or(0)
    }

    /// Whether a span of that number would still be kept.
    fn keeps(&self, number: i64) -> bool {
        let length = i64::try_from(self.slots.len()).unwrap_or(i64::MAX);
        self.newest.saturating_sub(number) < length
    }

    fn reaches(&self, time_ms: i64) -> bool {
        self.newest == i64::MIN || self.keeps(time_ms.div_euclid(self.span_ms))
    }

    fn add(&mut self, time_ms: i64, is_invalid: bool, newest_ms: i64) {
        let number = time_ms.div_euclid(self.span_ms);
        if self.newest > newest_ms.div_euclid(self.span_ms) {
            // The clock was set back: what lies in the future now would keep out the present.
            self.newest = number;
        }
        self.newest = self.newest.max(number);
        if !self.keeps(number) {
            return;
        }
        let newest = self.newest;
        let place = self.place(number);
        let Some(slot) = self.slots.get_mut(place) else { return };
        let mut count = match slot {
            Some((other, count)) if *other == number => *count,
            // Nothing is kept that is older than what is added, or lies in the future.
            Some((other, _)) if *other > number && *other <= newest => return,
            _ => Count::default(),
        };
        count.received = count.received.saturating_add(1);
        count.invalid = count.invalid.saturating_add(u32::from(is_invalid));
        *slot = Some((number, count));
    }

    fn between(&self, from_ms: i64, to_ms: i64) -> Count {
        let numbers = from_ms.div_euclid(self.span_ms)..to_ms.div_euclid(self.span_ms);
        let mut sum = Count::default();
        for number in numbers.start.max(numbers.end.saturating_sub(self.slots.len() as i64))..numbers.end {
            if let Some(Some((other, count))) = self.slots.get(self.place(number))
                && *other == number
            {
                sum.received = sum.received.saturating_add(count.received);
                sum.invalid = sum.invalid.saturating_add(count.invalid);
            }
        }
        sum
    }
}
