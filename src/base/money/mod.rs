//! Exact decimal money: no amount is ever computed in binary floating point.
//!
//! Outside, money is a plain JSON number (`9.6`, `14`); inside, a decimal of at most 28 digits.
//! Every operation that can leave that range returns [`None`] instead of a wrong amount.
//!
//! ```
//! use ordertrail::base::money::Money;
//!
//! let three_coffees = Money::from_cents(320).checked_multiply(3).unwrap_or_default();
//! assert_eq!(serde_json::to_string(&three_coffees)?, "9.6");
//! assert_eq!(three_coffees.percent(20), Some(Money::from_cents(192)));
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

mod sum;
#[cfg(test)]
mod tests;

pub use sum::Sum;

/// Up to here (2^53) an `f64` holds every integer.
const EXACT_F64_INTEGERS: u64 = 1 << 53;

/// Up to 15 significant digits every decimal has an `f64` of its own; in cents, this many.
const UNAMBIGUOUS_CENTS: f64 = 1e15;

/// Powers of ten that an `f64` holds exactly, so that one division by them rounds only once.
const POWERS_OF_TEN: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// An exact amount of money in some currency, of at most 28 digits.
///
/// Amounts compare by value: `2.5` equals `2.50`. A foreign amount may have more than two
/// decimals; [`Money::round_to_cents`] brings it to the cent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(Decimal);

impl Money {
    /// No money.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// The amount of so many hundredths: `from_cents(960)` is 9.60.
    #[must_use]
    pub fn from_cents(cents: i64) -> Self {
        Self(Decimal::new(cents, 2))
    }

    /// How many hundredths it is, when it is kept as such and fits.
    #[must_use]
    pub fn cents(self) -> Option<i64> {
        i64::try_from(self.0.mantissa()).ok().filter(|_| self.0.scale() == 2)
    }

    /// How many hundredths it is, rounded to them.
    fn whole_cents(self) -> i128 {
        let rounded = self.round_to_cents().0;
        // At most 29 digits and two more: an i128 has 38.
        rounded.mantissa()
            * if rounded.scale() == 0 {
                100
            } else if rounded.scale() == 1 {
                10
            } else {
                1
            }
    }

    /// The sum, or [`None`] when it has more than 28 digits before the decimal point.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// This amount so many times, or [`None`] when the product is out of range.
    #[must_use]
    pub fn checked_multiply(self, quantity: i64) -> Option<Self> {
        self.0.checked_mul(Decimal::from(quantity)).map(Self)
    }

    /// So many percent of this amount, to the cent, a half cent away from zero;
    /// [`None`] when the product is out of range.
    #[must_use]
    pub fn percent(self, percent: u32) -> Option<Self> {
        let rate = Decimal::new(i64::from(percent), 2);
        Some(Self(self.0.checked_mul(rate)?).round_to_cents())
    }

    /// The nearest amount of whole cents, a half cent away from zero (0.125 gives 0.13).
    #[must_use]
    pub fn round_to_cents(self) -> Self {
        if self.0.scale() <= 2 {
            return self;
        }
        let strategy = RoundingStrategy::MidpointAwayFromZero;
        Self(self.0.round_dp_with_strategy(2, strategy))
    }

    /// The amount that this `f64` is written as, exactly; [`None`] when it is not finite or has
    /// more than 28 digits before the decimal point.
    ///
    /// JSON readers hand numbers over as `f64`; the shortest decimal text that means the same
    /// `f64` is what the sender wrote, up to 15 digits.
    fn from_f64(number: f64) -> Option<Self> {
        let cents = (number * 100.0).round();
        // Nearly every amount is one of whole cents. Dividing the exact integer by 100 rounds once,
        // so it gives back `number` only when `number` is the nearest `f64` to that many cents.
        if cents.abs() < UNAMBIGUOUS_CENTS && cents / 100.0 == number {
            return Some(Self::from_cents(cents as i64));
        }
        // The limit also keeps the text below short: 1e308 would be 309 digits.
        if !number.is_finite() || number.abs() >= 1e29 {
            return None;
        }
        number.to_string().parse().ok().map(Self)
    }

    /// The nearest `f64`, whose shortest decimal text is this amount up to 15 digits.
    fn to_f64(normalized: Decimal) -> Option<f64> {
        let mantissa = normalized.mantissa();
        if mantissa.unsigned_abs() < u128::from(EXACT_F64_INTEGERS)
            && let Some(power) = POWERS_OF_TEN.get(normalized.scale() as usize)
        {
            return Some(mantissa as f64 / power);
        }
        normalized.to_string().parse().ok()
    }
}

/// Two places: `9.60`. Width and sign flags are respected.
impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Rounded first: the decimal's own `{:.2}` cuts digits off.
        let rounded = self.round_to_cents().0;
        let digits = format!("{:.2}", rounded.abs());
        let positive = rounded.is_zero() || rounded.is_sign_positive();
        formatter.pad_integral(positive, "", &digits)
    }
}

/// A plain JSON number: an integer when whole (`14`), else the shortest decimal (`9.6`).
///
/// An amount that is not whole and has more than 15 digits is written as the nearest `f64`.
impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let normalized = self.0.normalize();
        if normalized.scale() == 0 {
            let whole = normalized.mantissa();
            return match i64::try_from(whole) {
                Ok(small) => serializer.serialize_i64(small),
                Err(_) => serializer.serialize_i128(whole),
            };
        }
        match Self::to_f64(normalized) {
            Some(number) => serializer.serialize_f64(number),
            None => Err(serde::ser::Error::custom("number out of range")),
        }
    }
}

/// Any number; a string is not one.
impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not `deserialize_f64`: there a string's whole text would go into the error.
        deserializer.deserialize_any(AmountVisitor)
    }
}

struct AmountVisitor;

impl de::Visitor<'_> for AmountVisitor {
    type Value = Money;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Money, E> {
        Ok(Money(Decimal::from(number)))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Money, E> {
        Ok(Money(Decimal::from(number)))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Money, E> {
        Money::from_f64(number).ok_or_else(|| E::custom("number out of range"))
    }

    // Without the text: a hostile one may be megabytes long.
    fn visit_str<E: de::Error>(self, _text: &str) -> Result<Money, E> {
        Err(E::invalid_type(de::Unexpected::Other("string"), &self))
    }
}
