//! Noticing that a topic has become another one of the same name.
//!
//! librdkafka 2.12 reads on at the same offset when a topic was deleted and made anew, and tells
//! nobody. But before it takes the new id it logs a line, on the thread that learns the id and before
//! anything is fetched under it: whoever reads the log after the messages has not missed it.

use std::sync::{Arc, Mutex, PoisonError};

/// What librdkafka must log about (`debug`) so that the line is among what it logs. The others that
/// come with it are a few for each answer to a question about metadata.
pub(super) const DEBUG_CONTEXT: &str = "metadata";

/// What a missing id looks like.
const NO_ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";

/// One topic by its id.
#[derive(Debug)]
pub(super) struct Incarnation {
    topic: String,
    // Shared with whoever learns it elsewhere.
    id: Arc<Mutex<Option<String>>>,
}

impl Incarnation {
    /// The topic of this name and, if that is known, of this id.
    pub(super) fn new(topic: &str, id: Arc<Mutex<Option<String>>>) -> Self {
        Self { topic: topic.to_owned(), id }
    }

    /// Whether a line that librdkafka logged says that the topic is another one now.
    pub(super) fn is_changed_by(&mut self, line: &str) -> bool {
        let Some(id) = new_id(line, &self.topic) else { return false };
        let mut known = self.id.lock().unwrap_or_else(PoisonError::into_inner);
        known.get_or_insert_with(|| id.clone()) != &id
    }
}

/// The id that a topic has now, as Kafka's own tools write it, if that is what the line tells:
/// `[thrd:main]: Topic orders changed id from … to …`.
fn new_id(line: &str, topic: &str) -> Option<String> {
    let (_, rest) = line.split_once("Topic ")?;
    let ids = rest.strip_prefix(topic)?.strip_prefix(" changed id from ")?;
    let (_, id) = ids.split_once(" to ")?;
    let id = id.trim_end().replace('+', "-").replace('/', "_");
    (id != NO_ID).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(id: Option<&str>) -> Incarnation {
        Incarnation::new("orders", Arc::new(Mutex::new(id.map(str::to_owned))))
    }

    fn line(topic: &str, from: &str, to: &str) -> String {
        format!("[thrd:main]: Topic {topic} changed id from {from} to {to}")
    }

    #[test]
    fn learning_the_first_id_is_no_change_and_another_one_is() {
        let mut orders = topic(None);
        assert!(!orders.is_changed_by(&line("orders", NO_ID, "a+/aaaaaaaaaaaaaaaaaaa")));
        assert!(!orders.is_changed_by(&line("orders", NO_ID, "a-_aaaaaaaaaaaaaaaaaaa")), "the same again");
        assert!(orders.is_changed_by(&line("orders", "a+/aaaaaaaaaaaaaaaaaaa", "bbbb")));
        assert!(orders.is_changed_by(&line("orders", NO_ID, "bbbb")), "even if librdkafka forgot the first");
    }

    #[test]
    fn a_first_id_that_is_not_the_expected_one_is_a_change() {
        let mut orders = topic(Some("aaaa"));
        assert!(!orders.is_changed_by(&line("orders", NO_ID, "aaaa")));
        assert!(topic(Some("aaaa")).is_changed_by(&line("orders", NO_ID, "bbbb")));
    }

    #[test]
    fn other_lines_other_topics_and_a_lost_id_change_nothing() {
        let mut orders = topic(Some("aaaa"));
        for other in [
            line("orders2", "aaaa", "bbbb"),
            line("my.orders", "aaaa", "bbbb"),
            line("orders", "aaaa", NO_ID),
            "[thrd:main]: Topic orders partition 0 Leader 1 Epoch 0".to_owned(),
            String::new(),
        ] {
            assert!(!orders.is_changed_by(&other), "{other}");
        }
    }
}
