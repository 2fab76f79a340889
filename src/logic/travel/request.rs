//! One request: what it is after its records, each of which is judged once.

use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::digest::{Digest, Marks};
use super::life::{Outcome, Place, outcome};
use crate::words::travel::{Etat, Refusal, Verdict};

/// How many records have had each kind of verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// What happened.
    pub accepted: u64,
    /// What had happened already.
    pub duplicate: u64,
    /// What changed nothing.
    pub refused: u64,
    /// What is no event.
    pub unreadable: u64,
}

impl Counts {
    pub(super) fn add(&mut self, verdict: Verdict) {
        let count = match verdict {
            Verdict::Accepted => &mut self.accepted,
            Verdict::Duplicate => &mut self.duplicate,
            Verdict::Refused(_) => &mut self.refused,
            Verdict::Unreadable(_) => &mut self.unreadable,
        };
        *count += 1;
    }

    /// All of them.
    pub fn all(self) -> u64 {
        self.accepted + self.duplicate + self.refused + self.unreadable
    }
}

/// Longer `details` are not kept: a board is in memory for as long as somebody looks on, and whoever may write to the
/// topic would decide how much of it there is.
const MOST_DETAILS_BYTES: usize = 4 << 10;

/// So much of them is kept instead, in bytes.
const EXCERPT_BYTES: usize = 512;

/// What is kept of `details`: all of them, or, when they are longer than 4 KiB, an object that says so: `left_out` with
/// their length in `bytes`, their `sha256`, and how they begin. The topic has the rest.
pub(super) fn bounded(details: &str) -> Box<str> {
    if details.len() <= MOST_DETAILS_BYTES {
        return details.into();
    }
    let begins = details.split_at_checked(details.floor_char_boundary(EXCERPT_BYTES)).map_or("", |(begins, _)| begins);
    let sha256: String = Sha256::digest(details).iter().map(|byte| format!("{byte:02x}")).collect();
    let left_out = json!({"left_out": {"bytes": details.len(), "sha256": sha256, "begins": begins}});
    left_out.to_string().into()
}

/// Where a record stands, and when it was made, as far as it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spot {
    /// Its partition.
    pub partition: i32,
    /// Its offset there.
    pub offset: i64,
    /// Kafka's time, milliseconds since 1970.
    pub time_ms: Option<i64>,
}

/// The last event of a request, whatever was judged of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Last {
    /// What it said, if there is such a thing.
    pub etat: Option<Etat>,
    /// What was judged.
    pub verdict: Verdict,
    /// Where it stands.
    pub spot: Spot,
}

/// The last event that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Happened {
    /// Its `details`, the text of an object; of very long ones only what [`bounded`] leaves.
    pub details: Box<str>,
    /// Where it stands.
    pub spot: Spot,
}

/// A request after some records.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Where in its life it is; `None` before it has begun.
    pub place: Option<Place>,
    /// Whether the last step that was accepted is a RETARD.
    pub is_late: bool,
    /// How many RETARD were accepted.
    pub delays: u32,
    /// All records that are filed under it, by verdict.
    pub counts: Counts,
    /// The partition of its events; `None` when it has none.
    pub home: Option<i32>,
    /// Its last event.
    pub last: Option<Last>,
    /// The last one that was accepted.
    pub happened: Option<Happened>,
    /// The contents that were accepted.
    accepted: Marks<()>,
    /// The content that came with each name which a sender gave to an event.
    named: Marks<Digest>,
}

/// An event of a request, or what stands in the place of one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fact<'a> {
    pub(super) spot: Spot,
    pub(super) what: What<'a>,
}

/// What a record is before its request is asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum What<'a> {
    /// An event that the request has to judge.
    Event { etat: Etat, details: &'a str, content: Digest, name: Option<Digest> },
    /// The verdict does not depend on the request.
    Settled(Verdict, Option<Etat>),
}

impl Request {
    /// Takes an event of its own, and judges it.
    pub(super) fn take(&mut self, fact: Fact<'_>) -> Verdict {
        let Fact { spot, what } = fact;
        let (verdict, etat) = match what {
            What::Settled(verdict, etat) => (verdict, etat),
            What::Event { etat, details, content, name } => {
                (self.judge(etat, details, content, name, spot), Some(etat))
            }
        };
        self.counts.add(verdict);
        self.home = Some(spot.partition);
        self.last = Some(Last { etat, verdict, spot });
        verdict
    }

    /// Counts a record that is filed here and says nothing of the request. Such records may stand in any partition,
    /// so nothing but a sum may come of them.
    pub(super) fn count(&mut self, verdict: Verdict) {
        self.counts.add(verdict);
    }

    fn judge(&mut self, etat: Etat, details: &str, content: Digest, name: Option<Digest>, spot: Spot) -> Verdict {
        if let Some(name) = name {
            match self.named.get(name) {
                Some(before) if before == content => return Verdict::Duplicate,
                Some(_) => return Verdict::Refused(Refusal::IdReused),
                None => self.named.add(name, content),
            }
        } else if self.accepted.get(content).is_some() {
            return Verdict::Duplicate;
        }
        match outcome(self.place, etat) {
            Outcome::Refused(refusal) => Verdict::Refused(refusal),
            Outcome::To(place) => {
                self.place = Some(place);
                self.is_late = etat == Etat::Retard;
                self.delays += u32::from(self.is_late);
                self.happened = Some(Happened { details: bounded(details), spot });
                if self.accepted.get(content).is_none() {
                    self.accepted.add(content, ());
                }
                Verdict::Accepted
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five hundred events of 900 kB took `travel consume` to 636 MB, for as long as it ran.
    #[test]
    fn of_long_details_an_excerpt_and_a_digest_are_kept() {
        let short = format!(r#"{{"a":"{}"}}"#, "x".repeat(MOST_DETAILS_BYTES - 8));
        assert_eq!(bounded(&short).as_ref(), short);
        // What takes most room: each is written as six bytes, and none may be cut within a character.
        for (letter, written) in [("\u{1}", 900_000), ("é", 900_000), ("x", MOST_DETAILS_BYTES)] {
            let long = format!(r#"{{"a":"{}"}}"#, letter.repeat(written));
            let kept = bounded(&long);
            assert!(kept.len() <= MOST_DETAILS_BYTES, "{} bytes", kept.len());
            assert_eq!(bounded(&kept), kept, "what was bounded stays as it is");
            let kept: serde_json::Value = serde_json::from_str(&kept).expect("JSON");
            assert_eq!(kept["left_out"]["bytes"], long.len());
            assert_eq!(kept["left_out"]["sha256"].as_str().map(str::len), Some(64));
            assert!(kept["left_out"]["begins"].as_str().is_some_and(|begins| long.starts_with(begins)));
        }
        let mut request = Request::default();
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(900_000));
        let content = Digest::of_content(Etat::Creation, &long, &mut Vec::new());
        let what = What::Event { etat: Etat::Creation, details: &long, content, name: None };
        assert_eq!(request.take(Fact { spot: Spot::default(), what }), Verdict::Accepted);
        assert!(request.happened.is_some_and(|happened| happened.details.len() <= MOST_DETAILS_BYTES));
    }
}
