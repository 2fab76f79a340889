//! Sums of money that never overflow in practice and never depend on the order of their parts.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::Money;

/// A sum of amounts, each taken to the cent. It has room for 10^8 amounts of the largest there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sum {
    cents: i128,
}

impl Sum {
    /// Adds an amount.
    pub fn add(&mut self, amount: Money) {
        self.cents = self.cents.saturating_add(amount.whole_cents());
    }

    /// Adds another sum.
    pub fn add_sum(&mut self, other: Self) {
        self.cents = self.cents.saturating_add(other.cents);
    }

    /// What is left without a part of it.
    #[must_use]
    pub fn without(self, part: Self) -> Self {
        Self { cents: self.cents.saturating_sub(part.cents) }
    }

    /// Whole cents.
    #[must_use]
    pub fn cents(self) -> i128 {
        self.cents
    }

    /// The nearest `f64`, in whole money.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.cents as f64 / 100.0
    }
}

impl From<Money> for Sum {
    fn from(amount: Money) -> Self {
        Self { cents: amount.whole_cents() }
    }
}

/// Two places and groups of three digits: `35,120.00`.
impl fmt::Display for Sum {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = self.cents.unsigned_abs();
        let whole = (cents / 100).to_string();
        let mut text = String::with_capacity(whole.len() * 2);
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        formatter.pad_integral(self.cents >= 0, "", &format!("{text}.{:02}", cents % 100))
    }
}

/// Whole cents as a text: a JSON number of so many digits is cut by many readers.
impl Serialize for Sum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.cents)
    }
}

impl<'de> Deserialize<'de> for Sum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let cents = String::deserialize(deserializer)?.parse().map_err(|_| D::Error::custom("no number of cents"))?;
        Ok(Self { cents })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sums_are_shown_to_the_cent_in_groups() {
        let mut sum = Sum::default();
        assert_eq!(sum.to_string(), "0.00");
        for cents in [5, 99_995, 123_456_700_000] {
            sum.add(Money::from_cents(cents));
        }
        assert_eq!(format!("{sum:>18}"), "  1,234,568,000.00");
        assert_eq!(Sum { cents: -123_456 }.to_string(), "-1,234.56");
    }

    #[test]
    fn the_largest_amounts_have_room_beside_the_smallest() {
        let largest: Money = serde_json::from_str("9999999999999999999999999").expect("an amount");
        let mut sum = Sum::default();
        for _ in 0..1_000 {
            sum.add(largest);
        }
        let before = sum;
        sum.add(Money::from_cents(1));
        assert_eq!(sum.cents() - before.cents(), 1);
    }

    proptest! {
        #[test]
        fn any_order_gives_the_same_sum_and_it_comes_back(mut cents: Vec<i64>) {
            let total = |cents: &[i64]| {
                let mut sum = Sum::default();
                cents.iter().for_each(|cents| sum.add(Money::from_cents(*cents)));
                sum
            };
            let one = total(&cents);
            cents.reverse();
            prop_assert_eq!(one, total(&cents));
            let json = serde_json::to_string(&one).unwrap();
            prop_assert_eq!(serde_json::from_str::<Sum>(&json).unwrap(), one);
        }
    }
}
