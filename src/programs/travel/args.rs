//! What a person types.

use clap::{Args, Parser, Subcommand};

use super::consume::ConsumeArgs;
use super::list::ListArgs;
use super::produce::ProduceArgs;
use super::send::SendArgs;
use super::show::ShowArgs;
use super::states::StatesArgs;
use crate::tools::config::{CommonArgs, SideCommand};

const EXAMPLES: &str = "\
Examples:
  travel produce              a request's whole life, an event every 1.5 s
  travel send DV-2025-003 RETARD --details '{\"cause\":\"Grève\"}'
  travel consume              every request, live
  travel show DV-2025-003     its history, rebuilt from the topic alone
  travel list --json | jq '.[] | select(.retard)'
  travel states --mermaid     what is allowed when, as a diagram

Exit codes: 0 done, 1 failed or not found, 2 usage,
4 no broker (all but consume), 75 an event was not delivered.";

/// Travel requests, rebuilt from their events: Kafka holds what happened, and who reads judges it
#[derive(Parser, Clone, Debug)]
#[command(name = "travel", version, after_help = EXAMPLES, disable_help_subcommand = true,
    disable_help_flag = true, max_term_width = 80)]
pub struct TravelArgs {
    /// The flags that every binary has.
    #[command(flatten)]
    pub common: CommonArgs,
    /// Topic of the events, taken as it is [default: demande-voyage, after the prefix]
    #[arg(long, value_name = "TOPIC", global = true, help_heading = "Kafka")]
    pub(super) topic: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// How the topic is made when it is missing.
#[derive(Args, Clone, Debug)]
pub(super) struct ShapeArgs {
    /// Partitions of the topic, if it has to be made
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(i32).range(1..=10_000),
        help_heading = "Kafka")]
    pub(super) partitions: i32,

    /// Copies of each of its partitions then [default: the broker's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=32_767), help_heading = "Kafka")]
    pub(super) replication_factor: Option<i32>,
}

/// What can be done.
#[derive(Subcommand, Clone, Debug)]
pub enum Command {
    /// Send the events of a request's life, one after the other
    Produce(ProduceArgs),
    /// Send one event
    Send(SendArgs),
    /// Show every request live; without a terminal, each event as it comes
    Consume(ConsumeArgs),
    /// Show the history of a request, with what was made of each event
    Show(ShowArgs),
    /// List all requests
    List(ListArgs),
    /// Print what is allowed when
    States(StatesArgs),
    /// Beside its job.
    #[command(flatten)]
    Side(SideCommand),
}
