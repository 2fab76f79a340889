//! The flags that every binary has.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::client::{ClientSettings, SettingsError};
use super::text::duration;

/// The consumer group of a tracker that is given no other.
pub const TRACKER_GROUP: &str = "order-tracker-group";

/// When to colour what is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The flags that every binary has; they may stand before or after a subcommand.
#[derive(Args, Clone, Debug)]
pub struct CommonArgs {
    /// Brokers to ask first [env: KAFKA_BOOTSTRAP_SERVERS] [default: localhost:9092]
    #[arg(short = 'b', long, value_name = "HOST:PORT,…", global = true, help_heading = "Kafka")]
    pub brokers: Option<String>,

    /// Any librdkafka property; may be given several times
    #[arg(short = 'X', long = "property", value_name = "KEY=VALUE", global = true, help_heading = "Kafka")]
    pub properties: Vec<String>,

    /// File of librdkafka properties, one KEY=VALUE a line
    #[arg(short = 'F', long = "config", value_name = "FILE", global = true, help_heading = "Kafka")]
    pub config_file: Option<PathBuf>,

    /// Text before each built-in topic name; '' gives the bare names
    #[arg(long, value_name = "P", env = "TOPIC_PREFIX", hide_env_values = true, global = true, help_heading = "Kafka")]
    pub topic_prefix: Option<String>,

    /// How long a one-shot command waits for a broker at its start
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration, global = true, help_heading = "Kafka")]
    pub connect_timeout: Duration,

    /// Print this help
    // The short form for both spellings: the long one takes four lines for what fits on one.
    #[arg(short, long, action = clap::ArgAction::HelpShort, global = true)]
    pub help: Option<bool>,

    /// When to use colour (NO_COLOR is honoured)
    #[arg(long, value_name = "WHEN", value_enum, default_value_t, global = true)]
    pub color: ColorChoice,
}

impl CommonArgs {
    /// The checked Kafka settings, with `KAFKA_BOOTSTRAP_SERVERS` from this process's environment.
    ///
    /// # Errors
    /// [`SettingsError`] when the file cannot be read or a pair is no `KEY=VALUE`.
    pub fn client_settings(&self) -> Result<ClientSettings, SettingsError> {
        let environment = std::env::var("KAFKA_BOOTSTRAP_SERVERS").ok();
        ClientSettings::resolve(
            self.brokers.as_deref(),
            &self.properties,
            environment.as_deref(),
            self.config_file.as_deref(),
        )
    }

    /// The built-in topic `name` with the prefix that holds here.
    pub fn built_in_topic(&self, default_prefix: &str, name: &str) -> String {
        format!("{}{name}", self.topic_prefix.as_deref().unwrap_or(default_prefix))
    }

    /// Tells the colouring layer what was asked for. Call once, before anything is printed.
    pub fn apply_color(&self) {
        match self.color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}
