//! What is to be sent, before anything is.

use super::{NoMessage, exact};
use crate::programs::auditor::context::Context;
use crate::programs::auditor::error::AuditError;
use crate::programs::auditor::search::fold;
use crate::programs::auditor::selection::Selection;
use crate::programs::auditor::trails::{Coverage, Trails};
use crate::words::record::AuditLine;

/// What is to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::programs::auditor) struct Survey {
    pub(in crate::programs::auditor) messages: u64,
    /// Lines that tell a gap: there is no message to send.
    pub(in crate::programs::auditor) gaps: u64,
    /// Lines that are damaged, or do not hold the exact bytes.
    pub(in crate::programs::auditor) inexact: u64,
    /// Messages that have no time.
    pub(in crate::programs::auditor) timeless: u64,
    /// Messages whose time is 0, which librdkafka cannot send.
    pub(in crate::programs::auditor) of_time_zero: u64,
    /// The oldest and the newest time, milliseconds since 1970-01-01 UTC.
    pub(in crate::programs::auditor) times_ms: Option<(i64, i64)>,
    /// The highest partition.
    pub(in crate::programs::auditor) last_partition: i32,
    /// The largest message, with its key and headers.
    pub(in crate::programs::auditor) largest_bytes: u64,
    /// All that have a message.
    pub(in crate::programs::auditor) partitions: Vec<i32>,
}

impl Survey {
    /// Looks at everything that is selected.
    ///
    /// # Errors
    /// [`AuditError`]: of reading, or when two trails hold messages of one partition.
    pub(in crate::programs::auditor) fn of(
        context: &Context<'_>,
        trails: &Trails,
        selection: &Selection,
    ) -> Result<Self, AuditError> {
        let (mut whole, mut coverage) = (Self::default(), Coverage::default());
        let folded = fold(context, trails, selection, Self::add, |trail, part: Self| {
            part.partitions.iter().for_each(|&partition| coverage.note(trail, partition));
            whole.join(part);
        })?;
        if folded.stopped {
            let (read_bytes, all_bytes) = (folded.read_bytes, trails.bytes());
            return Err(AuditError::Stopped { read_bytes, all_bytes, left: "nothing was sent" });
        }
        let complaints = trails.complaints(&coverage);
        if coverage.twice().next().is_some() {
            let reason = format!("{}: leave out one --dir, or pass --partition", complaints.join("; "));
            return Err(AuditError::Refused { reason });
        }
        // Which of them would have been sent nobody can say.
        whole.inexact += folded.headless;
        Ok(whole)
    }

    fn add(&mut self, line: &[u8]) {
        let Ok(line) = AuditLine::parse(line) else {
            self.inexact += 1;
            return;
        };
        match exact(&line) {
            Ok(message) => {
                self.messages += 1;
                self.last_partition = self.last_partition.max(message.partition);
                self.largest_bytes = self.largest_bytes.max(message.bytes());
                if !self.partitions.contains(&message.partition) {
                    self.partitions.push(message.partition);
                }
                match message.timestamp_ms {
                    None => self.timeless += 1,
                    Some(time) => {
                        self.of_time_zero += u64::from(time == 0);
                        self.times_ms = joined(self.times_ms, Some((time, time)));
                    }
                }
            }
            Err(NoMessage::Gap) => self.gaps += 1,
            Err(NoMessage::Inexact) => self.inexact += 1,
        }
    }

    fn join(&mut self, other: Self) {
        self.messages += other.messages;
        self.gaps += other.gaps;
        self.inexact += other.inexact;
        self.timeless += other.timeless;
        self.of_time_zero += other.of_time_zero;
        self.times_ms = joined(self.times_ms, other.times_ms);
        self.last_partition = self.last_partition.max(other.last_partition);
        self.largest_bytes = self.largest_bytes.max(other.largest_bytes);
    }
}

fn joined(one: Option<(i64, i64)>, other: Option<(i64, i64)>) -> Option<(i64, i64)> {
    match (one, other) {
        (Some(one), Some(other)) => Some((one.0.min(other.0), one.1.max(other.1))),
        (one, other) => one.or(other),
    }
}
