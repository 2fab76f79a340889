//! What others wrote, made harmless for a terminal; and numbers for people.

use jiff::Timestamp;
use unicode_width::UnicodeWidthChar as _;

use crate::base::characters::is_obeyed;
use crate::base::language::Language;

/// The text with `·` for each character that a terminal would obey.
pub fn safe(text: &str) -> String {
    text.chars().map(|character| if is_obeyed(character) { '·' } else { character }).collect()
}

/// Somebody's text within ours: whichever way it is written, it turns nothing around it.
pub fn isolated(text: &str) -> String {
    format!("\u{2068}{text}\u{2069}")
}

/// JSON that says the same and can be shown on a terminal: what it would obey stands in texts alone, and is escaped.
pub fn safe_json(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            // Between tokens: what is one line stays one.
            '\n' | '\r' | '\t' => safe.push(' '),
            _ if is_obeyed(character) => safe.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => safe.push(character),
        }
    }
    safe
}

/// Harmless, and in at most so many columns, the last of them `…` when something is missing.
pub fn cut(text: &str, columns: usize) -> String {
    let mut short = String::new();
    let mut used = 0;
    // Where to put the `…` if it does not fit.
    let (mut before_last, mut fits) = (0, true);
    for character in text.chars().map(|character| if is_obeyed(character) { '·' } else { character }) {
        let width = character.width().unwrap_or(0);
        if used + width > columns {
            fits = false;
            break;
        }
        if used + width < columns {
            before_last = short.len() + character.len_utf8();
        }
        short.push(character);
        used += width;
    }
    if !fits {
        short.truncate(before_last);
        short.push('…');
    }
    short
}

/// Columns that the text takes on a terminal.
pub fn width(text: &str) -> usize {
    text.chars().map(|character| character.width().unwrap_or(0)).sum()
}

/// `12,480,113`.
pub fn grouped(number: u64) -> String {
    Language::En.count(number)
}

/// `812 B`, `20.0 MB`: powers of ten, as disks are sold.
pub fn size(bytes: u64) -> String {
    Language::En.size(bytes)
}

/// `2026-11-21 09:41:05` of an RFC 3339 time; harmless whatever it holds.
pub fn second(timestamp: &str) -> String {
    match timestamp.parse::<Timestamp>() {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => cut(timestamp, 19),
    }
}

/// `2026-11-21 09:41:05.123` of milliseconds since 1970; the number itself beyond the calendar.
pub fn millisecond(milliseconds: i64) -> String {
    match Timestamp::from_millisecond(milliseconds) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string(),
        Err(_) => format!("{milliseconds} ms since 1970"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_text_is_harmless_and_short() {
        assert_eq!(safe("\u{1b}[2J\n\u{202e}é"), "·[2J··é");
        assert_eq!((cut("matcha", 6).as_str(), cut("matcha latte", 6).as_str()), ("matcha", "match…"));
        assert_eq!((cut("日本語日本語", 6), cut("日本語", 6)), ("日本…".to_owned(), "日本語".to_owned()));
        assert_eq!((width("日本é"), width(&cut("日本語", 5))), (5, 5));
    }

    #[test]
    fn json_stays_what_it_is_and_becomes_harmless() {
        let json = "{\"a\":\n\"\u{9b}2J\u{202e}é\u{feff}\"}";
        let safe = safe_json(json);
        assert_eq!(safe, "{\"a\": \"\\u009b2J\\u202eé\\ufeff\"}");
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("it is JSON");
        assert_eq!(read(&safe), read(json));
    }

    #[test]
    fn numbers_are_for_people() {
        assert_eq!((grouped(12_480_113).as_str(), size(958).as_str()), ("12,480,113", "958 B"));
        assert_eq!((size(20_000_000).as_str(), size(26_249_000_000).as_str()), ("20.0 MB", "26.2 GB"));
        assert_eq!(second("2026-11-21T09:41:05.999Z"), "2026-11-21 09:41:05");
        assert_eq!(millisecond(1_789_034_400_123), "2026-09-10 10:00:00.123");
        assert_eq!(millisecond(i64::MAX), "9223372036854775807 ms since 1970");
    }
}
