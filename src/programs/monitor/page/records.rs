//! One line in full: what it tells, its headers and its payload.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::reading::{File, Reading};
use super::views;
use crate::base::language::Language;
use crate::doors::tail::Place;
use crate::doors::web::{Piece, Row, Tone, View};
use crate::programs::monitor::record::{Field, Form, RECORD_BYTES, RecordKind, RecordView, Value};
use crate::programs::monitor::rows::glance;
use crate::programs::monitor::texts::{Clock, Texts};
use crate::tools::masking::{masked, without_addresses, without_people, without_texts};
use crate::tools::pretty::pretty_up_to;
use crate::words::record::AuditLine;

/// A payload is shown up to so many characters.
const LONGEST_PAYLOAD: usize = 20_000;

/// So many bytes have at least as many letters.
const LONGEST_SHOWN: usize = 4 * LONGEST_PAYLOAD + 1;

/// Fields and headers are shown up to so many characters.
const LONGEST_FIELD: usize = 2_000;

/// So many headers are shown.
const MOST_HEADERS: usize = 100;

/// Headers that say how a message is made, and nothing of whom.
const TECHNICAL: [&str; 8] =
    ["content-type", "traceparent", "tracestate", "ce_id", "ce_source", "ce_type", "ce_specversion", "ce_time"];

/// So many records that were opened are remembered: an open page asks for its own twice a second.
const MOST_REMEMBERED: usize = 64;

/// Records that were opened, by path and language, each without what stands on every page.
#[derive(Default)]
pub(super) struct Records(Mutex<VecDeque<(String, Language, View)>>);

impl Records {
    /// Fills in the record of a path; `None` when the path is of none.
    pub(super) fn fill(
        &self,
        reading: &Reading,
        path: &str,
        texts: &Texts,
        is_unmasked: bool,
        view: &mut View,
    ) -> Option<()> {
        let (file, place) = match path.strip_prefix("/records/")?.split_once('/')? {
            ("events", place) => (File::Events, place.parse::<Place>().ok()?),
            ("log", place) => (File::Log, place.parse::<Place>().ok()?),
            _ => return None,
        };
        let known = self.known(path, texts.language);
        let record = known.or_else(|| {
            let (line, is_sealed) = reading.line(file, place, RECORD_BYTES)?;
            let audit = AuditLine::parse(&line.bytes).ok();
            let is_order = audit.as_ref().is_some_and(|audit| audit.order_full.is_some());
            let customer = audit.map(|audit| glance(&audit).customer);
            let mut record = match file {
                File::Events => RecordView::of_event(line),
                File::Log => RecordView::of_log(line),
            };
            record.is_sealed = is_sealed;
            let is_foreign = !matches!(record.kind, RecordKind::Gap | RecordKind::Log) && !is_order;
            let customer = customer.unwrap_or_default();
            let shown = Opened { reading, record, customer, is_foreign, texts, is_unmasked }.view();
            // One that is not sealed yet will be: it is read again until then.
            if is_sealed == Some(true) || file == File::Log {
                self.remember(path, texts.language, &shown);
            }
            Some(shown)
        });
        match record {
            Some(record) => {
                view.texts.extend(record.texts);
                view.tables.extend(record.tables);
            }
            None => {
                view.text("record.id", place.to_string());
                let missing = texts.choose(
                    "This line is not there any more: its file was archived, or lines before it were cut. audit show has what is there.",
                    "Cette ligne n’est plus là : son fichier est archivé, ou des lignes avant elle ont été coupées. audit show a ce qui est là.",
                );
                view.text("record.missing", missing);
            }
        }
        Some(())
    }

    fn known(&self, path: &str, language: Language) -> Option<View> {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = records.iter().find(|(known, spoken, _)| known == path && *spoken == language);
        found.map(|(_, _, view)| view.clone())
    }

    fn remember(&self, path: &str, language: Language, view: &View) {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if records.len() >= MOST_REMEMBERED {
            records.pop_front();
        }
        records.push_back((path.to_owned(), language, view.clone()));
    }
}

/// A record, and for whom it is shown.
struct Opened<'a> {
    reading: &'a Reading,
    record: RecordView,
    /// Whose order it is.
    customer: String,
    /// Whether it is no order: nobody knows then which of its texts tell of people.
    is_foreign: bool,
    texts: &'a Texts,
    is_unmasked: bool,
}

impl Opened<'_> {
    fn view(&self) -> View {
        let (record, texts) = (&self.record, self.texts);
        let mut view = View::default();
        view.text("record.id", record.name.clone());
        let (word, tone) = match record.kind {
            RecordKind::Valid => (texts.status_valid, Tone::Good),
            RecordKind::Invalid => (texts.status_invalid, Tone::Bad),
            RecordKind::Gap => (texts.status_gap, Tone::Bad),
            RecordKind::Unreadable => (texts.status_unreadable, Tone::Bad),
            RecordKind::Log => ("", Tone::Muted),
        };
        view.text("record.status", Piece::from(word).tone(tone));
        if let Some(bytes) = record.cut_from_bytes {
            view.text("record.note", Piece::from(texts.only_beginning(bytes)).tone(Tone::Warn));
        }
        let fields = record.fields.iter().enumerate().map(|(index, (field, value))| {
            Row::new(index.to_string(), [texts.field(*field).into(), self.value(*field, value).into()])
        });
        let sealed = record.is_sealed.map(|is_sealed| match is_sealed {
            true => texts.is_sealed(record.message.as_deref()),
            false => texts.not_yet.to_owned(),
        });
        let sealed = sealed.map(|told| Row::new("sealed", [texts.choose("Sealed", "Scellé").into(), told.into()]));
        view.table("fields", fields.chain(sealed));
        let headers = record.headers.iter().take(MOST_HEADERS).enumerate().map(|(index, (name, value))| {
            let is_hidden = self.hides_all() && !TECHNICAL.contains(&name.as_str());
            let value = if is_hidden { masked(value) } else { self.hidden(value) };
            let cells = [self.hidden(name), value].map(Piece::from);
            Row::new(index.to_string(), cells)
        });
        view.table("headers", headers);
        let payload = self.without_folder(self.payload());
        let shown: String = payload.chars().take(LONGEST_PAYLOAD).collect();
        let more = if shown.len() < payload.len() { "…" } else { "" };
        view.text("record.payload", format!("{shown}{more}"));
        view
    }

    fn value(&self, field: Field, value: &Value) -> String {
        let texts = self.texts;
        match value {
            Value::Text(key)
                if field == Field::Key && (self.hides_all() || !self.is_unmasked && *key == self.customer) =>
            {
                masked(key)
            }
            Value::Text(text) if self.tells_why(field) => self.hidden(&views::refusal(text, self.is_unmasked)),
            Value::Text(text) => self.hidden(text),
            Value::Bytes(bytes) => texts.size(*bytes),
            Value::Number(number) => texts.decimal(*number as f64, 0),
            Value::None => texts.unknown.to_owned(),
            Value::Moment { time_ms, by_broker } => {
                let clock = match by_broker {
                    Some(true) => " LogAppendTime",
                    Some(false) => " CreateTime",
                    None => "",
                };
                format!("{}{clock}", Clock::naming_utc().full_millisecond(*time_ms))
            }
        }
    }

    /// Whether a field says why a message was refused.
    fn tells_why(&self, field: Field) -> bool {
        let is_of_message = self.record.kind != RecordKind::Log || self.record.name == views::REFUSED;
        matches!(field, Field::Error | Field::Warning) && is_of_message
    }

    /// What the log says of files, without their folder; the trail shows what others wrote, as it is.
    fn without_folder(&self, text: String) -> String {
        if self.record.kind == RecordKind::Log { self.reading.without_folder(&text) } else { text }
    }

    /// Whether no text of it is shown.
    fn hides_all(&self) -> bool {
        self.is_foreign && !self.is_unmasked
    }

    /// A text of somebody, as far as it is shown, and not longer than is read.
    fn hidden(&self, text: &str) -> String {
        let text = if self.is_unmasked { text.to_owned() } else { without_addresses(text) };
        let text = self.without_folder(text);
        if text.char_indices().nth(LONGEST_FIELD).is_none() {
            return text;
        }
        text.chars().take(LONGEST_FIELD).chain(['…']).collect()
    }

    fn payload(&self) -> String {
        let record = &self.record;
        let text = String::from_utf8_lossy(record.payload());
        let is_json = record.cut_from_bytes.is_none() && serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        match (is_json, self.is_unmasked) {
            (true, true) => pretty_up_to(&text, 0, LONGEST_SHOWN),
            (true, false) if self.is_foreign => {
                pretty_up_to(&without_texts(&text).unwrap_or_default(), 0, LONGEST_SHOWN)
            }
            (true, false) => without_addresses(&pretty_up_to(
                &without_people(&text).unwrap_or_else(|| text.into_owned()),
                0,
                LONGEST_SHOWN,
            )),
            // Bytes in hexadecimal would tell what is hidden.
            (false, true) if record.form == Form::Hex => hex_of(record.payload()),
            (false, true) => text.into_owned(),
            // Whose data it is cannot be found in what is no JSON, or only a part of some.
            (false, false) if (self.is_foreign && !text.is_empty()) || text.contains(['{', '[']) => {
                let hidden =
                    "hidden: it is no order or no whole JSON, and may tell of people. tracker --unmask shows it";
                let masked =
                    "masqué : ni commande ni JSON entier, peut parler de personnes. tracker --unmask le montre";
                self.texts.choose(hidden, masked).to_owned()
            }
            (false, false) => without_addresses(&text),
        }
    }
}

/// The bytes as the screen shows them, as many as a page shows.
fn hex_of(bytes: &[u8]) -> String {
    let bytes = bytes.get(..LONGEST_PAYLOAD / 5).unwrap_or(bytes);
    crate::programs::monitor::record::hex(bytes, 80).join("\n")
}
