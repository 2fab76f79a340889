//! Counts by name, by minute and by reason, each bounded.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::base::money::Sum;

/// So many different names are counted each by itself, the rest together.
pub(super) const MOST_NAMES: usize = 1_000;

/// Names and reasons are known by so many characters.
const MOST_CHARACTERS: usize = 120;

/// So many minutes are counted each by itself, the latest: a day.
pub(super) const MOST_MINUTES: usize = 1_440;

/// Orders, their pieces and what they bring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// How many.
    pub orders: u64,
    /// Pieces in them.
    pub pieces: u64,
    /// The sum of their totals.
    pub revenue: Sum,
}

impl Counted {
    pub(super) fn add(&mut self, more: Self) {
        self.orders += more.orders;
        self.pieces = self.pieces.saturating_add(more.pieces);
        self.revenue.add_sum(more.revenue);
    }

    /// What is left without a part of it.
    pub(super) fn without(self, part: Self) -> Self {
        Self {
            orders: self.orders.saturating_sub(part.orders),
            pieces: self.pieces.saturating_sub(part.pieces),
            revenue: self.revenue.without(part.revenue),
        }
    }
}

/// The text, cut to what a name is known by: one that ends with `…` is longer.
pub(super) fn short(text: &str) -> String {
    if text.char_indices().nth(MOST_CHARACTERS).is_none() {
        return text.to_owned();
    }
    text.chars().take(MOST_CHARACTERS - 1).chain(['…']).collect()
}

/// Counts by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breakdown {
    names: BTreeMap<String, Counted>,
    others: Counted,
}

impl Breakdown {
    pub(super) fn add(&mut self, name: &str, more: Counted) {
        let name = short(name);
        let is_full = self.names.len() >= MOST_NAMES;
        match self.names.get_mut(&name) {
            Some(counted) => counted.add(more),
            None if is_full => self.others.add(more),
            None => {
                self.names.insert(name, more);
            }
        }
    }

    /// Names that are counted by themselves, in no particular order.
    pub fn names(&self) -> impl Iterator<Item = (&str, Counted)> {
        self.names.iter().map(|(name, counted)| (name.as_str(), *counted))
    }

    /// What has one of the names for which there was no room.
    pub fn others(&self) -> Counted {
        self.others
    }

    /// The names that brought most first; those for which there was no room last, as `other`.
    pub fn ranked(&self) -> Vec<(&str, Counted)> {
        let mut all: Vec<(&str, Counted)> = self.names().collect();
        all.sort_by(|(one, a), (other, b)| (b.revenue, b.orders).cmp(&(a.revenue, a.orders)).then(one.cmp(other)));
        if self.others.orders > 0 {
            all.push(("other", self.others));
        }
        all
    }
}

/// Counts by minute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Minutes {
    minutes: BTreeMap<i64, Counted>,
    earlier: Counted,
}

impl Minutes {
    /// The latest minutes are kept, and so it does not matter in which order orders come.
    pub(super) fn add(&mut self, timestamp: &str, more: Counted) {
        self.add_at(minute(timestamp), more);
    }

    /// The same at milliseconds since 1970, if they are known.
    pub(super) fn add_ms(&mut self, at_ms: Option<i64>, more: Counted) {
        self.add_at(at_ms.map(|at_ms| at_ms.div_euclid(60_000)), more);
    }

    fn add_at(&mut self, minute: Option<i64>, more: Counted) {
        let Some(minute) = minute else {
            self.earlier.add(more);
            return;
        };
        self.minutes.entry(minute).or_default().add(more);
        if self.minutes.len() > MOST_MINUTES
            && let Some((_, oldest)) = self.minutes.pop_first()
        {
            self.earlier.add(oldest);
        }
    }

    /// Minutes since 1970-01-01 UTC, with what was ordered in each; minutes without orders are left out.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (i64, Counted)> {
        self.minutes.iter().map(|(minute, counted)| (*minute, *counted))
    }

    /// What is older than the minutes that are kept.
    pub fn earlier(&self) -> Counted {
        self.earlier
    }
}

/// The minute of a moment in ISO 8601; one without a zone is taken as UTC.
fn minute(timestamp: &str) -> Option<i64> {
    let zoned = timestamp.parse::<Timestamp>().ok();
    let civil = || timestamp.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    // Milliseconds, since seconds are rounded towards 1970.
    Some(zoned.or_else(civil)?.as_millisecond().div_euclid(60_000))
}

/// Counts by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reasons {
    reasons: BTreeMap<String, u64>,
    others: u64,
}

impl Reasons {
    pub(super) fn add(&mut self, reason: &str) {
        let reason = without_numbers(reason);
        let is_full = self.reasons.len() >= MOST_NAMES;
        match self.reasons.get_mut(&reason) {
            Some(count) => *count += 1,
            None if is_full => self.others += 1,
            None => {
                self.reasons.insert(reason, 1);
            }
        }
    }

    /// The most frequent first; those for which there was no room last, as `other`.
    pub fn ranked(&self) -> Vec<(&str, u64)> {
        let mut all: Vec<(&str, u64)> = self.reasons.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
        all.sort_by(|(one, a), (other, b)| b.cmp(a).then(one.cmp(other)));
        if self.others > 0 {
            all.push(("other", self.others));
        }
        all
    }
}

/// The reason with `#` for each number, so that "3 available, 5 asked for" is one reason and not many.
fn without_numbers(reason: &str) -> String {
    let mut text = String::with_capacity(reason.len().min(4 * MOST_CHARACTERS));
    let mut is_number = false;
    for character in reason.chars().take(4 * MOST_CHARACTERS) {
        let is_digit = character.is_ascii_digit();
        if is_digit && !is_number && !text.ends_with(|before: char| before.is_alphanumeric() || before == '_') {
            text.push('#');
            is_number = true;
        } else if !(is_number && (is_digit || character == '.')) {
            is_number = false;
            text.push(character);
        }
    }
    short(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_make_no_reason_of_their_own() {
        assert_eq!(
            without_numbers("not enough stock: 3 available, 15 asked for"),
            "not enough stock: # available, # asked for"
        );
        assert_eq!(
            without_numbers("total 10.50 is not price 4 times quantity 3"),
            "total # is not price # times quantity #"
        );
        assert_eq!(without_numbers("there is no product P999"), "there is no product P999");
        let long = without_numbers(&"x".repeat(1_000_000));
        assert_eq!((long.chars().count(), long.chars().last()), (MOST_CHARACTERS, Some('…')));
        assert_eq!(short(&"é".repeat(MOST_CHARACTERS)), "é".repeat(MOST_CHARACTERS));
    }

    #[test]
    fn a_minute_is_one_of_utc() {
        assert_eq!(minute("1970-01-01T00:01:59.999Z"), Some(1));
        assert_eq!(minute("1970-01-01T00:01:59.999"), Some(1));
        assert_eq!(minute("1970-01-01T02:00:00+02:00"), Some(0));
        assert_eq!(minute("1969-12-31T23:59:59Z"), Some(-1));
        assert_eq!(minute("soon"), None);
    }
}
