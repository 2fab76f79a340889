//! The trails in the given folders, read as those of one topic.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use super::context::Context;
use super::error::AuditError;
use crate::doors::audit::read::TrailReader;
use crate::words::record::Skim;

/// One trail or several, all of one topic.
pub(super) struct Trails {
    readers: Vec<TrailReader>,
    topic: Option<String>,
}

/// Which partitions each trail has, found out while reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Coverage {
    /// Of each partition, the trails that have lines of it.
    trails: BTreeMap<i32, Vec<usize>>,
}

impl Trails {
    /// Opens them.
    ///
    /// # Errors
    /// [`AuditError`]: one is not there, or they are not of one topic.
    pub(super) fn open(context: &Context<'_>) -> Result<Self, AuditError> {
        let mut readers = Vec::with_capacity(context.dirs.len());
        let mut topics: Vec<(String, PathBuf)> = Vec::new();
        for (number, dir) in context.dirs.iter().enumerate() {
            if context.dirs.iter().take(number).any(|other| is_same(other, dir)) {
                let reason = format!("--dir names {} twice", dir.display());
                return Err(AuditError::Usage { reason });
            }
            let reader = TrailReader::open(dir)?;
            if let Some(topic) = topic_of(&reader, context)? {
                topics.push((topic, dir.clone()));
            }
            readers.push(reader);
        }
        let first = topics.first();
        if let (Some((topic, dir)), Some((other, other_dir))) =
            (first, topics.iter().find(|(topic, _)| Some(topic) != first.map(|(topic, _)| topic)))
        {
            let (topics, dirs) = ([topic.clone(), other.clone()], [dir.clone(), other_dir.clone()]);
            return Err(AuditError::OtherTopic { topics, dirs });
        }
        let topic = topics.into_iter().next().map(|(topic, _)| topic);
        Ok(Self { readers, topic })
    }

    /// In the order in which their folders were given.
    pub(super) fn readers(&self) -> &[TrailReader] {
        &self.readers
    }

    /// The topic that they are of; `None` while they hold no line.
    pub(super) fn topic(&self) -> Option<&str> {
        self.topic.as_deref()
    }

    /// The length of all of them.
    pub(super) fn bytes(&self) -> u64 {
        self.readers.iter().map(TrailReader::bytes).sum()
    }

    /// What is to be said of partitions that stand in two trails, or in none.
    pub(super) fn complaints(&self, coverage: &Coverage) -> Vec<String> {
        if self.readers.len() < 2 {
            return Vec::new();
        }
        let name = |trail: usize| self.readers.get(trail).map_or(String::new(), |r| r.dir().display().to_string());
        let mut all: Vec<String> = coverage
            .twice()
            .map(|(partition, trails)| {
                let dirs: Vec<String> = trails.iter().map(|&trail| name(trail)).collect();
                format!("partition {partition} is in {}: its messages may be counted twice", dirs.join(" and "))
            })
            .collect();
        let missing = coverage.missing();
        if !missing.is_empty() {
            all.push(format!("no trail has {}", list(&missing)));
        }
        all
    }
}

fn is_same(one: &std::path::Path, other: &std::path::Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// The topic of the first line.
fn topic_of(reader: &TrailReader, context: &Context<'_>) -> Result<Option<String>, AuditError> {
    let mut topic = None;
    let first = |piece: crate::doors::audit::read::Piece<'_>| {
        piece.lines().find_map(|(_, line)| Skim::of(line).map(|skim| skim.topic.to_owned()))
    };
    reader.scan(&reader.everything(), context.shutdown, first, |taken| {
        topic = taken.result;
        if topic.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(topic)
}

impl Coverage {
    /// Notes that a trail has lines of a partition.
    pub(super) fn note(&mut self, trail: usize, partition: i32) {
        let trails = self.trails.entry(partition).or_default();
        if !trails.contains(&trail) {
            trails.push(trail);
        }
    }

    /// Partitions that more than one trail has lines of.
    pub(super) fn twice(&self) -> impl Iterator<Item = (i32, &[usize])> {
        self.trails
            .iter()
            .filter(|(_, trails)| trails.len() > 1)
            .map(|(&partition, trails)| (partition, trails.as_slice()))
    }

    /// Partitions below the highest one of which no trail has lines.
    fn missing(&self) -> Vec<i32> {
        let end = self.trails.keys().next_back().copied().unwrap_or(0);
        (0..end).filter(|partition| !self.trails.contains_key(partition)).collect()
    }
}

/// `partition 3`, or `partitions 0 to 2, 5`.
fn list(partitions: &[i32]) -> String {
    let runs: Vec<String> = partitions
        .chunk_by(|one, next| one + 1 == *next)
        .filter_map(|run| run.first().zip(run.last()))
        .map(|(first, last)| if first == last { first.to_string() } else { format!("{first} to {last}") })
        .collect();
    let word = if partitions.len() == 1 { "partition" } else { "partitions" };
    format!("{word} {}", runs.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_in_two_trails_and_in_none_are_noted() {
        let mut coverage = Coverage::default();
        for (trail, partition) in [(0, 0), (0, 0), (0, 5), (1, 5), (1, 2)] {
            coverage.note(trail, partition);
        }
        assert_eq!(coverage.twice().collect::<Vec<_>>(), [(5, &[0, 1][..])]);
        assert_eq!(list(&coverage.missing()), "partitions 1, 3 to 4");
        assert_eq!(list(&[7]), "partition 7");
    }
}
