//! Writing `tracker.log`.
//!
//! Through tracing-appender's file, but never through its background thread: that one drops lines
//! when it is busy and loses its queue when the process is killed. Health lines are few, so each is
//! one `write` of one whole line, at once.

use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use tracing_appender::rolling::{InitError, RollingFileAppender, Rotation};

use super::diagnostics::{Diagnostic, DiagnosticLayer, Diagnostics};
use super::event::HealthEvent;
use crate::base::language::Language;
use crate::words::record::{HealthLine, SERVICE};

const FILE_NAME: &str = "tracker.log";

struct LogFile {
    file: RollingFileAppender,
    /// Whether it ends in the middle of a line.
    is_torn: bool,
}

/// Whether the file is there and its last byte is no LF.
fn ends_torn(path: &Path) -> bool {
    let last_byte = || {
        let mut file = std::fs::File::open(path)?;
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last).map(|()| last[0])
    };
    // An empty or missing file has no last byte.
    let last_byte: io::Result<u8> = last_byte();
    last_byte.is_ok_and(|byte| byte != b'\n')
}

/// `tracker.log`, being written. Clones share the file.
#[derive(Clone)]
pub struct HealthLog {
    file: Arc<Mutex<LogFile>>,
    diagnostics: Arc<Diagnostics>,
    language: Language,
}

impl HealthLog {
    /// Where the log of a folder is.
    pub fn path(folder: &Path) -> PathBuf {
        folder.join(FILE_NAME)
    }

    /// Opens the log of `folder`, made when missing; lines are added at its end.
    ///
    /// # Errors
    /// When the file cannot be made or opened.
    pub fn open(folder: &Path, language: Language) -> Result<Self, InitError> {
        let is_torn = ends_torn(&Self::path(folder));
        let file = RollingFileAppender::builder().rotation(Rotation::NEVER).filename_prefix(FILE_NAME).build(folder)?;
        let file = Arc::new(Mutex::new(LogFile { file, is_torn }));
        Ok(Self { file, diagnostics: Arc::new(Diagnostics::new()), language })
    }

    /// Writes one event; news also go to standard error. What libraries said before it and got no line is told first.
    pub fn write(&self, event: &HealthEvent) {
        let is_last = matches!(event, HealthEvent::Stopped { .. } | HealthEvent::Failed { .. });
        let untold = match is_last {
            true => self.diagnostics.rest(),
            false => self.diagnostics.overdue(Instant::now()),
        };
        self.write_diagnostics(untold);
        if event.is_news() {
            let cause = event.error().map(|error| format!(" ({error})")).unwrap_or_default();
            // A closed standard error must not end the tracker; the log has it all.
            let told = writeln!(anstream::stderr(), "{}{cause}", event.message(self.language));
            drop(told);
        }
        self.write_line(&HealthLine {
            timestamp: now().into(),
            level: event.level(),
            message: event.message(self.language).into(),
            service: SERVICE.into(),
            error: event.error().map(Into::into),
            metadata: event.metadata(),
            event: event.key().into(),
        });
    }

    fn write_diagnostics(&self, told: impl IntoIterator<Item = Diagnostic>) {
        for one in told {
            let metadata = serde_json::Map::from_iter([("suppressed".to_owned(), one.suppressed.into())]);
            self.write_line(&HealthLine {
                timestamp: now().into(),
                level: one.level,
                message: one.text.into(),
                service: SERVICE.into(),
                error: None,
                metadata,
                event: "diagnostic".into(),
            });
        }
    }

    fn write_line(&self, line: &HealthLine<'_>) {
        let mut line = line.to_line();
        let mut log = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if log.is_torn {
            // What a full disk or a kill left of the line before must not swallow this one.
            line.insert(0, b'\n');
        }
        let written = log.file.write_all(&line);
        log.is_torn = written.is_err();
        if let Err(error) = written {
            // The disk may be full: health then goes where start.sh keeps standard error.
            let mut stderr = io::stderr().lock();
            let told =
                writeln!(stderr, "tracker.log cannot be written ({error}): ").and_then(|()| stderr.write_all(&line));
            // With both gone there is nobody left to tell.
            drop(told);
        }
    }

    /// A layer that sends what libraries report as warnings and errors here as well.
    pub fn layer(&self) -> DiagnosticLayer {
        let log = self.clone();
        DiagnosticLayer::new(move |level, text| {
            log.write_diagnostics(log.diagnostics.tell(Instant::now(), level, text).into_iter().flatten());
        })
    }
}

fn now() -> String {
    format!("{:.3}", Timestamp::now())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::prelude::*;

    fn lines(folder: &Path) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(HealthLog::path(folder)).expect("written");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    #[test]
    fn each_event_is_one_line_at_once_in_the_asked_language() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = HealthLog::open(folder.path(), Language::Fr).expect("opened");
        log.write(&HealthEvent::Metrics(Box::default()));
        log.write(&HealthEvent::BrokerLost { brokers: "a:1".into(), reason: "connection refused".into() });
        let lines = lines(folder.path());
        assert_eq!(lines[0]["message"], "Métriques système périodiques");
        assert_eq!(lines[0]["metadata"]["write_ms_p99"], 0.0);
        assert_eq!(lines[0]["event"], "tracker.metrics");
        assert_eq!(lines[1]["level"], "WARN");
        assert_eq!(lines[1]["error"], "connection refused");
        assert_eq!(lines[1]["service"], "order-tracker");
    }

    #[test]
    fn a_torn_last_line_does_not_swallow_the_next() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(HealthLog::path(folder.path()), "{\"torn").expect("written");
        let log = HealthLog::open(folder.path(), Language::En).expect("opened");
        log.write(&HealthEvent::Metrics(Box::default()));
        log.write(&HealthEvent::Metrics(Box::default()));
        let text = std::fs::read_to_string(HealthLog::path(folder.path())).expect("written");
        assert_eq!(text.lines().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()).count(), 2);
    }

    #[test]
    fn a_second_writer_adds_and_never_truncates() {
        let folder = tempfile::tempdir().expect("a folder");
        for _ in 0..2 {
            let log = HealthLog::open(folder.path(), Language::En).expect("opened");
            log.write(&HealthEvent::Stopping { reason: "signal" });
        }
        assert_eq!(lines(folder.path()).len(), 2);
    }

    #[test]
    fn what_libraries_warn_of_is_kept_and_chatter_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = HealthLog::open(folder.path(), Language::En).expect("opened");
        let subscriber = tracing_subscriber::registry().with(log.layer());
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(answer = 42, "odd");
            tracing::info!("chatter");
        });
        let lines = lines(folder.path());
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["message"], "odd answer=42");
        assert_eq!(lines[0]["event"], "diagnostic");
    }

    /// Each message with headers that cannot be read once was a line: a topic of them filled the disk.
    #[test]
    fn what_libraries_say_of_each_message_is_bounded_and_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = HealthLog::open(folder.path(), Language::En).expect("opened");
        let subscriber = tracing_subscriber::registry().with(log.layer());
        let began = Instant::now();
        tracing::subscriber::with_default(subscriber, || {
            for offset in 0..5_000 {
                tracing::error!(offset, "the headers of a message could not be read");
            }
        });
        let bound = (began.elapsed().as_secs() + 1) * 10;
        log.write(&HealthEvent::Failed { exit_code: 1, reason: "enough".into() });
        let mut told = lines(folder.path());
        assert_eq!(told.pop().expect("the last one")["event"], "tracker.failed");
        assert!(told.len() as u64 <= bound + 1, "{} lines", told.len());
        let counted: u64 = told.iter().map(|line| 1 + line["metadata"]["suppressed"].as_u64().expect("a count")).sum();
        assert_eq!(counted, 5_000, "each is told or counted");
        assert_eq!(
            told.last().expect("the newest")["message"],
            "the headers of a message could not be read offset=4999"
        );
    }
}
