//! One line of a service's log, before it is written.

use std::fmt::Display;

use serde_json::{Map, Value};

use crate::words::record::Level;

/// Something that happened to a service. Each kind is made by one function, which alone says its key, its level, its
/// words and its figures: those of all services are in [`events`](super::events), those of one system in its own
/// `events.rs`. `docs/formats.md` has a table of them all.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceEvent {
    pub(super) key: &'static str,
    pub(super) level: Level,
    pub(super) message: String,
    pub(super) error: Option<String>,
    pub(super) metadata: Map<String, Value>,
}

impl ServiceEvent {
    /// All is well. `key` is stable, for machines; `metadata` is a JSON object of figures and names.
    pub fn info(key: &'static str, message: impl Into<String>, metadata: Value) -> Self {
        Self::new(key, Level::Info, message.into(), None, metadata)
    }

    /// It recovers by itself; `error` is the cause.
    pub fn warn(key: &'static str, message: impl Into<String>, error: impl Display, metadata: Value) -> Self {
        Self::new(key, Level::Warn, message.into(), Some(error.to_string()), metadata)
    }

    /// Somebody should look; `error` is the cause.
    pub fn error(key: &'static str, message: impl Into<String>, error: impl Display, metadata: Value) -> Self {
        Self::new(key, Level::Error, message.into(), Some(error.to_string()), metadata)
    }

    /// What is as grave as somebody else says.
    pub(super) fn of(level: Level, key: &'static str, message: String, metadata: Value) -> Self {
        Self::new(key, level, message, None, metadata)
    }

    fn new(key: &'static str, level: Level, message: String, error: Option<String>, metadata: Value) -> Self {
        let metadata = match metadata {
            Value::Object(metadata) => metadata,
            _ => Map::new(),
        };
        Self { key, level, message, error, metadata }
    }

    /// With one more figure or name, where there is one.
    #[must_use]
    pub fn with(mut self, name: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.metadata.insert(name.to_owned(), value.into());
        }
        self
    }

    /// How much somebody should care.
    pub fn level(&self) -> Level {
        self.level
    }

    /// The text for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The text for people, with its cause.
    pub fn line(&self) -> String {
        let cause = self.error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
        format!("{}{cause}", self.message)
    }

    /// Figures and names, and the cause as `error`, when there is one.
    pub fn details(&self) -> Value {
        Value::Object(self.clone().with("error", self.error.as_deref()).metadata)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_there_is_left_out_and_the_cause_is_a_detail() {
        let event = ServiceEvent::warn("a.b", "text", "cause", json!({"n": 1})).with("peer", None::<&str>);
        assert_eq!((event.line().as_str(), event.details()), ("text (cause)", json!({"n": 1, "error": "cause"})));
        let event = ServiceEvent::info("a.b", "text", json!({})).with("peer", Some("http://a/"));
        assert_eq!((event.level(), event.details()), (Level::Info, json!({"peer": "http://a/"})));
    }
}
