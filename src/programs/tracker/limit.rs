//! Telling of what may come with each message without flooding the log: at most ten lines a second, and a count.

use std::time::Instant;

use crate::base::message::Message;
use crate::doors::health::HealthEvent;
use crate::tools::quota::Quota;

/// Lines of one kind a second.
const MOST_A_SECOND: u32 = 10;

/// How much of the payload a line shows.
const SHOWN_BYTES: usize = 1024;

/// Decides which events of one kind get a line of their own.
#[derive(Debug)]
pub(super) struct LineLimit {
    quota: Quota,
    /// The last that got no line.
    last: Option<HealthEvent>,
}

impl LineLimit {
    pub(super) fn new(now: Instant) -> Self {
        Self { quota: Quota::new(MOST_A_SECOND, now), last: None }
    }

    /// The line to write now, if any. What gets none is counted, and told by [`Self::overdue`].
    pub(super) fn tell(&mut self, now: Instant, event: HealthEvent) -> Option<HealthEvent> {
        let due = self.overdue(now);
        if due.is_some() {
            self.quota.leave_out(1);
        } else if self.quota.allows() {
            return Some(event);
        }
        self.last = Some(event);
        due
    }

    /// Once the second is over: the last one that got no line, with how many there were before it.
    pub(super) fn overdue(&mut self, now: Instant) -> Option<HealthEvent> {
        let left_out = self.quota.turn(now)?;
        // A new second has room for it.
        self.last_of(left_out).filter(|_| self.quota.allows())
    }

    /// What was not told yet, whatever the time.
    pub(super) fn rest(&mut self) -> Option<HealthEvent> {
        let left_out = self.quota.rest();
        self.last_of(left_out)
    }

    fn last_of(&mut self, left_out: u64) -> Option<HealthEvent> {
        let mut last = self.last.take()?;
        if let HealthEvent::MessageInvalid { suppressed, .. } | HealthEvent::DeadLetterFailed { suppressed, .. } =
            &mut last
        {
            *suppressed = left_out.saturating_sub(1);
        }
        Some(last)
    }
}

/// That a message is not what was expected.
pub(super) fn invalid(topic: &str, message: &Message<'_>, error: &str) -> HealthEvent {
    let payload = message.payload.unwrap_or_default();
    let shown = payload.get(..SHOWN_BYTES).unwrap_or(payload);
    HealthEvent::MessageInvalid {
        topic: topic.to_owned(),
        partition: message.partition,
        offset: message.offset,
        size_bytes: payload.len(),
        raw_message: String::from_utf8_lossy(shown).into_owned(),
        suppressed: 0,
        error: error.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::message::{Headers, MessageTime};
    use std::time::Duration;

    #[test]
    fn every_message_is_told_or_counted() {
        let start = Instant::now();
        let mut limit = LineLimit::new(start);
        let mut told = 0;
        let mut counted = 0;
        let mut hear = |event: Option<HealthEvent>| {
            if let Some(HealthEvent::MessageInvalid { suppressed, .. }) = event {
                told += 1;
                counted += suppressed;
            }
        };
        for step in 0..5_000_u64 {
            let payload = vec![b'x'; 5_000];
            let message = Message {
                partition: 0,
                offset: 0,
                time: MessageTime::Unknown,
                key: None,
                payload: Some(&payload),
                headers: Headers::default(),
                leader_epoch: None,
            };
            hear(limit.tell(start + Duration::from_millis(step), invalid("orders", &message, "no")));
        }
        hear(limit.rest());
        hear(limit.rest());
        assert_eq!(told + counted, 5_000);
        assert!(told <= 5 * 10 + 1, "{told} lines in five seconds");
    }

    #[test]
    fn letters_that_failed_are_told_or_counted_too() {
        let start = Instant::now();
        let mut limit = LineLimit::new(start);
        let failed = || HealthEvent::DeadLetterFailed {
            topic: "orders-dlq".into(),
            partition: 0,
            offset: 0,
            suppressed: 0,
            reason: "too large".into(),
        };
        let mut events: Vec<HealthEvent> = (0..20_000).filter_map(|_| limit.tell(start, failed())).collect();
        events.extend(limit.rest());
        let counted = |event: &HealthEvent| match event {
            HealthEvent::DeadLetterFailed { suppressed, .. } => 1 + suppressed,
            _ => 0,
        };
        assert_eq!(events.iter().map(counted).sum::<u64>(), 20_000);
        assert!(events.len() <= 11, "{} lines in one second", events.len());
    }
}
