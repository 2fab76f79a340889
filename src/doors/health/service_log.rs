//! What a service says while it runs: lines for people on a terminal, else JSON lines of the same shape as
//! those of `tracker.log`. On standard error, each line one write.

use std::io::{IsTerminal as _, Write as _};

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::base::characters::is_obeyed;
use crate::words::record::{HealthLine, Level};

/// The log of one service.
#[derive(Clone, Copy, Debug)]
pub struct ServiceLog {
    service: &'static str,
    is_for_people: bool,
}

impl ServiceLog {
    /// The log of `service`, which names itself so in each line.
    pub fn new(service: &'static str) -> Self {
        Self { service, is_for_people: std::io::stderr().is_terminal() }
    }

    /// All is well. `event` is a stable key for machines, `figures` is a JSON object.
    pub fn info(&self, event: &str, message: &str, figures: Value) {
        self.write(Level::Info, event, message, None, figures);
    }

    /// It recovers by itself; `error` is the cause.
    pub fn warn(&self, event: &str, message: &str, error: &str, figures: Value) {
        self.write(Level::Warn, event, message, Some(error), figures);
    }

    /// Somebody should look; `error` is the cause.
    pub fn error(&self, event: &str, message: &str, error: &str, figures: Value) {
        self.write(Level::Error, event, message, Some(error), figures);
    }

    fn write(&self, level: Level, event: &str, message: &str, error: Option<&str>, figures: Value) {
        let line = if self.is_for_people {
            let cause = error.map(|error| format!(" ({error})")).unwrap_or_default();
            let text = format!("{}: {message}{cause}", self.service);
            let safe: String = text.chars().map(|c| if is_obeyed(c) { ' ' } else { c }).collect();
            format!("{safe}\n").into_bytes()
        } else {
            let metadata = match figures {
                Value::Object(metadata) => metadata,
                _ => Map::new(),
            };
            let timestamp = format!("{:.3}", Timestamp::now()).into();
            let (error, service) = (error.map(Into::into), self.service.into());
            HealthLine { timestamp, level, message: message.into(), service, error, metadata, event: event.into() }
                .to_line()
        };
        // With standard error closed there is nobody left to tell.
        drop(anstream::stderr().write_all(&line));
    }
}
