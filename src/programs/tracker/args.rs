//! What a person types.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::base::language::Language;
use crate::tools::config::{CommonArgs, HostArgs, SideCommand, TRACKER_GROUP, byte_size, duration};

const EXAMPLES: &str = "\
Examples:
  tracker                                  record topic orders here, for ever
  tracker --topic payments --payload json  another topic, whatever its JSON is
  tracker --until-end --dir /srv/trail     record what is there now, then stop
  tracker -b broker:9093 -X security.protocol=SSL
  tail -f tracker.events | jq .            watch the trail itself

Exit codes: 0 done, 1 failed, 2 usage, 4 no broker (--until-end),
65 sealed data missing or altered, 74 the disk failed.";

/// What a payload should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Payload {
    /// An order
    #[default]
    Order,
    /// Any JSON
    Json,
    /// Anything: nothing is parsed
    Bytes,
}

/// When each order is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Print {
    /// On a terminal, at most 20 a second
    #[default]
    Auto,
    /// Every one
    Always,
    /// None
    Never,
}

/// When a write is followed by a sync.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DurabilityChoice {
    /// At most 50 ms after it
    #[default]
    Relaxed,
    /// As soon as the sync before it has ended
    Strict,
}

/// Write every message of a Kafka topic to tracker.events, exactly once, and health to tracker.log
#[derive(Parser, Clone, Debug)]
#[command(name = "tracker", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true,
    disable_help_subcommand = true, disable_help_flag = true, max_term_width = 80)]
pub struct TrackerArgs {
    /// Topic to record [default: orders, with the prefix]
    #[arg(long, value_name = "NAME")]
    pub topic: Option<String>,

    /// Consumer group under which the position is published
    #[arg(long, value_name = "NAME", default_value = TRACKER_GROUP)]
    pub group: String,

    /// Folder of tracker.events and tracker.log; made when missing
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,

    /// How often tracker.log gets a line of metrics
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub metrics_interval: Duration,

    /// Serve a live page of the trail here, and /metrics, /healthz and /readyz; for example 127.0.0.1:9464
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,

    /// Under which names that page is asked.
    #[command(flatten)]
    pub hosts: HostArgs,

    /// Show people's data whole on that page
    #[arg(long, requires = "listen")]
    pub unmask: bool,

    /// What a payload should be
    #[arg(long, value_enum, default_value_t)]
    pub payload: Payload,

    /// Print each order in a readable block; auto: only on a terminal
    #[arg(long, value_enum, default_value_t)]
    pub print: Print,

    /// When a write is synced to the disk
    #[arg(long, value_enum, default_value_t)]
    pub durability: DurabilityChoice,

    /// Record these partitions only, for example 0-5,9
    #[arg(long, value_name = "LIST")]
    pub only_partitions: Option<String>,

    /// Also send each invalid message to this topic, made when missing
    #[arg(long, value_name = "NAME")]
    pub dead_letter_topic: Option<String>,

    /// Publish each signed checkpoint to this topic too, made when missing
    #[arg(long, value_name = "NAME")]
    pub anchor_topic: Option<String>,

    /// Begin another segment before tracker.events gets larger than this; K, M and G are understood
    #[arg(long, value_name = "BYTES", value_parser = byte_size)]
    pub rotate_size: Option<u64>,

    /// Begin another segment when the first line of tracker.events is this old, for example 24h
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub rotate_every: Option<Duration>,

    /// How long to go on reading what was there when a stop was asked for
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub drain_timeout: Duration,

    /// Language of the texts in tracker.log
    #[arg(long, value_enum, default_value_t)]
    pub lang: Language,

    /// Record what is there now, print the totals, and stop
    #[arg(long)]
    pub until_end: bool,

    /// Threads that judge messages and write their lines, beside the main one [default: by the number of
    /// cores, at most 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(..=64))]
    pub encoders: Option<u8>,

    /// Partitions of the topic when it must be made
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(i32).range(1..))]
    pub partitions: i32,

    /// Copies of the topic when it must be made [default: the broker's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    pub replication_factor: Option<i32>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub common: CommonArgs,

    /// Instead of recording
    #[command(subcommand)]
    pub command: Option<SideCommand>,
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_flags_fit_together() {
        <super::TrackerArgs as clap::CommandFactory>::command().debug_assert();
    }
}
