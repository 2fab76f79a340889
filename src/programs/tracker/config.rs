//! What was made of it: checked, and all that the program sees.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

use super::args::{DurabilityChoice, Payload, Print, TrackerArgs};
use super::error::TrackerError;
use super::record::threads_for;
use crate::base::language::Language;
use crate::doors::kafka::{self, Role, TopicShape};
use crate::logic::ledger::{Durability, RotationRule};
use crate::tools::config::ClientSettings;

/// How orders are printed, once it is known what standard output is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Printing {
    Nothing,
    /// At most so many a second.
    Some(u32),
    Everything,
}

/// Which partitions are recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PartitionFilter {
    All,
    Only(BTreeSet<i32>),
}

impl PartitionFilter {
    pub(super) fn accepts(&self, partition: i32) -> bool {
        match self {
            PartitionFilter::All => true,
            PartitionFilter::Only(these) => these.contains(&partition),
        }
    }
}

/// A checked configuration.
#[derive(Clone, Debug)]
pub struct TrackerConfig {
    pub(super) client: ClientSettings,
    pub(super) connect_timeout: Duration,
    pub(super) topic: String,
    pub(super) shape: TopicShape,
    pub(super) group: String,
    pub(super) dir: PathBuf,
    pub(super) metrics_interval: Duration,
    pub(super) listen: Option<String>,
    pub(super) hosts: Vec<String>,
    pub(super) is_unmasked: bool,
    pub(super) payload: Payload,
    pub(super) printing: Printing,
    pub(super) durability: Durability,
    pub(super) partitions: PartitionFilter,
    pub(super) dead_letter_topic: Option<String>,
    pub(super) anchor_topic: Option<String>,
    pub(super) rotation: RotationRule,
    pub(super) drain_timeout: Duration,
    pub(super) language: Language,
    pub(super) until_end: bool,
    /// How many threads judge messages and write their lines beside the main one.
    pub(super) encoders: usize,
}

/// How many orders a terminal is shown in a second.
const PRINTED_PER_SECOND: u32 = 20;

impl TryFrom<TrackerArgs> for TrackerConfig {
    type Error = TrackerError;

    fn try_from(args: TrackerArgs) -> Result<Self, TrackerError> {
        let client = args.common.client_settings()?;
        kafka::check(&client, Role::Consumer)?;
        if args.metrics_interval.is_zero() {
            return Err(TrackerError::Usage {
                reason: "--metrics-interval must be longer than nothing, for example 30s".into(),
            });
        }
        if args.group.is_empty() {
            return Err(TrackerError::Usage { reason: "--group must not be empty".into() });
        }
        let partitions = match args.only_partitions.as_deref() {
            None => PartitionFilter::All,
            Some(list) => PartitionFilter::Only(partition_list(list)?),
        };
        let topic = args.topic.clone().unwrap_or_else(|| args.common.built_in_topic("", "orders"));
        let sent_to = [("--dead-letter-topic", &args.dead_letter_topic), ("--anchor-topic", &args.anchor_topic)];
        for (flag, other) in sent_to.into_iter().filter_map(|(flag, other)| Some((flag, other.as_ref()?))) {
            kafka::check(&client, Role::Producer)?;
            if *other == topic {
                let reason = format!("{flag} must not be {topic} itself: each message would be read and sent again");
                return Err(TrackerError::Usage { reason });
            }
        }
        if args.rotate_size == Some(0) || args.rotate_every.is_some_and(|every| every.is_zero()) {
            let reason = "--rotate-size and --rotate-every must be more than nothing, for example 1G and 24h".into();
            return Err(TrackerError::Usage { reason });
        }
        Ok(Self {
            client,
            connect_timeout: args.common.connect_timeout,
            topic,
            shape: TopicShape { partitions: args.partitions, replication_factor: args.replication_factor },
            group: args.group,
            dir: args.dir,
            metrics_interval: args.metrics_interval,
            listen: args.listen,
            hosts: args.hosts.hosts,
            is_unmasked: args.unmask,
            payload: args.payload,
            printing: match args.print {
                // What is not looked at is not known to be an order.
                _ if args.payload != Payload::Order => Printing::Nothing,
                Print::Never => Printing::Nothing,
                Print::Always => Printing::Everything,
                Print::Auto if std::io::stdout().is_terminal() => Printing::Some(PRINTED_PER_SECOND),
                Print::Auto => Printing::Nothing,
            },
            durability: match args.durability {
                DurabilityChoice::Relaxed => Durability::Relaxed,
                DurabilityChoice::Strict => Durability::Strict,
            },
            partitions,
            dead_letter_topic: args.dead_letter_topic,
            anchor_topic: args.anchor_topic,
            rotation: RotationRule { size_bytes: args.rotate_size, every: args.rotate_every },
            drain_timeout: args.drain_timeout,
            language: args.lang,
            until_end: args.until_end,
            encoders: args.encoders.map_or_else(|| threads_for(cores()), usize::from),
        })
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Reads `0-5,9`.
fn partition_list(list: &str) -> Result<BTreeSet<i32>, TrackerError> {
    let bad = || TrackerError::Usage {
        reason: format!("--only-partitions does not take `{list}`: write it as for example 0-5,9"),
    };
    let number = |text: &str| text.trim().parse::<i32>().ok().filter(|&number| number >= 0).ok_or_else(bad);
    let mut partitions = BTreeSet::new();
    for part in list.split(',') {
        let (first, last) = match part.split_once('-') {
            Some((first, last)) => (number(first)?, number(last)?),
            None => (number(part)?, number(part)?),
        };
        // No cluster has a topic of this many partitions; a typing error must not eat the memory.
        if last < first || last - first > 100_000 {
            return Err(bad());
        }
        partitions.extend(first..=last);
    }
    Ok(partitions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partition_lists_as_people_write_them() {
        assert_eq!(partition_list("0-2, 9").expect("good"), BTreeSet::from([0, 1, 2, 9]));
        for list in ["", "a", "3-1", "-1", "1,,2", "0-2000000000"] {
            let error = partition_list(list).expect_err("no list");
            assert!(error.to_string().contains("0-5,9"), "{error}");
        }
    }
}
