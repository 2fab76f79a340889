//! What a person types.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::doors::http::CallbackHosts;
use crate::tools::config::{CommonArgs, HostArgs, SideCommand, duration};

const EXAMPLES: &str = "\
Examples:
  supply wagon-lits --interval 5s                  an order every 5 s
  supply dev-materiels --interval 5s               take them; a step every 5 s
  curl localhost:3002/wagon-list/commands/trigger  one order now
  curl localhost:3002/wagon-list/orders            what became of all

Exit codes: 0 done, 1 failed, 2 usage, 74 the disk failed.";

/// Two services that exchange orders of material: by Kafka, and by HTTP while Kafka is silent
#[derive(Parser, Clone, Debug)]
#[command(name = "supply", version, after_help = EXAMPLES, disable_help_subcommand = true,
    disable_help_flag = true, max_term_width = 80)]
pub struct SupplyArgs {
    /// The flags that every binary has.
    #[command(flatten)]
    pub common: CommonArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The two services.
#[derive(Subcommand, Clone, Debug)]
pub enum Command {
    /// Order material, and follow what becomes of it
    WagonLits(ServiceArgs),
    /// Take orders of material, and deliver them step by step
    DevMateriels(ServiceArgs),
    /// Beside its job.
    #[command(flatten)]
    Side(SideCommand),
}

/// The flags of a service.
#[derive(Args, Clone, Debug)]
pub struct ServiceArgs {
    /// Where the store and the logs are kept; made when it is missing
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(super) dir: PathBuf,

    /// Port of its HTTP routes [default: 3002 wagon-lits, 3001 dev-materiels]
    #[arg(long, value_name = "PORT")]
    pub(super) port: Option<u16>,

    /// Address of its HTTP routes. Another one than this machine's lets whoever can reach it order, send updates and
    /// discard what is kept, under any host name: there is no authentication
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    pub(super) listen: std::net::IpAddr,

    /// The other service [default: http://127.0.0.1:3001 or :3002]
    #[arg(long, value_name = "URL")]
    pub(super) peer: Option<String>,

    /// wagon-lits: time between two orders; dev-materiels: between two steps of one order
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub(super) interval: Duration,

    /// wagon-lits: make so many orders by the clock, then only what is asked for
    #[arg(long, value_name = "N")]
    pub(super) count: Option<u64>,

    /// How long Kafka may take to acknowledge before HTTP is taken
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration)]
    pub(super) kafka_timeout: Duration,

    /// wagon-lits: how long to wait for news of an order before asking for it
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub(super) confirm_timeout: Duration,

    /// Under which names it is asked.
    #[command(flatten)]
    pub(super) hosts: HostArgs,

    /// dev-materiels: whom callers may name to be told of updates, beside the other service: none, loopback, any, or
    /// hosts (a.example,b.example) [default: loopback, and none when --listen lets strangers in]
    #[arg(long, value_name = "HOSTS")]
    pub(super) subscribers: Option<CallbackHosts>,

    /// dev-materiels: how long an update waits for a subscriber before it is given up
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration)]
    pub(super) subscriber_patience: Duration,

    /// With so many things waiting to be sent no new orders are accepted
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    pub(super) outbox_limit: u64,
}

impl ServiceArgs {
    /// Whom callers may have this service call. Who is on this machine can reach all that is on it anyway; strangers
    /// cannot, and shall not through us.
    pub(super) fn callback_hosts(&self) -> CallbackHosts {
        let unless_said =
            || if self.listen.is_loopback() { CallbackHosts::loopback() } else { CallbackHosts::default() };
        self.subscribers.clone().unwrap_or_else(unless_said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Strangers could have a service that listens for them call anything on its own machine.
    #[test]
    fn strangers_cannot_have_this_machine_called() {
        let hosts = |more: &[&str]| {
            let words = ["supply", "dev-materiels"].iter().chain(more);
            match SupplyArgs::parse_from(words).command {
                Command::DevMateriels(flags) => flags.callback_hosts().text(),
                _ => "no service".to_owned(),
            }
        };
        assert_eq!(hosts(&[]), "loopback", "who is on this machine reaches it anyway");
        assert_eq!(hosts(&["--listen", "::1"]), "loopback");
        assert_eq!(hosts(&["--listen", "0.0.0.0"]), "none");
        assert_eq!(hosts(&["--listen", "192.168.1.7"]), "none");
        assert_eq!(hosts(&["--listen", "0.0.0.0", "--subscribers", "loopback,a.example"]), "loopback,a.example");
        assert_eq!(hosts(&["--subscribers", "none"]), "none");
    }
}
