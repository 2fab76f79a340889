//! What is told of records and requests to programs: the shapes of their JSON, said once.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::logic::travel::{Entry, Listed, Place, Told, why};
use crate::tools::shown::safe_json;
use crate::words::travel::Verdict;

/// A record and what became of it, as `consume --json` tells it, a line each.
#[derive(Serialize)]
pub(super) struct RecordReport<'a> {
    pub(super) id: Option<&'a str>,
    pub(super) etat: Option<&'a str>,
    pub(super) verdict: &'a str,
    pub(super) reason: Option<&'a str>,
    pub(super) place: Option<&'a str>,
    pub(super) retards: u32,
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) timestamp: Option<String>,
    pub(super) details: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) warning: Option<&'a str>,
    /// Whether the request's events stand in several partitions: merged, so the verdict may be another one than at first.
    #[serde(skip_serializing_if = "is_false")]
    pub(super) split: bool,
}

/// What is said of an event that no key keeps in its partition.
const NO_KEY: &str = "no_key";

impl<'a> RecordReport<'a> {
    /// Of a record that was just read, with the verdict it has now.
    pub(super) fn of_told(told: &'a Told<'_>, verdict: Verdict, is_split: bool) -> Self {
        Self {
            id: told.id.as_deref(),
            etat: told.event.as_ref().map(|event| event.etat.as_ref()),
            verdict: verdict.as_str(),
            reason: verdict.reason(),
            place: told.after.map(Place::as_str),
            retards: told.delays,
            partition: told.spot.partition,
            offset: told.spot.offset,
            timestamp: rfc3339(told.spot.time_ms),
            details: told.event.as_ref().and_then(|event| json(event.details.text())),
            why: Some(why(verdict, told.before)).filter(|why| !why.is_empty()),
            warning: told.has_no_key.then_some(NO_KEY),
            split: is_split,
        }
    }

    /// Of a record of a history.
    pub(super) fn of_entry(id: &'a str, entry: &'a Entry, is_split: bool) -> Self {
        let verdict = entry.verdict;
        Self {
            id: Some(id),
            etat: entry.etat.as_deref(),
            verdict: verdict.as_str(),
            reason: verdict.reason(),
            place: entry.after.map(Place::as_str),
            retards: entry.delays,
            partition: entry.spot.partition,
            offset: entry.spot.offset,
            timestamp: rfc3339(entry.spot.time_ms),
            details: entry.etat.as_ref().and_then(|_| json(&entry.text)),
            why: Some(why(verdict, entry.before)).filter(|why| !why.is_empty()),
            warning: entry.has_no_key.then_some(NO_KEY),
            split: is_split,
        }
    }

    /// One line.
    pub(super) fn line(&self) -> String {
        line(self)
    }
}

/// A request, as `list --json` tells it.
#[derive(Serialize)]
pub(super) struct RequestReport<'a> {
    pub(super) id: &'a str,
    pub(super) etat: Option<&'a str>,
    pub(super) retard: bool,
    pub(super) evenements: u64,
    pub(super) refuses: u64,
    pub(super) details: Option<Box<RawValue>>,
    pub(super) timestamp: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) split: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) history_incomplete: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(is: &bool) -> bool {
    !is
}

impl<'a> RequestReport<'a> {
    pub(super) fn new(listed: &Listed<'a>, is_incomplete: bool) -> Self {
        let happened = listed.request.happened.as_ref();
        Self {
            id: listed.id,
            etat: listed.request.place.map(Place::as_str),
            retard: listed.request.is_late,
            evenements: listed.request.counts.all(),
            refuses: listed.request.counts.refused,
            details: happened.and_then(|happened| json(&happened.details)),
            timestamp: happened.and_then(|happened| rfc3339(happened.spot.time_ms)),
            split: listed.is_split,
            history_incomplete: is_incomplete,
        }
    }
}

/// One line of JSON that a terminal can show.
pub(super) fn line(value: &impl Serialize) -> String {
    // Texts, numbers and JSON that was read before: nothing that has no JSON.
    let text = serde_json::to_string(value).unwrap_or_default();
    format!("{}\n", safe_json(&text))
}

/// A JSON value, as it was written.
fn json(text: &str) -> Option<Box<RawValue>> {
    RawValue::from_string(text.to_owned()).ok()
}

/// A time in RFC 3339; none beyond the calendar.
pub(super) fn rfc3339(time_ms: Option<i64>) -> Option<String> {
    let time = Timestamp::from_millisecond(time_ms?).ok()?;
    Some(format!("{time:.3}"))
}
