//! A line of `tracker.events` and a line of `tracker.log`: each defined here and nowhere else, as
//! `docs/formats.md` says.

mod abridge;
mod audit_line;
mod audit_write;
mod dead_letter;
mod health_line;
mod skim;

pub use abridge::{Abridged, Abridger, Envelope};
pub use audit_line::{AuditLine, Bytes, EventType, Gap, GapKind, LineHead, OrderText};
pub use audit_write::{Received, Verdict, write_gap, write_message};
pub use dead_letter::{DeadLetter, FailureReason, Sender};
pub use health_line::{HealthLine, Level, SERVICE};
pub use skim::{Skim, SkimmedEnd};

#[cfg(test)]
mod tests;
