//! Reading `tracker.log`.

use serde_json::Value;
use std::path::Path;

/// One line of it.
#[derive(Clone, Debug)]
pub(crate) struct LogLine(Value);

/// All whole lines so far; none when there is no file yet. Panics at a line that is no JSON.
#[track_caller]
pub(crate) fn read_log(dir: &Path) -> Vec<LogLine> {
    let text = std::fs::read_to_string(dir.join("tracker.log")).unwrap_or_default();
    let whole = text.rfind('\n').map_or(0, |last| last + 1);
    let text = text.get(..whole).expect("LF ends a character");
    let parse = |line: &str| match serde_json::from_str(line) {
        Ok(value) => LogLine(value),
        Err(error) => panic!("not a line of tracker.log ({error}): {line}"),
    };
    text.lines().map(parse).collect()
}

impl LogLine {
    pub(crate) fn get(&self, name: &str) -> &Value {
        &self.0[name]
    }

    fn text(&self, name: &str) -> &str {
        self.get(name).as_str().unwrap_or_default()
    }

    /// The stable key for machines.
    pub(crate) fn event(&self) -> &str {
        self.text("event")
    }

    pub(crate) fn level(&self) -> &str {
        self.text("level")
    }

    pub(crate) fn message(&self) -> &str {
        self.text("message")
    }

    pub(crate) fn metadata(&self) -> &Value {
        self.get("metadata")
    }
}
