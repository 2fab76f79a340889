//! The producer's flags, and what is made of them.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use super::orders::LinePolicy;
use crate::doors::kafka::TopicShape;
use crate::tools::config::{ClientSettings, CommonArgs, SettingsError, SideCommand, duration, rate};

/// Between two generated orders when nobody says otherwise.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(2);

/// The slot when nobody names one.
const DEFAULT_SLOT: &str = "default";

/// A file that stands for standard input.
const STANDARD_INPUT: &str = "-";

const EXAMPLES: &str = "\
Examples:
  producer                                    a demo order every 2 s, for ever
  producer --count 10000 --rate 2000          10,000 orders in 5 s
  producer --file orders.jsonl                your own, one JSON a line, at once
  zcat old.gz | producer --file - --rate 500  the same from a pipe, 500 a second
  producer --exactly-once --count 10000       each once, however often killed
  producer -b kafka:9093 -X security.protocol=SSL --topic shop.orders

The last line of standard output is always sent=N delivered=N failed=N.
Exit codes: 0 all delivered, 1 failed, 2 usage, 4 no broker,
75 some orders were not delivered.";

/// Publish orders to Kafka: a demo's, or your own with --file; every delivery is waited for
#[derive(Clone, Debug, Parser)]
#[command(name = "producer", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true, disable_help_subcommand = true,
    disable_help_flag = true, max_term_width = 80)]
pub struct ProducerArgs {
    /// Topic to write to, taken as it is [default: orders, after the prefix]
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,

    /// Time between two orders [default: 2s; with --file as fast as delivery allows]
    #[arg(long, value_name = "TIME", value_parser = duration, conflicts_with = "rate")]
    interval: Option<Duration>,

    /// Orders a second, such as 2000, 0.5 or 50/s
    #[arg(long, value_name = "N", value_parser = rate)]
    rate: Option<f64>,

    /// Stop after so many orders
    #[arg(long, value_name = "N")]
    count: Option<u64>,

    /// Send the orders of a file, one JSON a line; - is standard input. Each line is checked: one
    /// that is no order is reported and skipped. Empty lines are passed over
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,

    /// With --file: end at the first line that is no order, with exit code 1
    #[arg(long, requires = "file", conflicts_with = "raw")]
    strict: bool,

    /// With --file: send every line byte for byte, corrupt and empty ones too
    #[arg(long, requires = "file")]
    raw: bool,

    /// What becomes the Kafka key, which decides the partition
    #[arg(long, value_name = "FIELD", value_enum, default_value_t)]
    key: KeyField,

    /// Make the ids of generated orders from this number: the same ones each time, for tests
    #[arg(long, value_name = "N", conflicts_with = "exactly_once")]
    seed: Option<u64>,

    /// Send in transactions that carry the progress as well: killed anywhere and started again, every
    /// order is there exactly once for readers of what is committed. --count is then the slot's total
    #[arg(long)]
    exactly_once: bool,

    /// With --exactly-once: the name of this producer's progress. One producer at a time holds it; a
    /// second one takes it over
    #[arg(long, value_name = "NAME", requires = "exactly_once", default_value = DEFAULT_SLOT, value_parser = slot)]
    slot: String,

    /// Print no line an order and no summary, only errors and the last line
    #[arg(short, long)]
    quiet: bool,

    /// How long to wait for deliveries after a stop was asked for
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "15s")]
    flush_timeout: Duration,

    /// Partitions of the topic when it has to be made
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(i32).range(1..))]
    partitions: i32,

    /// Copies of each partition when the topic has to be made [default: the broker's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=32767))]
    replication_factor: Option<i32>,

    #[command(flatten)]
    common: CommonArgs,

    #[command(subcommand)]
    command: Option<SideCommand>,
}

/// What becomes the Kafka key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum KeyField {
    /// The order's own id
    #[default]
    OrderId,
    /// All orders of a customer in one partition, in their order
    CustomerId,
    /// No key: spread over the partitions
    None,
}

/// Where the orders come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The demo's menu.
    Menu,
    /// Standard input.
    StandardInput(LinePolicy),
    /// A file.
    File(PathBuf, LinePolicy),
}

/// What was checked of what a person typed; the only thing that the run sees.
#[derive(Clone, Debug)]
pub struct ProducerConfig {
    /// How to reach the brokers.
    pub client: ClientSettings,
    /// How long a run with an end waits for a broker at its start.
    pub connect_timeout: Duration,
    /// Where to.
    pub topic: String,
    /// What the topic looks like when it has to be made.
    pub shape: TopicShape,
    /// Where from.
    pub source: Source,
    /// Between two orders; `None` is as fast as delivery allows.
    pub interval: Option<Duration>,
    /// Stop after so many.
    pub count: Option<u64>,
    /// What becomes the key.
    pub key: KeyField,
    /// For ids that are the same each time.
    pub seed: Option<u64>,
    /// Every order once, across kills.
    pub exactly_once: Option<ExactlyOnceConfig>,
    /// No line an order, no summary.
    pub quiet: bool,
    /// How long to wait for deliveries after a stop was asked for.
    pub flush_timeout: Duration,
}

/// Whose progress is kept, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExactlyOnceConfig {
    /// The name of this producer's progress.
    pub slot: String,
    /// The compacted topic that keeps it.
    pub progress_topic: String,
}

impl ProducerArgs {
    /// The flags that every binary has.
    pub fn common(&self) -> &CommonArgs {
        &self.common
    }

    /// What is asked for instead of the program's job.
    pub fn side(&self) -> Option<&SideCommand> {
        self.command.as_ref()
    }

    /// The checked configuration.
    ///
    /// # Errors
    /// [`SettingsError`]: exit code 2.
    pub fn check(self) -> Result<ProducerConfig, SettingsError> {
        let client = self.common.client_settings()?;
        let policy = match (self.raw, self.strict) {
            (true, _) => LinePolicy::Raw,
            (false, true) => LinePolicy::Strict,
            (false, false) => LinePolicy::Skip,
        };
        let source = match self.file {
            None => Source::Menu,
            Some(path) if path.as_os_str() == STANDARD_INPUT => Source::StandardInput(policy),
            Some(path) => Source::File(path, policy),
        };
        let from_rate = self.rate.map(|rate| Duration::from_secs_f64(1.0 / rate));
        let default = (source == Source::Menu).then_some(DEFAULT_INTERVAL);
        let shape = TopicShape { partitions: self.partitions, replication_factor: self.replication_factor };
        let exactly_once = self.exactly_once.then(|| ExactlyOnceConfig {
            slot: self.slot,
            progress_topic: self.common.built_in_topic("", "producer.progress"),
        });
        Ok(ProducerConfig {
            client,
            connect_timeout: self.common.connect_timeout,
            topic: self.topic.unwrap_or_else(|| self.common.built_in_topic("", "orders")),
            shape,
            source,
            interval: self.interval.or(from_rate).or(default).filter(|interval| !interval.is_zero()),
            count: self.count,
            key: self.key,
            seed: self.seed,
            exactly_once,
            quiet: self.quiet,
            flush_timeout: self.flush_timeout,
        })
    }
}

impl ProducerConfig {
    /// Whether the run ends by itself: such a run gives up when no broker answers at its start.
    pub fn is_one_shot(&self) -> bool {
        self.count.is_some() || self.source != Source::Menu
    }
}

/// A slot's name becomes part of a transactional id and of a key.
fn slot(text: &str) -> Result<String, String> {
    match text.chars().count() {
        1..=100 if !text.chars().any(char::is_control) => Ok(text.to_owned()),
        _ => Err("a slot's name has 1 to 100 characters, none of them a control character".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(flags: &[&str]) -> ProducerConfig {
        let args = ["producer"].iter().chain(flags);
        ProducerArgs::try_parse_from(args).unwrap().check().unwrap()
    }

    fn refused(flags: &[&str]) -> String {
        ProducerArgs::try_parse_from(["producer"].iter().chain(flags)).unwrap_err().to_string()
    }

    #[test]
    fn without_flags_it_is_the_demo() {
        let config = config(&["-b", "localhost:1"]);
        assert_eq!(config.topic, "orders");
        assert_eq!(config.source, Source::Menu);
        assert_eq!(config.interval, Some(Duration::from_secs(2)));
        assert_eq!(config.shape, TopicShape { partitions: 3, replication_factor: None });
        assert_eq!((config.count, config.key, config.quiet), (None, KeyField::OrderId, false));
        assert_eq!(config.flush_timeout, Duration::from_secs(15));
        assert!(!config.is_one_shot());
    }

    #[test]
    fn paces_as_people_write_them() {
        assert_eq!(config(&["--rate", "2000"]).interval, Some(Duration::from_micros(500)));
        assert_eq!(config(&["--rate", "50/s"]).interval, Some(Duration::from_millis(20)));
        assert_eq!(config(&["--rate", "0.5"]).interval, Some(Duration::from_secs(2)));
        assert_eq!(config(&["--interval", "250ms"]).interval, Some(Duration::from_millis(250)));
        assert_eq!(config(&["--interval", "0"]).interval, None);
        assert_eq!(config(&["--file", "-"]).interval, None);
        assert_eq!(config(&["--file", "-", "--rate", "10 /s"]).interval, Some(Duration::from_millis(100)));
        for text in ["0", "-1", "fast", "inf", "NaN", "", "1e99"] {
            assert!(refused(&[&format!("--rate={text}")]).contains("--rate"), "{text}");
        }
        assert!(refused(&["--rate", "1", "--interval", "1s"]).contains("cannot be used with"));
    }

    #[test]
    fn files_and_what_goes_with_them() {
        assert_eq!(config(&["--file", "-"]).source, Source::StandardInput(LinePolicy::Skip));
        assert_eq!(config(&["--file", "a", "--raw"]).source, Source::File("a".into(), LinePolicy::Raw));
        assert_eq!(config(&["--file", "a", "--strict"]).source, Source::File("a".into(), LinePolicy::Strict));
        assert!(config(&["--file", "a"]).is_one_shot());
        assert!(config(&["--count", "0"]).is_one_shot());
        for flags in [&["--raw"][..], &["--strict"], &["--file", "a", "--raw", "--strict"]] {
            refused(flags);
        }
    }

    #[test]
    fn topics_take_the_prefix_only_when_they_are_built_in() {
        assert_eq!(config(&["--topic-prefix", "demo."]).topic, "demo.orders");
        assert_eq!(config(&["--topic-prefix", "demo.", "--topic", "mine"]).topic, "mine");
    }

    #[test]
    fn a_slot_belongs_to_exactly_once() {
        assert_eq!(config(&[]).exactly_once, None);
        let once = |slot: &str, topic: &str| {
            Some(ExactlyOnceConfig { slot: slot.to_owned(), progress_topic: topic.to_owned() })
        };
        assert_eq!(config(&["--exactly-once"]).exactly_once, once("default", "producer.progress"));
        let named = config(&["--exactly-once", "--slot", "till 3", "--topic-prefix", "demo."]);
        assert_eq!(named.exactly_once, once("till 3", "demo.producer.progress"));
        for flags in [&["--slot", "a"][..], &["--exactly-once", "--slot", ""], &["--exactly-once", "--seed", "1"]] {
            refused(flags);
        }
    }

    #[test]
    fn bad_numbers_are_refused() {
        for flags in [["--partitions", "0"], ["--replication-factor", "0"], ["--count", "-1"], ["--key", "name"]] {
            refused(&flags);
        }
        assert_eq!(config(&["--key", "customer_id"]).key, KeyField::CustomerId);
        assert_eq!(config(&["--key", "none"]).key, KeyField::None);
    }

    #[test]
    fn the_help_is_sound_and_completions_are_written() {
        <ProducerArgs as clap::CommandFactory>::command().debug_assert();
        let args = ProducerArgs::try_parse_from(["producer", "completions", "bash"]).unwrap();
        assert!(args.side().unwrap().text::<ProducerArgs>().contains("--flush-timeout"));
        assert!(ProducerArgs::try_parse_from(["producer"]).unwrap().side().is_none());
    }
}
