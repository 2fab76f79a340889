//! Who an exactly-once producer is, and what it remembers in Kafka. Pure.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A place that one producer at a time may hold: a topic and a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    topic: String,
    name: String,
}

/// How far a slot has come. The last one that was committed counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Done {
    /// The number of the last order, counted from 1 over all runs of the slot.
    pub(super) sequence: u64,
    /// The line of the file on which that order stood, from 1; 0 when none has come from a file.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) line: u64,
    /// The name of that file, `-` for standard input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<String>,
    /// Which run wrote this.
    pub(super) instance: Uuid,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Slot {
    pub(super) fn new(topic: &str, name: &str) -> Self {
        Self { topic: topic.to_owned(), name: name.to_owned() }
    }

    /// By which the broker fences. No topic's name holds a `/`, so no two slots share one.
    pub(super) fn transactional_id(&self) -> String {
        format!("ordertrail.producer/{}/{}", self.topic, self.name)
    }

    /// Under which its progress is kept.
    pub(super) fn key(&self) -> String {
        format!("{}/{}", self.topic, self.name)
    }

    /// From which the ids of its orders are made.
    pub(super) fn namespace(&self) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_URL, self.transactional_id().as_bytes())
    }
}

impl Done {
    pub(super) fn read(json: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }

    pub(super) fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_slots_share_anything() {
        let slots = [Slot::new("a", "b"), Slot::new("a.b", "c"), Slot::new("a", "b/c"), Slot::new("b", "a")];
        for (index, slot) in slots.iter().enumerate() {
            for other in slots.iter().skip(index + 1) {
                assert_ne!(slot.transactional_id(), other.transactional_id());
                assert_ne!(slot.key(), other.key());
                assert_ne!(slot.namespace(), other.namespace());
            }
        }
        assert_eq!(slots[0].namespace(), Slot::new("a", "b").namespace(), "and each stays the same");
    }

    #[test]
    fn progress_is_small_json() {
        let done = Done { sequence: 7, ..Done::default() };
        let json = String::from_utf8(done.to_json().unwrap()).unwrap();
        assert_eq!(json, r#"{"sequence":7,"instance":"00000000-0000-0000-0000-000000000000"}"#);
        assert_eq!(Done::read(json.as_bytes()).unwrap(), done);
        let done = Done { line: 9, file: Some("a.jsonl".into()), ..done };
        assert_eq!(Done::read(&done.to_json().unwrap()).unwrap(), done);
    }
}
