//! A line of `tracker.events` apart from its order, for whoever reads all of every line.
//!
//! An order stands in its line twice: escaped in `raw_message`, and as it is in `order_full`. To read both, and a
//! dozen headers, is most of the work of reading a line; to write the one from the other again is much less.

use memchr::{memchr, memchr2};
use serde::Deserialize;
use serde_json::Deserializer;

use super::audit_line::{EventType, OrderText};
use super::audit_write::write_text;
use super::skim::{Skim, number, text};

/// What stands in the place of the order's two texts: the shortest order that agrees with itself.
const SHORT_ORDER: &[u8] = br#""{}","message_size":2,"deserialized":true,"order_full":{}"#;

/// What stands in the place of headers.
const SHORT_HEADERS: &[u8] = br#"[["",null]]"#;

/// Reads the order of lines, in memory that is used again.
#[derive(Debug, Default)]
pub struct Abridger {
    escaped: Vec<u8>,
    line: Vec<u8>,
}

/// A line whose order was read: it is a JSON object without a line break, twice the same, and as long as it says.
#[derive(Clone, Copy, Debug)]
pub struct Abridged<'a> {
    /// What stands before the order.
    skim: Skim<'a>,
    /// The same, up to the opening quote of `raw_message`.
    head: &'a [u8],
    /// What follows the order.
    tail: &'a [u8],
}

impl Abridger {
    /// The line, without its LF, apart from its order; `None` unless it is spelled as the tracker spells it up to
    /// there and nothing is wrong with its order.
    ///
    /// `is_object` may know sooner than a JSON reader that a text is an object and nothing more; where it does not,
    /// one is asked.
    pub fn abridge<'a>(&mut self, line: &'a [u8], is_object: impl FnOnce(&str) -> bool) -> Option<Abridged<'a>> {
        let skim = Skim::of(line).filter(|skim| skim.event_type == EventType::Received)?;
        // The opening quote is part of the text.
        let head = line.get(..line.len().checked_sub(skim.unread().len() + 1)?)?;
        let texts = line.get(head.len()..)?;
        let (raw_message, rest) = texts.split_at_checked(skim.raw_message_length()? + 2)?;
        let rest = rest.strip_prefix(br#","message_size":"#)?;
        let (size, rest) = rest.split_at_checked(memchr(b',', rest)?)?;
        let rest = rest.strip_prefix(br#","deserialized":true,"order_full":"#)?;
        // Of anything but an object it would not be sure where it ends.
        if rest.first() != Some(&b'{') {
            return None;
        }
        let order = match sized(rest, size).filter(|order| is_object(order)) {
            Some(order) => order,
            None => OrderText::deserialize(&mut Deserializer::from_slice(rest)).ok()?.0,
        };
        self.escaped.clear();
        write_text(&mut self.escaped, order);
        let is_same = self.escaped == raw_message
            && size == itoa::Buffer::new().format(order.len()).as_bytes()
            && memchr2(b'\r', b'\n', order.as_bytes()).is_none();
        if !is_same {
            return None;
        }
        Some(Abridged { skim, head, tail: rest.get(order.len()..)? })
    }

    /// The line with `{}` for its order and one empty header for its headers, which stay when not all of them are
    /// plain texts. It is a line just when the whole is one, and says the same about everything else.
    pub fn short_line(&mut self, line: &Abridged<'_>) -> &[u8] {
        let parts = match plain_headers(line.tail) {
            Some((before, after)) => [line.head, SHORT_ORDER, before, SHORT_HEADERS, after],
            None => [line.head, SHORT_ORDER, line.tail, b"", b""],
        };
        self.line.clear();
        parts.into_iter().for_each(|part| self.line.extend_from_slice(part));
        &self.line
    }
}

impl<'a> Abridged<'a> {
    /// What stands before the order.
    pub fn skim(&self) -> Skim<'a> {
        self.skim
    }

    /// What stands behind the order, when it is no more than most lines have, spelled as the tracker spells it, all
    /// texts plain; nothing is wrong with it then.
    pub fn envelope(&self) -> Option<Envelope> {
        let (_time_ms, mut rest) = signless(self.tail.strip_prefix(br#","kafka_timestamp":"#)?)?;
        if let Some(key) = rest.strip_prefix(br#","kafka_key":""#) {
            rest = text(key)?.1;
        }
        if let Some(headers) = rest.strip_prefix(br#","kafka_headers":"#) {
            rest = after_headers(headers)?;
        }
        rest = rest.strip_prefix(br#","kafka_timestamp_type":"log_append""#).unwrap_or(rest);
        let mut leader_epoch = None;
        if let Some(epoch) = rest.strip_prefix(br#","leader_epoch":"#) {
            let (number, after) = number(epoch)?;
            (leader_epoch, rest) = (Some(i32::try_from(number).ok()?), after);
        }
        let mut gap_before = 0;
        if let Some(gap) = rest.strip_prefix(br#","gap_before":"#) {
            (gap_before, rest) = signless(gap)?;
        }
        (rest == b"}").then_some(Envelope { leader_epoch, gap_before })
    }
}

/// What stands behind an order, and says where its message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The leader's epoch when it was appended.
    pub leader_epoch: Option<i32>,
    /// Offsets before this one that hold no message for anybody.
    pub gap_before: i64,
}

/// A number without a sign that a signed one can be.
fn signless(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (number, rest) = number(bytes)?;
    Some((i64::try_from(number).ok()?, rest))
}

/// The order that begins `rest`, if it is as long as it says and ends as an object does.
fn sized<'a>(rest: &'a [u8], size: &[u8]) -> Option<&'a str> {
    let size = std::str::from_utf8(size).ok()?.parse().ok()?;
    let order = rest.get(..size).filter(|order| order.last() == Some(&b'}'))?;
    simdutf8::basic::from_utf8(order).ok()
}

/// What stands before and behind the headers in what follows an order, when each is of plain texts: ASCII in which
/// nothing is escaped.
fn plain_headers(tail: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut rest = tail;
    if let Some(time) = rest.strip_prefix(br#","kafka_timestamp":"#) {
        rest = number(time)?.1;
    }
    if let Some(key) = rest.strip_prefix(br#","kafka_key":""#) {
        rest = text(key)?.1;
    }
    rest = rest.strip_prefix(br#","kafka_headers":"#)?;
    let before = tail.get(..tail.len() - rest.len())?;
    Some((before, after_headers(rest)?))
}

/// What follows headers, when each is of plain texts.
fn after_headers(headers: &[u8]) -> Option<&[u8]> {
    let mut rest = headers.strip_prefix(b"[")?;
    loop {
        rest = after_text(rest.strip_prefix(b"[")?)?.strip_prefix(b",")?;
        rest = rest.strip_prefix(b"null").or_else(|| after_text(rest))?.strip_prefix(b"]")?;
        match rest.split_first()? {
            (b',', more) => rest = more,
            (b']', after) => {
                let headers = headers.get(..headers.len() - after.len())?;
                // To the last byte, since so the compiler looks at many at once.
                let is_plain = |plain, &byte: &u8| plain & (b' '..=b'~').contains(&byte) & (byte != b'\\');
                return headers.iter().fold(true, is_plain).then_some(after);
            }
            _ => return None,
        }
    }
}

/// What follows a text in which no quote is escaped.
fn after_text(bytes: &[u8]) -> Option<&[u8]> {
    let inside = bytes.strip_prefix(b"\"")?;
    inside.get(memchr(b'"', inside)? + 1..)
}
