//! What a person types.

use clap::{Args, Parser, Subcommand};

use super::analytics::AnalyticsArgs;
use super::dashboard::DashboardArgs;
use super::errors::ErrorsArgs;
use super::kafka_dashboard::KafkaDashboardArgs;
use super::notify::NotifyArgs;
use super::process::ProcessArgs;
use super::produce::ProduceArgs;
use super::restock::RestockArgs;
use super::setup::SetupArgs;
use super::stock::StockArgs;
use crate::tools::config::{CommonArgs, SideCommand};

const EXAMPLES: &str = "\
Examples:
  techshop setup-topics                make the shop's topics
  techshop process                     decide orders, for ever
  techshop produce --count 50          send fifty random orders
  techshop stock                       what is left
  techshop restock P001 20             bring twenty more
  techshop analytics                   revenue and more, live
  techshop kafka-dashboard             brokers, topics and groups, live

Exit codes: 0 done, 1 failed, 2 usage, 4 no broker (commands that end by
themselves), 75 some orders were not delivered.";

/// A shop on Kafka: orders are decided exactly once against one stock
#[derive(Parser, Clone, Debug)]
#[command(name = "techshop", version, after_help = EXAMPLES, disable_help_subcommand = true,
    disable_help_flag = true, max_term_width = 80)]
pub struct TechshopArgs {
    /// The flags that every binary has.
    #[command(flatten)]
    pub common: CommonArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Where a service tells of itself.
#[derive(Args, Clone, Debug)]
pub(crate) struct ListenArgs {
    /// Address of /metrics, /healthz and /readyz, or off [default: 127.0.0.1:6067 process, 6068 analytics, 6069
    /// notify, 6070 errors]
    #[arg(long, value_name = "ADDR|off")]
    pub(super) listen: Option<String>,
}

/// The parts of the shop.
#[derive(Subcommand, Clone, Debug)]
pub enum Command {
    /// Make the shop's topics, and say of each whether it is as it should be
    SetupTopics(SetupArgs),
    /// Send random orders
    Produce(ProduceArgs),
    /// Decide each order exactly once: the heart of the shop
    Process(ProcessArgs),
    /// Count confirmed orders: revenue, regions, categories, products
    Analytics(AnalyticsArgs),
    /// Write to customers: a mail for each confirmed order, a text message for VIPs
    Notify(NotifyArgs),
    /// Handle what was not confirmed: apologies, restock alerts, a list of the rest
    Errors(ErrorsArgs),
    /// Show what is left of each product
    Stock(StockArgs),
    /// Show the shop live in a browser, on http://127.0.0.1:5000
    Dashboard(DashboardArgs),
    /// Bring more of a product
    Restock(RestockArgs),
    /// Watch the cluster live: brokers, topics, groups, lag and where it is going
    KafkaDashboard(KafkaDashboardArgs),
    /// Beside its job.
    #[command(flatten)]
    Side(SideCommand),
}
