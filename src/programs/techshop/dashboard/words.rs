//! Figures as the pages write them.

use jiff::Timestamp;

use crate::base::language::Language;
use crate::base::money::Sum;
use crate::doors::web::Piece;

/// What is not known.
pub(super) const UNKNOWN: &str = "–";

/// `€191,796.00`, `191 796,00 €`.
pub(super) fn money(language: Language, sum: Sum) -> String {
    let cents = sum.cents();
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    language.money(&format!("{sign}{}.{:02}", cents / 100, cents % 100), "EUR")
}

/// `10.1 %`; nothing is nothing of anything.
pub(super) fn percent(language: Language, part: f64, whole: f64) -> String {
    let percent = if whole > 0.0 { 100.0 * part / whole } else { 0.0 };
    format!("{}{}%", language.decimal(percent, 1), language.space())
}

/// `44 ms`.
pub(super) fn milliseconds(language: Language, milliseconds: i64) -> String {
    format!("{}{}ms", language.signed(milliseconds), language.space())
}

/// `09:41:03` of a moment in UTC, which browsers show in their own zone.
pub(super) fn time(at_ms: Option<i64>) -> Piece {
    moment(at_ms, "%H:%M:%S")
}

/// `09:41`.
pub(super) fn minute(at_ms: i64) -> Piece {
    moment(Some(at_ms), "%H:%M")
}

/// `09:41:03.118`.
pub(super) fn exact_time(at_ms: Option<i64>) -> Piece {
    moment(at_ms, "%H:%M:%S%.3f")
}

fn moment(at_ms: Option<i64>, format: &str) -> Piece {
    match at_ms.and_then(|at_ms| Some((at_ms, Timestamp::from_millisecond(at_ms).ok()?))) {
        Some((at_ms, at)) => Piece::from(at.strftime(format).to_string()).at(at_ms),
        None => UNKNOWN.into(),
    }
}

/// The text, or a dash for one that is empty.
pub(super) fn or_unknown(text: &str) -> &str {
    if text.is_empty() { UNKNOWN } else { text }
}

/// `ORD-…a20b`: long ids by their ends.
pub(super) fn short_id(id: &str) -> String {
    let all: Vec<char> = id.chars().collect();
    match all.len() {
        0 => UNKNOWN.to_owned(),
        1..=16 => id.to_owned(),
        many => {
            let end: String = all.iter().skip(many - 8).collect();
            let begin = if id.starts_with("ORD-") { "ORD-" } else { "" };
            format!("{begin}…{end}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short() {
        assert_eq!(short_id("ORD-1234"), "ORD-1234");
        assert_eq!(short_id("ORD-019a6f2e-a20b-7c31-8d00-1234567890ab"), "ORD-…567890ab");
        assert_eq!(short_id(&"é".repeat(40)), format!("…{}", "é".repeat(8)));
    }

    #[test]
    fn each_language_has_its_figures() {
        let sum = Sum::from(crate::base::money::Money::from_cents(19_179_605));
        assert_eq!(money(Language::En, sum), "€191,796.05");
        assert_eq!(money(Language::Fr, sum), "191\u{a0}796,05\u{a0}€");
        assert_eq!(
            (percent(Language::En, 1.0, 8.0), percent(Language::En, 0.0, 0.0)),
            ("12.5 %".into(), "0.0 %".into())
        );
        assert_eq!(time(Some(1_732_268_463_000)).text, "09:41:03");
        assert_eq!(time(None).text, "–");
        assert_eq!(milliseconds(Language::Fr, -1_200), "−1\u{a0}200\u{a0}ms");
    }
}
