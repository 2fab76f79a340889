//! Which lines are wanted: the flags, and the test of one line.

use std::borrow::Cow;
use std::ops::Range;

use clap::Args;
use jiff::Timestamp;
use memchr::memmem;
use serde::Deserialize;

use super::error::AuditError;
use crate::doors::audit::read::{Piece, Wanted};
use crate::tools::moment::{Moment, moment, range};
use crate::words::record::{AuditLine, EventType, LineHead, Skim};

/// Where `--help` lists these flags.
const WHICH: &str = "Which records (all that are given must hold)";

/// How much of an id is enough to mean it.
const SHORT_ID: usize = 8;

/// The flags that say which lines are wanted. All that are given must hold.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct SelectionArgs {
    /// Only this partition; may be given several times
    #[arg(help_heading = WHICH, long = "partition", value_name = "P", value_parser = clap::value_parser!(i32).range(0..))]
    partitions: Vec<i32>,

    /// Only this offset, or A..B (without B), A.. or ..B
    #[arg(help_heading = WHICH, long, value_name = "A..B", value_parser = range)]
    offset: Option<(u64, u64)>,

    /// From this offset or time on: 500, 2026-11-21T09:41:05Z, "2026-11-21 09:41", "30 min ago"
    #[arg(help_heading = WHICH, long, value_name = "WHEN", value_parser = now_moment)]
    from: Option<Moment>,

    /// Up to this offset or time, without it
    #[arg(help_heading = WHICH, long, value_name = "WHEN", value_parser = now_moment)]
    to: Option<Moment>,

    /// Only the order of this id, or whose id begins so (8 characters or more)
    #[arg(help_heading = WHICH, long, value_name = "ID")]
    order_id: Option<String>,

    /// Only orders of the customer with this id, name or e-mail address
    #[arg(help_heading = WHICH, long, value_name = "WHO")]
    customer: Option<String>,

    /// Only records with this text in their payload, key or headers, or in why they are invalid or a gap
    #[arg(help_heading = WHICH, long, value_name = "TEXT")]
    text: Option<String>,

    /// Only messages that are what was expected
    #[arg(help_heading = WHICH, long, group = "kind")]
    valid: bool,

    /// Only messages that are not
    #[arg(help_heading = WHICH, long, group = "kind")]
    invalid: bool,

    /// Only gaps: messages that could not be had
    #[arg(help_heading = WHICH, long, group = "kind")]
    gaps: bool,
}

fn now_moment(text: &str) -> Result<Moment, String> {
    moment(text, Timestamp::now())
}

/// Which lines are wanted, ready to be asked of many.
#[derive(Debug, Default)]
pub(super) struct Selection {
    partitions: Vec<i32>,
    offsets: Option<Range<i64>>,
    times_ms: Option<Range<i64>>,
    kind: Option<EventType>,
    order_id: Option<String>,
    customer: Option<String>,
    text: Option<memmem::Finder<'static>>,
    /// What a line must hold for each of the texts above.
    hints: Vec<Hint>,
    words: Vec<String>,
}

/// The bytes of which a line holds one when it holds a text.
#[derive(Debug)]
struct Hint {
    any_of: Vec<memmem::Finder<'static>>,
}

/// What is read of an order, or of any JSON that has these fields.
#[derive(Deserialize)]
struct Names<'a> {
    #[serde(borrow, default)]
    order_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    customer_info: Option<Customer<'a>>,
}

#[derive(Deserialize)]
struct Customer<'a> {
    #[serde(borrow, default)]
    customer_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    email: Option<Cow<'a, str>>,
}

impl SelectionArgs {
    /// The selection that they describe.
    ///
    /// # Errors
    /// [`AuditError::Usage`] when they contradict each other.
    pub(super) fn selection(&self) -> Result<Selection, AuditError> {
        let usage = |reason: &str| AuditError::Usage { reason: reason.to_owned() };
        let (mut offsets, mut times) = (None, None);
        if let Some((from, to)) = self.offset {
            let bound = |offset| i64::try_from(offset).unwrap_or(i64::MAX);
            offsets = Some(bound(from)..bound(to));
        }
        for (moment, is_end) in [(self.from, false), (self.to, true)] {
            let (value, which) = match moment {
                Some(Moment::Offset(_)) if self.offset.is_some() => {
                    return Err(usage(
                        "--offset says already which offsets: give --from and --to times, or leave it out",
                    ));
                }
                Some(Moment::Offset(value)) => (value, &mut offsets),
                Some(Moment::Time(value)) => (value, &mut times),
                None => continue,
            };
            let range = which.get_or_insert(i64::MIN..i64::MAX);
            *(if is_end { &mut range.end } else { &mut range.start }) = value;
        }
        if [&offsets, &times].into_iter().flatten().any(Range::is_empty) {
            return Err(usage("--to must be later than --from: it is the first that is not wanted"));
        }
        let kind = match (self.valid, self.invalid, self.gaps) {
            (true, ..) => Some(EventType::Received),
            (_, true, _) => Some(EventType::Invalid),
            (.., true) => Some(EventType::Gap),
            _ => None,
        };
        let texts = [&self.order_id, &self.customer, &self.text];
        Ok(Selection {
            partitions: self.partitions.clone(),
            offsets,
            times_ms: times,
            kind,
            order_id: self.order_id.clone(),
            customer: self.customer.clone(),
            text: self.text.as_ref().map(|text| memmem::Finder::new(text).into_owned()),
            hints: texts.into_iter().flatten().map(|text| Hint::of(text)).collect(),
            words: self.words(),
        })
    }

    /// What was asked for, for a sentence that says that nothing fits.
    fn words(&self) -> Vec<String> {
        let named = [("order id", &self.order_id), ("customer", &self.customer), ("text", &self.text)];
        let mut all: Vec<String> =
            named.iter().filter_map(|(name, text)| text.as_ref().map(|text| format!("{name} = {text}"))).collect();
        all.extend(self.partitions.iter().map(|partition| format!("partition = {partition}")));
        if self.offset.is_some() {
            all.push("the offsets".to_owned());
        }
        if self.from.is_some() || self.to.is_some() {
            all.push("from and to".to_owned());
        }
        let kinds = [("valid", self.valid), ("invalid", self.invalid), ("gaps", self.gaps)];
        all.extend(kinds.iter().filter(|(_, is_given)| *is_given).map(|(name, _)| (*name).to_owned()));
        all
    }
}

impl Hint {
    /// JSON can spell each character of a text as an escape, and bytes that are no UTF-8 stand in base64;
    /// a line with neither must hold the text's longest part that has one plain spelling only.
    fn of(text: &str) -> Self {
        let is_plain = |character: char| !character.is_control() && !matches!(character, '"' | '\\' | '/');
        let longest = text.split(|character| !is_plain(character)).max_by_key(|part| part.len()).unwrap_or_default();
        let needles = [longest, "\\u", "b64\":\""];
        Self { any_of: needles.iter().map(|needle| memmem::Finder::new(needle).into_owned()).collect() }
    }

    fn may_hold(&self, bytes: &[u8]) -> bool {
        self.any_of.iter().any(|needle| needle.find(bytes).is_some())
    }
}

impl Selection {
    /// A selection of one kind of lines more: messages only.
    pub(super) fn is_only_gaps(&self) -> bool {
        self.kind == Some(EventType::Gap)
    }

    /// What narrows the part of the trail that must be read.
    pub(super) fn wanted(&self) -> Wanted {
        let partition = match self.partitions.as_slice() {
            [one] => Some(*one),
            _ => None,
        };
        Wanted { partition, offsets: self.offsets.clone(), times_ms: self.times_ms.clone(), lines: None }
    }

    /// What was asked for, for a sentence that says that nothing fits; empty for everything.
    pub(super) fn words(&self) -> String {
        self.words.join(", ")
    }

    /// Whether any line of the piece can be wanted: much cheaper than to ask each.
    pub(super) fn may_want_of(&self, piece: Piece<'_>) -> bool {
        self.hints.iter().all(|hint| hint.may_hold(piece.bytes))
    }

    /// Whether the line, without its LF, is wanted. A line that is none of a trail never is.
    pub(super) fn wants(&self, line: &[u8]) -> bool {
        let Some(head) = Head::of(line) else { return false };
        let partition = self.partitions.is_empty() || self.partitions.contains(&head.partition);
        let offset = self.offsets.as_ref().is_none_or(|offsets| offsets.contains(&head.offset));
        let kind = self.kind.is_none_or(|kind| kind == head.kind);
        if !(partition && offset && kind && self.hints.iter().all(|hint| hint.may_hold(line))) {
            return false;
        }
        if let Some(times) = &self.times_ms {
            let time = time_ms(line, head.timestamp);
            if !time.is_some_and(|time| times.contains(&time)) {
                return false;
            }
        }
        self.hints.is_empty() || AuditLine::parse(line).is_ok_and(|line| self.wants_texts(&line))
    }

    fn wants_texts(&self, line: &AuditLine<'_>) -> bool {
        if self.order_id.is_some() || self.customer.is_some() {
            let Ok(names) = serde_json::from_str::<Names<'_>>(&line.raw_message) else { return false };
            if let Some(wanted) = self.order_id.as_deref()
                && !names.order_id.is_some_and(|id| is_or_begins(&id, wanted))
            {
                return false;
            }
            if let Some(wanted) = self.customer.as_deref() {
                let Some(customer) = names.customer_info else { return false };
                let named = [customer.customer_id, customer.name, customer.email];
                if !named.iter().flatten().any(|name| name == wanted) {
                    return false;
                }
            }
        }
        self.text.as_ref().is_none_or(|text| holds(line, text))
    }
}

/// Tables show the first characters of an id, so these are what a person has at hand.
fn is_or_begins(id: &str, wanted: &str) -> bool {
    id == wanted || (wanted.chars().count() >= SHORT_ID && id.starts_with(wanted))
}

/// Whether the text stands in the payload, the key, a header, or the reason why it is invalid.
fn holds(line: &AuditLine<'_>, text: &memmem::Finder<'_>) -> bool {
    let has = |bytes: Option<Cow<'_, [u8]>>| bytes.is_some_and(|bytes| text.find(&bytes).is_some());
    has(line.payload().ok().flatten())
        || has(line.key().ok().flatten())
        || line.error.as_ref().is_some_and(|error| text.find(error.as_bytes()).is_some())
        || line
            .kafka_headers
            .iter()
            .any(|(name, value)| has(name.decode()) || value.as_ref().is_some_and(|value| has(value.decode())))
}

/// Whether it can be said of a line which partition and offset it tells. Of one that cannot nobody knows whether it is
/// wanted.
pub(super) fn has_head(line: &[u8]) -> bool {
    Head::of(line).is_some()
}

/// What is asked of a line most often.
struct Head<'a> {
    kind: EventType,
    partition: i32,
    offset: i64,
    /// `None`: the line is spelled in an unusual way.
    timestamp: Option<&'a str>,
}

impl<'a> Head<'a> {
    fn of(line: &'a [u8]) -> Option<Self> {
        if let Some(skim) = Skim::of(line) {
            let Skim { event_type: kind, partition, offset, .. } = skim;
            return Some(Self { kind, partition, offset, timestamp: Some(skim.timestamp) });
        }
        let head = LineHead::parse(line).ok()?;
        let (partition, offset) = (head.kafka_partition, head.kafka_offset);
        Some(Self { kind: head.event_type, partition, offset, timestamp: None })
    }
}

/// When the line was received: milliseconds since 1970-01-01 UTC.
fn time_ms(line: &[u8], skimmed: Option<&str>) -> Option<i64> {
    let read = |text: &str| text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond);
    match skimmed {
        Some(text) => read(text),
        None => read(&AuditLine::parse(line).ok()?.timestamp),
    }
}
