//! Travel requests: events go into one topic, and whoever wants to know a request rebuilds it from them.
//!
//! `reading` feeds the topic to the board of [`logic::travel`](crate::logic::travel), whatever happens to either;
//! `sending` puts events into the topic, each of whose delivery is heard. The rest is one file or folder a subcommand.

mod args;
mod consume;
mod error;
mod list;
mod produce;
mod reading;
mod report;
mod scenario;
mod send;
mod sending;
mod show;
mod states;
mod terms;

pub use args::{Command, TravelArgs};
pub use error::TravelError;

use crate::doors::health::diagnostics_on_stderr;
use crate::doors::health::events::topic_wait;
use crate::doors::kafka::{Cluster, KeptTopic, TopicError, TopicInfo, TopicShape};
use crate::services::output::aside;
use crate::services::runtime::Context;
use crate::tools::exit::Exit;
use crate::tools::shutdown::Shutdown;
use crate::tools::stderr::remark;
use args::ShapeArgs;

/// The topic's name, after the prefix.
const TOPIC: &str = "demande-voyage";

/// What every subcommand needs.
struct Travel<'a> {
    context: Context<'a>,
    /// The topic's full name.
    topic: String,
}

/// Runs a subcommand to its end.
///
/// # Errors
/// [`TravelError`]; it knows its exit code.
pub fn run(args: &TravelArgs, shutdown: &Shutdown) -> Result<Exit, TravelError> {
    let topic = args.topic.clone().unwrap_or_else(|| args.common.built_in_topic("", TOPIC));
    let travel = Travel { context: Context::new(&args.common, shutdown)?, topic };
    // Where the board is, it says itself what may be said.
    if !matches!(&args.command, Command::Consume(_)) {
        diagnostics_on_stderr().begin();
    }
    let outcome = match &args.command {
        Command::Produce(args) => produce::run(&travel, args),
        Command::Send(args) => send::run(&travel, args),
        Command::Consume(args) => consume::run(&travel, args),
        Command::Show(args) => show::run(&travel, args),
        Command::List(args) => list::run(&travel, args),
        Command::States(args) => states::run(args),
        Command::Side(command) => Ok(aside::<TravelArgs>(command)),
    };
    match outcome {
        // Whoever reads our output had enough: a quiet end.
        Err(TravelError::Output(error)) if error.is_quiet_end() => Ok(Exit::Done),
        Err(error) if error.is_early_stop() => Ok(Exit::Done),
        other => other,
    }
}

impl Travel<'_> {
    /// The topic, made when it is missing: waited for until the connect timeout, or for ever.
    fn topic(&self, cluster: &Cluster, shape: &ShapeArgs, is_patient: bool) -> Result<TopicInfo, TravelError> {
        let ShapeArgs { partitions, replication_factor } = *shape;
        let kept = KeptTopic { shape: TopicShape { partitions, replication_factor }, largest_bytes: None };
        let limit = (!is_patient).then_some(self.context.common.connect_timeout);
        let waiting = |reason: &str| remark(topic_wait(&self.topic, reason).line());
        Ok(cluster.ensure_kept_topic(&self.topic, kept, limit, self.context.shutdown, waiting)?)
    }

    /// The topic, for a command that only reads; `None` when there is none.
    fn existing_topic(&self, cluster: &Cluster) -> Result<Option<TopicInfo>, TravelError> {
        match cluster.topic(&self.topic, self.context.common.connect_timeout) {
            Err(TopicError::Missing { .. }) => Ok(None),
            found => Ok(Some(found?)),
        }
    }
}
