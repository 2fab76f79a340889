//! What the target must be so that nothing of what is sent is lost or changed.

use jiff::Timestamp;

use super::Survey;
use crate::doors::kafka::TopicTerms;
use crate::tools::shown::{grouped, millisecond, size};

/// Kafka's default for the largest batch.
const USUAL_LARGEST_BYTES: u64 = 1_048_588;

/// What a batch, its frame and what compression may add take besides a record.
const HEADROOM_BYTES: u64 = 128 * 1024;

/// Kafka's default for how far ahead of the broker's clock a record may be: an hour; less to be sure.
const USUALLY_AHEAD_MS: i64 = 50 * 60_000;

/// What is known of the target topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::programs::auditor) struct Target {
    /// Its name.
    pub(in crate::programs::auditor) topic: String,
    /// Its terms; `None` when it is not there yet, or does not tell.
    pub(in crate::programs::auditor) terms: Option<TopicTerms>,
    /// Whether it is the topic that the trail is of.
    pub(in crate::programs::auditor) is_source: bool,
}

/// How a topic is made that keeps everything as it is sent.
pub(in crate::programs::auditor) fn new_topic_config(
    survey: &Survey,
    keeps_times: bool,
    now: Timestamp,
) -> Vec<(&'static str, String)> {
    let mut config = vec![
        ("cleanup.policy", "delete".to_owned()),
        ("retention.ms", "-1".to_owned()),
        ("retention.bytes", "-1".to_owned()),
        ("message.timestamp.type", "CreateTime".to_owned()),
    ];
    if survey.largest_bytes + HEADROOM_BYTES > USUAL_LARGEST_BYTES {
        config.push(("max.message.bytes", (survey.largest_bytes + HEADROOM_BYTES).to_string()));
    }
    // Only where it is needed: brokers before 3.6 do not know it.
    if keeps_times
        && survey.times_ms.is_some_and(|(_, newest)| newest > now.as_millisecond().saturating_add(USUALLY_AHEAD_MS))
    {
        config.push(("message.timestamp.after.max.ms", i64::MAX.to_string()));
    }
    config
}

/// What would be lost or changed, each with what to do instead of `--yes`.
pub(in crate::programs::auditor) fn doubts(
    target: &Target,
    survey: &Survey,
    keeps_times: bool,
    now: Timestamp,
) -> Vec<String> {
    let topic = &target.topic;
    let mut all = Vec::new();
    if target.is_source {
        all.push(format!("{topic} is the topic that this trail is of: it would hold every message twice"));
    }
    if survey.inexact > 0 {
        let count = grouped(survey.inexact);
        all.push(format!("{count} lines do not hold their exact message (see audit verify) and would be left out"));
    }
    if keeps_times && survey.of_time_zero > 0 {
        let count = grouped(survey.of_time_zero);
        all.push(format!(
            "{count} messages have the time 0, which Kafka's C client cannot send: they would get the time 1"
        ));
    }
    if keeps_times && survey.timeless > 0 {
        all.push(format!("{} messages have no time and would get the time of the replay", grouped(survey.timeless)));
    }
    if let Some(terms) = &target.terms {
        all.extend(doubts_of_terms(topic, terms, survey, keeps_times, now));
    }
    all
}

fn doubts_of_terms(topic: &str, terms: &TopicTerms, survey: &Survey, keeps_times: bool, now: Timestamp) -> Vec<String> {
    let mut all = Vec::new();
    let now_ms = now.as_millisecond();
    let milliseconds = |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    if let (Some(retention), Some((oldest, _)), true, false) =
        (terms.retention, survey.times_ms, keeps_times, terms.broker_time)
        && oldest < now_ms.saturating_sub(milliseconds(retention))
    {
        let (ms, oldest) = (milliseconds(retention), millisecond(oldest));
        all.push(format!(
            "{topic} deletes what is older than retention.ms={ms}, and the oldest message is of {oldest} UTC: \
             it would vanish at once (raise it, name a topic that is not there yet, or pass --timestamps now)"
        ));
    }
    if terms.broker_time && keeps_times {
        all.push(format!("{topic} puts the broker's time in place of each message's (message.timestamp.type)"));
    }
    if terms.compacted {
        all.push(format!("{topic} is compacted: of the messages with one key only the last would stay"));
    }
    if let (Some(ahead), Some((_, newest)), true) = (terms.most_ahead, survey.times_ms, keeps_times)
        && newest > now_ms.saturating_add(milliseconds(ahead))
    {
        let newest = millisecond(newest);
        all.push(format!("{topic} refuses times so far ahead as {newest} UTC (message.timestamp.after.max.ms)"));
    }
    if terms.largest_bytes.is_some_and(|largest| survey.largest_bytes > largest) {
        let largest = size(survey.largest_bytes);
        all.push(format!("{topic} refuses messages as large as {largest} (max.message.bytes)"));
    }
    all
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-21T09:41:05Z".parse().unwrap()
    }

    fn survey(oldest: &str, newest: &str) -> Survey {
        let time = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        Survey { messages: 2, times_ms: Some((time(oldest), time(newest))), ..Survey::default() }
    }

    fn target(terms: TopicTerms) -> Target {
        Target { topic: "copy".to_owned(), terms: Some(terms), is_source: false }
    }

    #[test]
    fn what_would_vanish_at_once_is_doubted_unless_it_gets_a_new_time() {
        let terms = TopicTerms { retention: Some(Duration::from_secs(7 * 86_400)), ..TopicTerms::default() };
        let old = survey("2026-11-01T00:00:00Z", "2026-11-21T00:00:00Z");
        let said = doubts(&target(terms), &old, true, now()).join("");
        assert!(said.contains("retention.ms=604800000") && said.contains("2026-11-01 00:00:00.000 UTC"), "{said}");
        assert!(doubts(&target(terms), &old, false, now()).is_empty());
        let new = survey("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z");
        assert!(doubts(&target(terms), &new, true, now()).is_empty());
        let for_ever = Target { terms: None, ..target(terms) };
        assert!(doubts(&for_ever, &old, true, now()).is_empty());
    }

    #[test]
    fn whatever_else_would_be_changed_is_doubted() {
        let terms = TopicTerms {
            broker_time: true,
            compacted: true,
            most_ahead: Some(Duration::from_secs(3_600)),
            largest_bytes: Some(1_000),
            retention: None,
            most_kept_bytes: None,
        };
        let mut odd = survey("2026-11-20T00:00:00Z", "2027-01-01T00:00:00Z");
        (odd.largest_bytes, odd.inexact, odd.of_time_zero, odd.timeless) = (2_000, 1, 2, 3);
        let source = Target { is_source: true, ..target(terms) };
        assert_eq!(doubts(&source, &odd, true, now()).len(), 8);
        assert_eq!(doubts(&source, &odd, false, now()).len(), 4);
    }

    #[test]
    fn a_new_topic_takes_everything_and_keeps_it() {
        let names = |survey: &Survey, keeps: bool| -> Vec<&str> {
            new_topic_config(survey, keeps, now()).iter().map(|(name, _)| *name).skip(4).collect()
        };
        let usual = survey("2026-11-20T00:00:00Z", "2026-11-21T09:41:05Z");
        assert!(names(&usual, true).is_empty());
        assert!(new_topic_config(&usual, true, now()).contains(&("retention.ms", "-1".to_owned())));
        let mut odd = survey("2026-11-20T00:00:00Z", "2026-11-21T12:00:00Z");
        odd.largest_bytes = 20_000_000;
        assert_eq!(names(&odd, true), ["max.message.bytes", "message.timestamp.after.max.ms"]);
        assert_eq!(names(&odd, false), ["max.message.bytes"]);
    }
}
