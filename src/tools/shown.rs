//! What others wrote, made harmless for a terminal; and numbers for people.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::mem;

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
            _ => push_escaped(&mut safe, character),
        }
    }
    safe
}

/// The character, or what JSON writes for one that a terminal would obey.
fn push_escaped(text: &mut String, character: char) {
    if !is_obeyed(character) {
        text.push(character);
        return;
    }
    for unit in character.encode_utf16(&mut [0; 2]) {
        // A String takes whatever is written.
        let _never_fails = write!(text, "\\u{unit:04x}");
    }
}

/// A terminal, for texts that are given as others wrote them: what it would obey comes there as JSON escapes it, so
/// JSON says the same, and bytes that are not UTF-8 as U+FFFD. Line feeds and tabs stay; a CR, which JSON allows between
/// tokens alone, becomes a space.
#[derive(Debug)]
pub struct HarmlessWriter<W: Write> {
    terminal: W,
    /// The beginning of a character of which the rest has not come: at most three bytes.
    begun: Vec<u8>,
}

impl<W: Write> HarmlessWriter<W> {
    /// Before this terminal.
    pub fn new(terminal: W) -> Self {
        Self { terminal, begun: Vec::new() }
    }
}

impl<W: Write> Write for HarmlessWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = mem::take(&mut self.begun);
        all.extend_from_slice(bytes);
        let mut text = String::with_capacity(all.len());
        let mut chunks = all.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            for character in chunk.valid().chars() {
                match character {
                    '\n' | '\t' => text.push(character),
                    '\r' => text.push(' '),
                    _ => push_escaped(&mut text, character),
                }
            }
            let is_begun = || str::from_utf8(chunk.invalid()).is_err_and(|error| error.error_len().is_none());
            match chunk.invalid() {
                [] => {}
                begun if chunks.peek().is_none() && is_begun() => self.begun = begun.to_vec(),
                _ => text.push(char::REPLACEMENT_CHARACTER),
            }
        }
        self.terminal.write_all(text.as_bytes())?;
        Ok(bytes.len())
    }

    /// After it nothing more comes of a character that was begun.
    fn flush(&mut self) -> io::Result<()> {
        if !mem::take(&mut self.begun).is_empty() {
            self.terminal.write_all("\u{fffd}".as_bytes())?;
        }
        self.terminal.flush()
    }
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
        let json = "{\"a\":\n\"\u{9b}2J\u{202e}é\u{feff}\u{e0041}\"}";
        let safe = safe_json(json);
        assert_eq!(safe, "{\"a\": \"\\u009b2J\\u202eé\\ufeff\\udb40\\udc41\"}");
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("it is JSON");
        assert_eq!(read(&safe), read(json));
    }

    #[test]
    fn what_comes_in_pieces_is_harmless_and_the_same_json() {
        let json = "{\"a\":\t\"\u{9b}2J\u{202e}é🍵\u{e0041}\u{7f}\"}\r\n";
        for piece_bytes in 1..=json.len() {
            let mut terminal = HarmlessWriter::new(Vec::new());
            json.as_bytes().chunks(piece_bytes).for_each(|piece| terminal.write_all(piece).expect("room"));
            let text = str::from_utf8(&terminal.terminal).expect("UTF-8");
            assert_eq!(text, "{\"a\":\t\"\\u009b2J\\u202eé🍵\\udb40\\udc41\\u007f\"} \n", "in pieces of {piece_bytes}");
            let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("it is JSON");
            assert_eq!(read(text), read(json));
        }
    }

    #[test]
    fn bytes_that_are_no_text_reach_no_terminal() {
        let mut terminal = HarmlessWriter::new(Vec::new());
        // 0x9b alone begins a sequence on a terminal of eight bits; the last byte begins a character that never comes.
        terminal.write_all(b"a\x9b2Jb\xc3\xffc\xf0\x9f").and_then(|()| terminal.flush()).expect("room");
        assert_eq!(str::from_utf8(&terminal.terminal), Ok("a\u{fffd}2Jb\u{fffd}\u{fffd}c\u{fffd}"));
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
