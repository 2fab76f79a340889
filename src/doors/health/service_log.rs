//! What a service says while it runs: lines for people on a terminal, else JSON lines of the same shape as
//! those of `tracker.log`. On standard error, each line one write.

use std::io::{IsTerminal as _, Write as _};
use std::time::Instant;

use jiff::Timestamp;

use super::diagnostics::{DiagnosticLayer, Diagnostics};
use super::events::diagnostic;
use super::service_event::ServiceEvent;
use crate::base::characters::is_obeyed;
use crate::words::record::HealthLine;

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

    /// A layer that sends what libraries report as warnings and errors here as well.
    pub fn layer(self) -> DiagnosticLayer {
        let diagnostics = Diagnostics::new();
        DiagnosticLayer::new(move |level, text| {
            for told in diagnostics.tell(Instant::now(), level, text).into_iter().flatten() {
                self.write(&diagnostic(told.level, told.text, told.suppressed));
            }
        })
    }

    /// Writes one event.
    pub fn write(&self, event: &ServiceEvent) {
        let ServiceEvent { key, level, message, error, metadata } = event;
        let line = if self.is_for_people {
            let text = format!("{}: {}", self.service, event.line());
            let safe: String = text.chars().map(|c| if is_obeyed(c) { ' ' } else { c }).collect();
            format!("{safe}\n").into_bytes()
        } else {
            HealthLine {
                timestamp: format!("{:.3}", Timestamp::now()).into(),
                level: *level,
                message: message.into(),
                service: self.service.into(),
                error: error.as_ref().map(Into::into),
                metadata: metadata.clone(),
                event: (*key).into(),
            }
            .to_line()
        };
        // With standard error closed there is nobody left to tell.
        drop(anstream::stderr().write_all(&line));
    }
}
