//! `audit stats`: what a trail holds, in figures.

use std::io::Write;

use clap::Args;

use crate::programs::auditor::context::Context;
use crate::programs::auditor::{AuditError, Command};
use crate::tools::exit::Exit;

/// The flags of `audit stats`.
#[derive(Args, Clone, Debug)]
pub(in crate::programs::auditor) struct StatsArgs {}

impl Command for StatsArgs {
    fn run(&self, context: &Context<'_>, out: &mut dyn Write) -> Result<Exit, AuditError> {
        writeln!(out, "{}", context.dirs.len()).map_err(AuditError::output)?;
        Ok(Exit::Done)
    }
}
