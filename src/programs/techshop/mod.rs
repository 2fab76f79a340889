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
mod service;
mod setup;
mod stock;

pub use args::{Command, TechshopArgs};
pub use error::TechshopError;

use std::io::{self, Write};

use crate::doors::kafka::{Cluster, Patience, Role, check, connect};
use crate::tools::config::{ClientSettings, CommonArgs, is_quiet_end};
use crate::tools::exit::Exit;
use crate::tools::shutdown::Shutdown;
use names::Names;

/// What every subcommand needs.
pub(crate) struct Shop<'a> {
    /// The flags that all have.
    pub(crate) common: &'a CommonArgs,
    /// The checked Kafka settings.
    pub(crate) settings: ClientSettings,
    /// The shop's topics by their full names.
    pub(crate) names: Names,
    /// Ends every wait.
    pub(crate) shutdown: &'a Shutdown,
}

/// Runs a subcommand to its end.
///
/// # Errors
/// [`TechshopError`]; it knows its exit code.
pub fn run(args: &TechshopArgs, shutdown: &Shutdown) -> Result<Exit, TechshopError> {
    let settings = args.common.client_settings()?;
    let names = Names::new(&args.common);
    let shop = Shop { common: &args.common, settings, names, shutdown };
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
        Command::Side(command) => Ok(command.run::<TechshopArgs>(&mut io::stdout()).map(|()| Exit::Done)?),
    };
    match outcome {
        // Whoever reads our output had enough: a quiet end.
        Err(TechshopError::Output { source }) if is_quiet_end(&source) => Ok(Exit::Done),
        Err(error) if error.is_early_stop() => Ok(Exit::Done),
        other => other,
    }
}

impl Shop<'_> {
    /// A cluster that answers, for a command that ends by itself.
    ///
    /// # Errors
    /// [`TechshopError`].
    pub(crate) fn connect_once(&self, roles: &[Role]) -> Result<Cluster, TechshopError> {
        self.check(roles)?;
        Ok(connect(&self.settings, Patience::UpTo(self.common.connect_timeout), self.shutdown, |_| {})?)
    }

    /// Refuses settings with which a client of these roles could not be made.
    ///
    /// # Errors
    /// [`TechshopError`].
    pub(crate) fn check(&self, roles: &[Role]) -> Result<(), TechshopError> {
        Ok(roles.iter().try_for_each(|role| check(&self.settings, *role))?)
    }
}

/// Writes to standard output.
///
/// # Errors
/// [`TechshopError::Output`].
pub(crate) fn print(text: &str) -> Result<(), TechshopError> {
    let mut out = anstream::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|source| TechshopError::Output { source })
}
