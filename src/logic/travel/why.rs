//! Verdicts in words, and delays as a mark.

use super::life::{Place, allowed};
use crate::words::travel::{Etat, Refusal, Unreadable, Verdict};

/// Delays in a narrow column: `×2`, `!×2` from a RETARD until the next step; nothing without any.
pub fn delay_mark(delays: u32, is_late: bool) -> String {
    match (delays, is_late) {
        (0, _) => String::new(),
        (count, true) => format!("!×{count}"),
        (count, false) => format!("×{count}"),
    }
}

/// Why a record has its verdict, in a few words; nothing of one that was accepted. `before` is where its request was.
pub fn why(verdict: Verdict, before: Option<Place>) -> String {
    let place = before.map_or("nothing", Place::as_str);
    match verdict {
        Verdict::Accepted => String::new(),
        Verdict::Duplicate => "the same as an event before".to_owned(),
        Verdict::Refused(refusal) => match refusal {
            Refusal::KeyMismatch => "the record's key is not the event's id".to_owned(),
            Refusal::BadDetails => "details is no JSON object".to_owned(),
            Refusal::UnknownEtat(None) => "there is no such etat".to_owned(),
            Refusal::UnknownEtat(Some(near)) => format!("there is no such etat: {} was meant?", near.as_str()),
            Refusal::IdReused => "its ce_id was used before, for something else".to_owned(),
            Refusal::NotCreated => "nothing was created yet: only CREATION can begin".to_owned(),
            Refusal::OutOfOrder => {
                let allowed: Vec<&str> = allowed(before).map(Etat::as_str).collect();
                format!("after {place} come {}", allowed.join(", "))
            }
            Refusal::AlreadyFinal => format!("after {place} comes nothing"),
        },
        Verdict::Unreadable(unreadable) => match unreadable {
            Unreadable::Tombstone => "it has no value (a tombstone)",
            Unreadable::Empty => "its value is empty",
            Unreadable::NotUtf8 => "its value is not UTF-8",
            Unreadable::NotJson => "its value is no JSON",
            Unreadable::NotObject => "its value is no JSON object",
            Unreadable::FieldTwice => "a field stands there twice",
            Unreadable::NoId => "id is missing",
            Unreadable::BadId => "id is no text of 1 to 256 bytes without control characters",
            Unreadable::NoEtat => "etat is missing or no text",
        }
        .to_owned(),
    }
}
