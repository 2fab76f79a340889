//! What is judged of a record of the topic, and its names for machines.

use serde::{Deserialize, Serialize};

use super::etat::Etat;

/// What a record is to its request. Every record has one, is kept, and is shown with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It happened.
    Accepted,
    /// The same as one before.
    Duplicate,
    /// An event that changes nothing.
    Refused(Refusal),
    /// No event.
    Unreadable(Unreadable),
}

/// Why an event changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The record's key is not the event's id.
    KeyMismatch,
    /// `details` is no object.
    BadDetails,
    /// There is no such `etat`; the one that was probably meant.
    UnknownEtat(Option<Etat>),
    /// Its `ce_id` was used before, for something else.
    IdReused,
    /// The request has not begun.
    NotCreated,
    /// Something else comes next.
    OutOfOrder,
    /// The request has ended.
    AlreadyFinal,
}

/// Why a record is no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unreadable {
    /// It has no value.
    Tombstone,
    /// Its value is empty.
    Empty,
    /// Its value is no text.
    NotUtf8,
    /// Its value is no JSON.
    NotJson,
    /// JSON, but no object.
    NotObject,
    /// `id`, `etat` or `details` stands there twice.
    FieldTwice,
    /// `id` is missing.
    NoId,
    /// `id` is no text of 1 to 256 bytes without control characters.
    BadId,
    /// `etat` is missing or no text.
    NoEtat,
}

impl Verdict {
    /// All of them; of `unknown_etat` the one without a suggestion.
    pub const ALL: [Self; 18] = [
        Self::Accepted,
        Self::Duplicate,
        Self::Refused(Refusal::KeyMismatch),
        Self::Refused(Refusal::BadDetails),
        Self::Refused(Refusal::UnknownEtat(None)),
        Self::Refused(Refusal::IdReused),
        Self::Refused(Refusal::NotCreated),
        Self::Refused(Refusal::OutOfOrder),
        Self::Refused(Refusal::AlreadyFinal),
        Self::Unreadable(Unreadable::Tombstone),
        Self::Unreadable(Unreadable::Empty),
        Self::Unreadable(Unreadable::NotUtf8),
        Self::Unreadable(Unreadable::NotJson),
        Self::Unreadable(Unreadable::NotObject),
        Self::Unreadable(Unreadable::FieldTwice),
        Self::Unreadable(Unreadable::NoId),
        Self::Unreadable(Unreadable::BadId),
        Self::Unreadable(Unreadable::NoEtat),
    ];

    /// `accepted`, `duplicate`, `refused` or `unreadable`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Refused(_) => "refused",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// The reason's name, where there is one.
    pub const fn reason(self) -> Option<&'static str> {
        Some(match self {
            Self::Accepted | Self::Duplicate => return None,
            Self::Refused(refusal) => match refusal {
                Refusal::KeyMismatch => "key_mismatch",
                Refusal::BadDetails => "bad_details",
                Refusal::UnknownEtat(_) => "unknown_etat",
                Refusal::IdReused => "id_reused",
                Refusal::NotCreated => "not_created",
                Refusal::OutOfOrder => "out_of_order",
                Refusal::AlreadyFinal => "already_final",
            },
            Self::Unreadable(unreadable) => match unreadable {
                Unreadable::Tombstone => "tombstone",
                Unreadable::Empty => "empty",
                Unreadable::NotUtf8 => "not_utf8",
                Unreadable::NotJson => "not_json",
                Unreadable::NotObject => "not_object",
                Unreadable::FieldTwice => "field_twice",
                Unreadable::NoId => "no_id",
                Unreadable::BadId => "bad_id",
                Unreadable::NoEtat => "no_etat",
            },
        })
    }

    /// Whether it happened.
    pub const fn is_accepted(self) -> bool {
        matches!(self, Self::Accepted)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_has_a_name_of_its_own() {
        let names: BTreeSet<_> = Verdict::ALL.map(|verdict| (verdict.as_str(), verdict.reason())).into();
        assert_eq!(names.len(), Verdict::ALL.len());
    }
}
