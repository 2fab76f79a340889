//! A line of `tracker.log`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The name under which the tracker writes.
pub const SERVICE: &str = "order-tracker";

/// How much somebody should care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// All is well.
    Info,
    /// It recovers by itself.
    Warn,
    /// Somebody should look.
    Error,
}

/// One line of `tracker.log`. The fields stand in this order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HealthLine<'a> {
    /// RFC 3339, UTC.
    #[serde(borrow)]
    pub timestamp: Cow<'a, str>,
    /// How much somebody should care.
    pub level: Level,
    /// For people.
    #[serde(borrow)]
    pub message: Cow<'a, str>,
    /// Who writes.
    #[serde(borrow)]
    pub service: Cow<'a, str>,
    /// The cause, when there is one.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Cow<'a, str>>,
    /// Figures and names.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// Stable key for machines; the original program wrote none.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub event: Cow<'a, str>,
}

impl HealthLine<'_> {
    /// The line with its LF.
    pub fn to_line(&self) -> Vec<u8> {
        let mut line = Vec::with_capacity(256);
        // Strings, numbers and maps with string keys cannot fail to serialise into memory.
        if let Err(error) = serde_json::to_writer(&mut line, self) {
            debug_assert!(false, "a health line always serialises: {error}");
        }
        line.push(b'\n');
        line
    }
}
