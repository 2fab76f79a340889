//! What a comparison with Kafka found, and how it is said.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::tools::exit::Exit;
use crate::tools::shown::grouped;

/// How many differences, and partitions, are told one by one.
const TOLD: usize = 20;

/// What came of it.
#[derive(Clone, Debug, Default, Serialize)]
pub(in crate::programs::auditor) struct Comparison {
    /// Lines whose message Kafka has, and which agree with it.
    pub(in crate::programs::auditor) agreeing: u64,
    /// Lines whose message Kafka has no more: deleted, compacted away, or of an earlier topic.
    pub(in crate::programs::auditor) gone: u64,
    /// By partition, how many messages Kafka has behind its last line: not recorded yet, or cut off the trail's end.
    pub(in crate::programs::auditor) behind: BTreeMap<i32, u64>,
    /// What does not agree.
    pub(in crate::programs::auditor) differences: Vec<String>,
    /// How many more there are.
    pub(in crate::programs::auditor) more_differences: u64,
    /// Why nothing could be compared, when that is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::programs::auditor) nothing_because: Option<String>,
    /// Whether there is nothing to compare, as the trail has no line yet.
    #[serde(skip)]
    is_empty_trail: bool,
    /// Whether something is missing that a tracker which runs may be about to write.
    #[serde(skip)]
    pub(super) may_come: bool,
}

impl Comparison {
    /// Of a trail without a line.
    pub(super) fn of_empty_trail() -> Self {
        let nothing_because = Some("the trail has no line".to_owned());
        Self { nothing_because, is_empty_trail: true, ..Self::default() }
    }

    /// Of which nothing came.
    pub(super) fn nothing(reason: String) -> Self {
        Self { nothing_because: Some(reason), ..Self::default() }
    }

    pub(super) fn differs(&mut self, what: String) {
        if self.differences.len() < TOLD {
            self.differences.push(what);
        } else {
            self.more_differences += 1;
        }
    }

    /// Says that nothing was compared, when of all the lines none has its message in Kafka any more.
    pub(super) fn settle(mut self) -> Self {
        if self.agreeing == 0 && self.gone > 0 && self.differences.is_empty() {
            let reason = "Kafka has none of the messages any more that the lines tell";
            self.nothing_because = Some(reason.to_owned());
        }
        self
    }

    /// In words, for people.
    pub(in crate::programs::auditor) fn text(&self) -> String {
        if let Some(reason) = &self.nothing_because {
            return format!("not compared with Kafka: {reason}{}", self.behind_text());
        }
        let wrong = self.differences.len() as u64 + self.more_differences;
        let mut text = format!("against Kafka: {} lines agree with their messages", grouped(self.agreeing));
        if self.gone > 0 {
            text += &format!(", {} tell messages that it has no more", grouped(self.gone));
        }
        if wrong > 0 {
            text += &format!(", {} differences", grouped(wrong));
        }
        text + &self.behind_text()
    }

    /// What Kafka has behind the last lines.
    fn behind_text(&self) -> String {
        let behind: Vec<(i32, u64)> = self
            .behind
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(&partition, &count)| (partition, count))
            .collect();
        if behind.is_empty() {
            return match self.nothing_because {
                Some(_) => String::new(),
                None => "; it has nothing behind the last lines".to_owned(),
            };
        }
        let count: u64 = behind.iter().map(|(_, count)| count).sum();
        let told: Vec<String> = behind
            .iter()
            .take(TOLD)
            .map(|(partition, count)| format!("{} of partition {partition}", grouped(*count)))
            .collect();
        let more = behind.len() - told.len();
        let more = if more > 0 { format!(", and of {more} partitions more") } else { String::new() };
        let word = if count == 1 { "message" } else { "messages" };
        let (count, told) = (grouped(count), told.join(", "));
        format!("; behind the last lines it has {count} {word}, not recorded yet or cut off: {told}{more}")
    }

    /// Done only when lines were compared and nothing differs: who asked for it and got 0 takes it for done.
    pub(in crate::programs::auditor) fn exit(&self) -> Exit {
        if !self.differences.is_empty() {
            return Exit::Damaged;
        }
        if self.nothing_because.is_some() && !self.is_empty_trail { Exit::Failed } else { Exit::Done }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_that_compared_nothing_is_no_good_one() {
        let gone = Comparison { gone: 3, ..Comparison::default() }.settle();
        for (comparison, exit) in [
            (Comparison::of_empty_trail(), Exit::Done),
            (Comparison::nothing("topic orders was made anew".to_owned()), Exit::Failed),
            (gone, Exit::Failed),
            (Comparison { agreeing: 1, gone: 3, ..Comparison::default() }.settle(), Exit::Done),
        ] {
            assert_eq!(comparison.exit(), exit, "{}", comparison.text());
        }
    }

    #[test]
    fn what_kafka_has_behind_the_last_lines_is_always_said() {
        let behind = |counts: &[(i32, u64)]| Comparison {
            agreeing: 40,
            behind: counts.iter().copied().collect(),
            ..Comparison::default()
        };
        let agree = "against Kafka: 40 lines agree with their messages";
        assert_eq!(behind(&[(0, 0)]).text(), format!("{agree}; it has nothing behind the last lines"));
        let told = "not recorded yet or cut off: 1,007 of partition 0, 2 of partition 3";
        let expected = format!("{agree}; behind the last lines it has 1,009 messages, {told}");
        assert_eq!(behind(&[(0, 1_007), (1, 0), (3, 2)]).text(), expected);
    }
}
