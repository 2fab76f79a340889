//! What a whole line of `tracker.events` tells, read as cheaply as can be.

use std::borrow::Cow;

use jiff::Timestamp;
use memchr::memmem::Finder;
use serde::Deserialize;

use crate::logic::monitor::{EventKind, EventSeen};
use crate::words::record::{EventType, Gap, LineHead, Skim};

/// Up to the seconds: `2026-11-21T09:41:05`.
const SECOND_BYTES: usize = 19;

/// What the second field begins with. Within a string its quotes stand behind backslashes.
const SECOND_FIELD: &[u8] = br#"","event_type":""#;

/// What [`SECOND_FIELD`] goes on with in a line of a trail, and in no order of ours.
const OUR_EVENTS: [&[u8]; 2] = [b"message.received", b"audit.gap\""];

/// Reads lines one after another, and times of the same second only once.
#[derive(Debug)]
pub(super) struct LineReader {
    second_field: Finder<'static>,
    /// The second of the line before, with a `Z`, and what it is in milliseconds.
    second: Option<([u8; SECOND_BYTES + 1], i64)>,
    topic: String,
}

/// A line's time, which [`LineHead`] leaves out.
#[derive(Deserialize)]
struct Timed<'a> {
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
}

impl Default for LineReader {
    fn default() -> Self {
        Self { second_field: Finder::new(SECOND_FIELD), second: None, topic: String::new() }
    }
}

impl LineReader {
    /// What a line without its LF tells; `None` when it is no line of a trail. Of a line of `length` bytes
    /// perhaps only the beginning is given.
    pub(super) fn read(&mut self, line: &[u8], length: u64) -> Option<EventSeen> {
        match Skim::of(line).filter(|skim| skim.event_type != EventType::Gap && self.looks_whole(line, length)) {
            Some(skim) => {
                self.see_topic(skim.topic);
                let time_ms = self.time_ms(skim.timestamp);
                let kind = kind(skim.event_type, None, skim.offset);
                Some(EventSeen { time_ms, kind, partition: skim.partition, offset: skim.offset })
            }
            None => {
                let head = LineHead::parse(line).ok()?;
                let timed: Option<Timed<'_>> = serde_json::from_slice(line).ok();
                self.see_topic(&head.kafka_topic);
                let time_ms = timed.and_then(|timed| self.time_ms(&timed.timestamp));
                let kind = kind(head.event_type, head.audit.as_ref(), head.kafka_offset);
                Some(EventSeen { time_ms, kind, partition: head.kafka_partition, offset: head.kafka_offset })
            }
        }
    }

    /// Whether a line that begins well is likely to end well: a torn one ends early, or another one was
    /// written right behind it. One that was torn right behind a brace, and got a LF, is not told apart: that
    /// would need all of it to be read.
    fn looks_whole(&self, line: &[u8], length: u64) -> bool {
        let is_cut_short = (line.len() as u64) < length;
        let is_second_start = |at: usize| {
            let behind = line.get(at + SECOND_FIELD.len()..).unwrap_or_default();
            OUR_EVENTS.iter().any(|event| behind.starts_with(event))
        };
        let starts = self.second_field.find_iter(line).filter(|at| is_second_start(*at)).count();
        (is_cut_short || line.ends_with(b"}")) && starts <= 1
    }

    /// The topic of the last line; empty before the first.
    pub(super) fn topic(&self) -> &str {
        &self.topic
    }

    fn see_topic(&mut self, topic: &str) {
        if self.topic != topic {
            topic.clone_into(&mut self.topic);
        }
    }

    /// Milliseconds since 1970-01-01 UTC.
    pub(super) fn time_ms(&mut self, text: &str) -> Option<i64> {
        let Some((second, rest)) = text.as_bytes().split_first_chunk::<SECOND_BYTES>() else { return parse(text) };
        let Some(millisecond) = millisecond(rest) else { return parse(text) };
        if let Some((known, ms)) = &self.second
            && known.starts_with(second)
        {
            return Some(ms + millisecond);
        }
        let mut zoned = [b'Z'; SECOND_BYTES + 1];
        zoned.get_mut(..SECOND_BYTES)?.copy_from_slice(second);
        let ms = parse(std::str::from_utf8(&zoned).ok()?)?;
        self.second = Some((zoned, ms));
        Some(ms + millisecond)
    }
}

fn parse(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(|time| time.as_millisecond())
}

/// What stands behind the seconds, when it is a fraction and `Z` or only `Z`.
fn millisecond(rest: &[u8]) -> Option<i64> {
    let digits = match rest {
        b"Z" => return Some(0),
        [b'.', digits @ .., b'Z'] => digits,
        _ => return None,
    };
    let is_fraction = (1..=9).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    let digit = |place: usize| digits.get(place).map_or(0, |digit| i64::from(digit - b'0'));
    is_fraction.then(|| digit(0) * 100 + digit(1) * 10 + digit(2))
}

fn kind(event_type: EventType, gap: Option<&Gap>, offset: i64) -> EventKind {
    match event_type {
        EventType::Received => EventKind::Valid,
        EventType::Invalid => EventKind::Invalid,
        EventType::Gap => {
            let (from, to) = gap.map_or((offset, offset), |gap| (gap.from, gap.to));
            EventKind::Gap { from, to }
        }
    }
}
