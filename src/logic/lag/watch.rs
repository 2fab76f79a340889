//! Looks at a cluster, one after the other, and what they say together.

use std::collections::{BTreeMap, BTreeSet};

use super::brokers::Brokers;
use super::figures::{Figures, GroupFigures, TopicFigures, Totals};
use super::groups::Groups;
use super::report::Report;
use super::round::Round;
use super::topics::{Topics, is_under_replicated};
use super::verdict::{Cause, Level, Verdict};

/// Is told what looks at a cluster saw, and when, and says what that means. Moments are milliseconds of one clock.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    last: Option<(Round, i64)>,
    /// Since when looks fail, and what the last one heard.
    failing: Option<(i64, String)>,
    brokers: Brokers,
    topics: Topics,
    groups: Groups,
}

impl Watch {
    /// A watch that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// A look at this moment saw this.
    pub fn observe(&mut self, round: Round, at_ms: i64) {
        self.failing = None;
        self.brokers.observe(&round, at_ms);
        self.topics.observe(&round, at_ms);
        self.groups.observe(&round, at_ms);
        self.last = Some((round, at_ms));
    }

    /// A look at this moment saw nothing, for this reason.
    pub fn fail(&mut self, reason: &str, at_ms: i64) {
        let since_ms = self.failing.as_ref().map_or(at_ms, |(since_ms, _)| *since_ms);
        self.failing = Some((since_ms, reason.to_owned()));
    }

    /// The last round for machines; `None` before there was one.
    pub fn report(&self) -> Option<Report> {
        let (round, _) = self.last.as_ref()?;
        Some(Report::of(round, self.brokers.controller(), |topic| self.topics.in_per_second(topic)))
    }

    /// What is to be shown now.
    pub fn figures(&self, now_ms: i64) -> Figures {
        let nothing = Round::default();
        let round = self.last.as_ref().map_or(&nothing, |(round, _)| round);
        let brokers = self.brokers.figures(round);
        let groups = self.groups.figures(round, &self.topics, now_ms);
        let mut readers: BTreeMap<&str, usize> = BTreeMap::new();
        for topic in groups.iter().flat_map(|group| &group.topics) {
            *readers.entry(topic).or_default() += 1;
        }
        let marks = groups.iter().flat_map(|group| &group.partitions).filter(|one| one.is_marker);
        let marked: BTreeSet<&str> = marks.map(|one| one.topic.as_str()).collect();
        let topics = self.topics.figures(&readers, &marked, now_ms);
        let totals = totals(round, &topics, &groups);
        let verdict = match (&self.failing, &self.last) {
            (Some((since_ms, reason)), Some(_)) => {
                Verdict::of(Level::Bad, Cause::NoKafka { since_ms: *since_ms, reason: reason.clone() })
            }
            (failing, None) => {
                let reason = failing.as_ref().map(|(_, reason)| reason.clone());
                Verdict::of(Level::Pending, Cause::Waiting { reason })
            }
            (None, Some(_)) => Verdict::over(&brokers, self.topics.leaderless(), &groups, &totals),
        };
        Figures {
            as_of_ms: self.last.as_ref().map(|(_, at_ms)| *at_ms),
            verdict,
            cluster_id: round.cluster_id.clone(),
            brokers,
            topics,
            groups,
            totals,
            silences: round.silences.clone(),
        }
    }
}

fn totals(round: &Round, topics: &[TopicFigures], groups: &[GroupFigures]) -> Totals {
    let partitions = || round.topics.iter().flat_map(|topic| &topic.partitions);
    let rates = topics.iter().filter(|topic| !topic.is_internal).filter_map(|topic| topic.in_per_second);
    Totals {
        messages_per_second: rates.reduce(|sum, rate| sum + rate),
        lag: groups.iter().filter_map(GroupFigures::lag_without_markers).reduce(i64::saturating_add),
        markers: groups.iter().map(|group| group.markers).sum(),
        under_replicated: partitions().filter(|one| is_under_replicated(one)).count(),
        leaderless: partitions().filter(|one| one.leader.is_none()).count(),
    }
}
