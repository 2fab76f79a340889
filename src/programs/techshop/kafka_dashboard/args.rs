//! What a person types.

use std::time::Duration;

use clap::Args;

use crate::base::language::Language;
use crate::doors::screen::ScreenArgs;
use crate::tools::config::duration;

/// Between two looks, live.
const EVERY: Duration = Duration::from_secs(2);

/// Between two looks of a summary.
const EVERY_ONCE: Duration = Duration::from_millis(500);

/// Nobody needs to know more often, and the brokers have work to do.
const SHORTEST: Duration = Duration::from_millis(200);

/// The flags of `kafka-dashboard`.
#[derive(Args, Clone, Debug)]
pub struct KafkaDashboardArgs {
    /// Print one summary and end; so it does in a pipe
    #[arg(long)]
    once: bool,

    /// Print the summary as one JSON object and end
    #[arg(long)]
    json: bool,

    /// In a summary, show groups with little lag and topics, too
    #[arg(long)]
    all: bool,

    /// Time between two looks [default: 2s; 500ms between the five looks of a summary]
    #[arg(long, value_name = "TIME", value_parser = pace)]
    every: Option<Duration>,

    /// Language of the screen: en, fr
    #[arg(long, value_name = "LANG", value_enum, default_value_t, hide_possible_values = true)]
    lang: Language,

    #[command(flatten)]
    screen: ScreenArgs,
}

fn pace(text: &str) -> Result<Duration, String> {
    let every = duration(text)?;
    if every < SHORTEST { Err("two looks are at least 200ms apart".to_owned()) } else { Ok(every) }
}

impl KafkaDashboardArgs {
    /// Whether one summary is wanted instead of the screen.
    pub fn is_once(&self, stdout_is_terminal: bool) -> bool {
        self.once || self.json || !stdout_is_terminal
    }

    /// Whether the summary is for machines.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether the summary shows everything.
    pub fn is_all(&self) -> bool {
        self.all
    }

    /// The time between two looks, live.
    pub fn every(&self) -> Duration {
        self.every.unwrap_or(EVERY)
    }

    /// The time between two looks of a summary.
    pub fn every_once(&self) -> Duration {
        self.every.unwrap_or(EVERY_ONCE)
    }

    /// The language of the screen.
    pub fn language(&self) -> Language {
        self.lang
    }

    /// How the screen looks.
    pub fn screen(&self) -> ScreenArgs {
        self.screen
    }
}
