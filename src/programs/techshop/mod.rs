//! The shop: orders come in, are decided exactly once against one stock, and everybody who wants to know is
//! told through Kafka.

mod analytics;
mod args;
mod catalogue;
mod counting;
mod dashboard;
mod error;
mod errors;
mod events;
mod kafka_dashboard;
mod names;
mod notify;
mod process;
mod produce;
mod restock;
mod setup;
mod stock;
mod topics;

pub use args::{Command, TechshopArgs};
pub use error::TechshopError;

use crate::services::output::aside;
use crate::services::runtime::{Context, Service};
use crate::tools::exit::Exit;
use crate::tools::shutdown::Shutdown;
use args::ListenArgs;
use names::Names;

/// What every subcommand needs.
pub(crate) struct Shop<'a> {
    /// Flags, settings, and the end.
    pub(crate) context: Context<'a>,
    /// The shop's topics by their full names.
    pub(crate) names: Names,
}

/// Runs a subcommand to its end.
///
/// # Errors
/// [`TechshopError`]; it knows its exit code.
pub fn run(args: &TechshopArgs, shutdown: &Shutdown) -> Result<Exit, TechshopError> {
    let context = Context::new(&args.common, shutdown)?;
    let shop = Shop { context, names: Names::new(&args.common) };
    let outcome = match &args.command {
        Command::SetupTopics(args) => setup::run(&shop, args),
        Command::Produce(args) => produce::run(&shop, args),
        Command::Process(args) => process::run(&shop, args),
        Command::Analytics(args) => analytics::run(&shop, args),
        Command::Notify(args) => notify::run(&shop, args),
        Command::Errors(args) => errors::run(&shop, args),
        Command::Dashboard(args) => dashboard::run(&shop, args),
        Command::Stock(args) => stock::run(&shop, args),
        Command::Restock(args) => restock::run(&shop, args),
        Command::KafkaDashboard(args) => kafka_dashboard::run(&shop, args),
        Command::Side(command) => Ok(aside::<TechshopArgs>(command)),
    };
    match outcome {
        // Whoever reads our output had enough: a quiet end.
        Err(TechshopError::Output(error)) if error.is_quiet_end() => Ok(Exit::Done),
        Err(error) if error.is_early_stop() => Ok(Exit::Done),
        other => other,
    }
}

impl Shop<'_> {
    /// A service that tells of itself where it was asked to, else at `usual`.
    ///
    /// # Errors
    /// [`TechshopError::Listen`] when the address that was asked for cannot be had.
    pub(crate) fn service(
        &self,
        name: &'static str,
        asked: &ListenArgs,
        usual: &str,
    ) -> Result<Service, TechshopError> {
        Ok(Service::start(name, asked.listen.as_deref(), usual, &self.context.settings.brokers)?)
    }
}
