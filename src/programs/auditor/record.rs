//! One record as a person reads it: everything that its line tells, payload last.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;

use super::context::Terminal;
use crate::tools::pretty::pretty;
use crate::tools::shown::{grouped, millisecond, safe, second};
use crate::words::record::{AuditLine, Bytes, EventType};

/// The most of a payload that is no text that is shown; `--raw` gives the rest.
const MOST_BYTES: usize = 512;

/// Where a line stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) number: u64,
    pub(super) path: &'a Path,
    pub(super) byte: u64,
}

/// Writes the record for people; what others wrote into it is made harmless.
pub(super) fn write_record(out: &mut dyn Write, line: &[u8], place: Place<'_>, terminal: Terminal) -> io::Result<()> {
    let mut sheet = Sheet { out, color: terminal.color };
    let record = match AuditLine::parse(line) {
        Ok(record) => record,
        Err(error) => {
            sheet.field("line", &grouped(place.number))?;
            sheet.field("damaged", &format!("no line of a trail ({error})"))?;
            return sheet.text(&safe(&String::from_utf8_lossy(line)));
        }
    };
    sheet.headline(&record)?;
    let file = place.path.file_name().unwrap_or_default().to_string_lossy();
    sheet.field("line", &format!("{}, {file} from byte {}", grouped(place.number), grouped(place.byte)))?;
    sheet.field("received", &format!("{} UTC", received(&record)))?;
    if let Some(milliseconds) = record.kafka_timestamp {
        let clock = if record.kafka_timestamp_type.is_some() { "the broker's" } else { "the producer's" };
        sheet.field("time", &format!("{} UTC by {clock} clock", millisecond(milliseconds)))?;
    }
    if let Some(epoch) = record.leader_epoch {
        sheet.field("epoch", &epoch.to_string())?;
    }
    if record.gap_before > 0 {
        let count = grouped(record.gap_before.unsigned_abs());
        sheet.field("before", &format!("{count} offsets that hold no message for anybody"))?;
    }
    if let Some(error) = &record.error {
        sheet.field("reason", &safe(error))?;
    }
    for warning in &record.warnings {
        sheet.field("warning", &safe(warning))?;
    }
    if record.event_type == EventType::Gap {
        return Ok(());
    }
    match record.key() {
        Ok(None) => sheet.field("key", "none")?,
        Ok(Some(key)) => sheet.field("key", &bytes(&key))?,
        Err(error) => sheet.field("key", &format!("damaged ({error})"))?,
    }
    for (number, (name, value)) in record.kafka_headers.iter().enumerate() {
        let value = value.as_ref().map_or(Cow::Borrowed("without a value"), |value| Cow::Owned(part(value)));
        sheet.field(if number == 0 { "headers" } else { "" }, &format!("{}: {value}", part(name)))?;
    }
    sheet.payload(&record)
}

fn received(record: &AuditLine<'_>) -> String {
    let milliseconds = record.timestamp.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_millisecond);
    milliseconds.map_or_else(|_| second(&record.timestamp), millisecond)
}

/// A header's name or value.
fn part(part: &Bytes) -> String {
    part.decode().map_or_else(|| "damaged".to_owned(), |part| bytes(&part))
}

/// Text as it is, anything else as hexadecimal digits.
fn bytes(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok("") => "empty".to_owned(),
        Ok(text) => safe(text),
        Err(_) => {
            let shown: Vec<String> = bytes.iter().take(32).map(|byte| format!("{byte:02x}")).collect();
            match bytes.len() {
                ..=32 => format!("{} (not UTF-8)", shown.join(" ")),
                length => format!("{} … ({} bytes, not UTF-8)", shown.join(" "), grouped(length as u64)),
            }
        }
    }
}

/// Names on the left, what they stand for on the right.
struct Sheet<'a> {
    out: &'a mut dyn Write,
    color: bool,
}

impl Sheet<'_> {
    fn field(&mut self, name: &str, value: &str) -> io::Result<()> {
        let (dim, plain) = if self.color { ("\u{1b}[2m", "\u{1b}[0m") } else { ("", "") };
        writeln!(self.out, "{dim}{name:<10}{plain}{value}")
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    fn headline(&mut self, record: &AuditLine<'_>) -> io::Result<()> {
        let (sign, word, color) = match record.event_type {
            EventType::Received => ("●", "valid", "32"),
            EventType::Invalid => ("▲", "invalid", "33"),
            EventType::Gap => ("■", "gap", "31"),
        };
        let topic = safe(&record.kafka_topic);
        let place = format!("{topic}/{}@{}", record.kafka_partition, grouped(record.kafka_offset.unsigned_abs()));
        match self.color {
            true => writeln!(self.out, "\u{1b}[{color}m{sign}\u{1b}[0m \u{1b}[1m{place}\u{1b}[0m {word}"),
            false => writeln!(self.out, "{sign} {place} {word}"),
        }
    }

    fn payload(&mut self, record: &AuditLine<'_>) -> io::Result<()> {
        let payload = match record.payload() {
            Ok(Some(payload)) => payload,
            Ok(None) => return self.field("payload", "none (a tombstone)"),
            Err(error) => return self.field("payload", &format!("damaged ({error})")),
        };
        let count = format!("{} bytes", grouped(payload.len() as u64));
        let Ok(text) = std::str::from_utf8(&payload) else {
            self.field("payload", &format!("{count}, not UTF-8"))?;
            return self.dump(&payload);
        };
        if serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok() {
            self.field("payload", &format!("{count}, JSON"))?;
            for line in pretty(text, 2).lines() {
                self.text(&safe(line))?;
            }
            return Ok(());
        }
        self.field("payload", &if text.is_empty() { "empty".to_owned() } else { format!("{count} of text") })?;
        text.lines().try_for_each(|line| self.text(&format!("  {}", safe(line))))
    }

    /// Sixteen bytes a line, as numbers and as letters.
    fn dump(&mut self, payload: &[u8]) -> io::Result<()> {
        for (number, row) in payload.iter().take(MOST_BYTES).collect::<Vec<_>>().chunks(16).enumerate() {
            let numbers: String = row.iter().map(|byte| format!("{byte:02x} ")).collect();
            let is_letter = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
            let letters: String =
                row.iter().map(|&&byte| if is_letter(byte) { char::from(byte) } else { '·' }).collect();
            self.text(&format!("  {:08x}  {numbers:<48} {letters}", number * 16))?;
        }
        if payload.len() > MOST_BYTES {
            self.text(&format!("  … {} bytes more: --raw", grouped((payload.len() - MOST_BYTES) as u64)))?;
        }
        Ok(())
    }
}
