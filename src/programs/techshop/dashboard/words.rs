//! Figures as the pages write them, and what is hidden of people.

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

/// A number that may be below zero.
pub(super) fn count(language: Language, number: i64) -> String {
    let sign = if number < 0 { "−" } else { "" };
    format!("{sign}{}", language.count(number.unsigned_abs()))
}

/// `44 ms`.
pub(super) fn milliseconds(language: Language, milliseconds: i64) -> String {
    format!("{}{}ms", count(language, milliseconds), language.space())
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

/// `al•••@email.com`: whose it is can be guessed by who knows them, and by nobody else.
pub(super) fn masked(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((name, host)) => format!("{}•••@{host}", name.chars().take(2).collect::<String>()),
        None if address.is_empty() => String::new(),
        None => format!("{}•••", address.chars().take(2).collect::<String>()),
    }
}

/// Somebody's text within ours: whichever way it is written, it turns nothing around it.
pub(super) fn isolated(text: &str) -> String {
    format!("\u{2068}{text}\u{2069}")
}

/// A text in which every address is [`masked`], whichever member it stands in: a message that was refused may have them
/// anywhere.
pub(super) fn without_addresses(text: &str) -> String {
    let is_part = |letter: char| !letter.is_whitespace() && !"\"'<>()[]{},:;/\\".contains(letter);
    let mut hidden = String::with_capacity(text.len());
    let mut pieces = text.split('@').peekable();
    while let Some(piece) = pieces.next() {
        let Some(next) = pieces.peek() else {
            hidden.push_str(piece);
            break;
        };
        let name = piece.char_indices().rev().take_while(|(_, letter)| is_part(*letter)).last();
        match name.filter(|_| next.starts_with(is_part)).and_then(|(begin, _)| piece.split_at_checked(begin)) {
            Some((before, name)) => {
                hidden.push_str(before);
                hidden.extend(name.chars().take(2));
                hidden.push_str("•••@");
            }
            None => {
                hidden.push_str(piece);
                hidden.push('@');
            }
        }
    }
    hidden
}

/// JSON in which a text that is just `value` is [`masked`], also within JSON that is itself a text.
pub(super) fn without_value(json: &str, value: &str) -> String {
    if value.is_empty() {
        return json.to_owned();
    }
    let hidden = masked(value);
    let json = json.replace(&format!("\"{value}\""), &format!("\"{hidden}\""));
    json.replace(&format!("\\\"{value}\\\""), &format!("\\\"{hidden}\\\""))
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
    fn people_are_hidden_and_ids_are_short() {
        assert_eq!(masked("alice.martin@email.com"), "al•••@email.com");
        assert_eq!((masked("x"), masked(""), masked("é@b@c")), ("x•••".into(), String::new(), "é@•••@c".into()));
        assert_eq!(short_id("ORD-1234"), "ORD-1234");
        assert_eq!(short_id("ORD-019a6f2e-a20b-7c31-8d00-1234567890ab"), "ORD-…567890ab");
        assert_eq!(short_id(&"é".repeat(40)), format!("…{}", "é".repeat(8)));
    }

    #[test]
    fn no_address_of_a_message_is_left() {
        for (text, hidden) in [
            (r#"{"customer_email": "alice@email.com"}"#, r#"{"customer_email": "al•••@email.com"}"#),
            (
                r#"{"raw": "{\"to\":\"bob@b.c\",\"cc\":[\"é@ü.eu\"]"}"#,
                r#"{"raw": "{\"to\":\"bo•••@b.c\",\"cc\":[\"é•••@ü.eu\"]"}"#,
            ),
            ("call <zoe@shop.example> or a@b@c", "call <zo•••@shop.example> or a•••@b•••@c"),
            ("@home, at @ five, x@ y", "@home, at @ five, x@ y"),
            ("", ""),
        ] {
            assert_eq!(without_addresses(text), hidden);
        }
    }

    #[test]
    fn a_short_name_is_hidden_only_where_it_is_the_whole_text() {
        let json = r#"{"customer_id": "a", "name": "banana", "raw": "{\"customer_id\":\"a\"}"}"#;
        let hidden = r#"{"customer_id": "a•••", "name": "banana", "raw": "{\"customer_id\":\"a•••\"}"}"#;
        assert_eq!((without_value(json, "a"), without_value(json, "")), (hidden.to_owned(), json.to_owned()));
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
