//! What was handed over to customers and to the team.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::counts::short;
use super::latest::{Latest, Told};
use super::recent::Spot;
use crate::base::message::Message;

/// So many different kinds are counted each by itself, the rest together.
const MOST_KINDS: usize = 100;

/// Channel, kind and result.
pub type SentKind = (String, String, String);

/// One letter that was done with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentOne {
    /// About which order.
    pub order_id: String,
    /// `email`, `sms`.
    pub channel: String,
    /// `confirmation`, `apology`, …
    pub kind: String,
    /// What came of it.
    pub result: String,
    /// A file's name or a message's id.
    pub reference: String,
    /// Where that is told.
    pub told: Spot,
    /// When it was written, milliseconds since 1970.
    pub at_ms: Option<i64>,
}

impl Told for SentOne {
    fn place(&self) -> (Option<i64>, u8, Spot) {
        (self.at_ms, 0, self.told)
    }
}

/// What topic `notification-results` tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    #[serde(with = "kinds")]
    kinds: BTreeMap<SentKind, u64>,
    recent: Latest<SentOne>,
    /// All of them.
    pub all: u64,
}

impl Sent {
    pub(super) fn add(&mut self, message: &Message<'_>) {
        let json: Value = serde_json::from_slice(message.payload.unwrap_or_default()).unwrap_or_default();
        let text = |field: &str| short(json.get(field).and_then(Value::as_str).unwrap_or_default());
        let one = SentOne {
            order_id: text("order_id"),
            channel: text("channel"),
            kind: text("kind"),
            result: text("result"),
            reference: text("reference"),
            told: Spot::of(message),
            at_ms: super::written_ms(message),
        };
        self.all += 1;
        let kind = (one.channel.clone(), one.kind.clone(), one.result.clone());
        let is_known = self.kinds.len() < MOST_KINDS || self.kinds.contains_key(&kind);
        let kind = if is_known { kind } else { ("other".to_owned(), String::new(), String::new()) };
        *self.kinds.entry(kind).or_default() += 1;
        self.recent.push(one);
    }

    /// How many of each kind.
    pub fn kinds(&self) -> &BTreeMap<SentKind, u64> {
        &self.kinds
    }

    /// The last ones, oldest first.
    pub fn recent(&self) -> impl DoubleEndedIterator<Item = &SentOne> + ExactSizeIterator {
        self.recent.iter()
    }
}

/// JSON has no keys of three texts.
mod kinds {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::SentKind;

    pub(super) fn serialize<S: Serializer>(kinds: &BTreeMap<SentKind, u64>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(kinds)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<SentKind, u64>, D::Error> {
        Ok(Vec::<(SentKind, u64)>::deserialize(deserializer)?.into_iter().collect())
    }
}
