//! `audit query`: the records that fit, as a table, as JSON or as CSV.

use std::io::Write;
use std::ops::ControlFlow;

use clap::Args;

use crate::programs::auditor::context::Context;
use crate::programs::auditor::flat::{CsvRows, Row};
use crate::programs::auditor::search::{Searched, search, tell};
use crate::programs::auditor::selection::{Selection, SelectionArgs};
use crate::programs::auditor::table::Table;
use crate::programs::auditor::trails::Trails;
use crate::programs::auditor::{AuditError, Command};
use crate::tools::exit::Exit;
use crate::tools::shown::{grouped, safe};

/// A line is never shorter than this; with it the greatest number of a line is guessed.
const SHORTEST_LINE_BYTES: u64 = 200;

/// The flags of `audit query`.
#[derive(Args, Clone, Debug)]
pub(in crate::programs::auditor) struct QueryArgs {
    #[command(flatten)]
    selection: SelectionArgs,

    /// End after so many
    #[arg(long, value_name = "N")]
    limit: Option<u64>,

    /// Print comma-separated values, the names of the columns first
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

impl Command for QueryArgs {
    fn run(&self, context: &Context<'_>, out: &mut dyn Write) -> Result<Exit, AuditError> {
        let selection = self.selection.selection()?;
        let trails = Trails::open(context)?;
        let (mut count, mut damaged) = (0, 0_u64);
        let searched = if self.csv {
            let mut rows = CsvRows::begin(out)?;
            let searched = search(context, &trails, &selection, |_, found| {
                if self.is_within(&mut count) {
                    match Row::of(&found) {
                        Some(row) => rows.add(&row)?,
                        None => damaged += 1,
                    }
                }
                Ok(self.flow(count))
            })?;
            rows.end()?;
            searched
        } else if context.json {
            search(context, &trails, &selection, |_, found| {
                if self.is_within(&mut count) {
                    out.write_all(found.line).and_then(|()| out.write_all(b"\n")).map_err(AuditError::output)?;
                }
                Ok(self.flow(count))
            })?
        } else {
            self.table(context, &trails, &selection, &mut count, out)?
        };
        tell(&searched.notes);
        if damaged > 0 {
            tell(&[format!("{} damaged lines were left out; see audit verify", grouped(damaged))]);
        }
        if searched.stopped {
            return Err(AuditError::Incomplete);
        }
        if count == 0 && !context.json && !self.csv && self.limit != Some(0) {
            out.write_all(nothing(&selection, &searched).as_bytes()).map_err(AuditError::output)?;
        }
        Ok(Exit::Done)
    }

    fn is_raw(&self) -> bool {
        self.csv
    }
}

impl QueryArgs {
    /// Counts a record, unless there were enough.
    fn is_within(&self, count: &mut u64) -> bool {
        let is_within = self.limit.is_none_or(|limit| *count < limit);
        *count += u64::from(is_within);
        is_within
    }

    fn flow(&self, count: u64) -> ControlFlow<()> {
        if self.limit.is_some_and(|limit| count >= limit) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn table(
        &self,
        context: &Context<'_>,
        trails: &Trails,
        selection: &Selection,
        count: &mut u64,
        out: &mut dyn Write,
    ) -> Result<Searched, AuditError> {
        let first = trails.readers().iter().map(|reader| reader.first_line()).max().unwrap_or(1);
        let last_line = first + trails.bytes() / SHORTEST_LINE_BYTES;
        let mut table = Table::new(last_line, trails.topic().unwrap_or_default(), context.terminal);
        let mut trail = None;
        let searched = search(context, trails, selection, |progress, found| {
            if !self.is_within(count) {
                return Ok(ControlFlow::Break(()));
            }
            // Numbers of lines belong to a trail; with several it must be said which.
            let is_next_trail = trail.replace(found.trail) != Some(found.trail) && trails.readers().len() > 1;
            let dir = trails.readers().get(found.trail).filter(|_| is_next_trail);
            let mut write = || {
                if let Some(reader) = dir {
                    writeln!(out, "{}", safe(&reader.dir().display().to_string()))?;
                }
                table.row(out, found.number, found.line)?;
                // A person sees each as it is found; and a bar must not tear it.
                if context.terminal.stdout_is_terminal { out.flush() } else { Ok(()) }
            };
            let written = if context.terminal.stdout_is_terminal { progress.suspend(write) } else { write() };
            written.map_err(AuditError::output)?;
            Ok(self.flow(*count))
        })?;
        if *count > 0 && context.terminal.stdout_is_terminal {
            let word = if *count == 1 { "record" } else { "records" };
            let text = format!(
                "{} {word}.  Whole: audit show LINE, or --json   payloads only: audit extract\n",
                grouped(*count)
            );
            out.write_all(text.as_bytes()).map_err(AuditError::output)?;
        }
        Ok(searched)
    }
}

fn nothing(selection: &Selection, searched: &Searched) -> String {
    let lines = grouped(searched.lines);
    match selection.words() {
        words if words.is_empty() => "The trail holds no record yet.\n".to_owned(),
        words => format!("No record of {lines} matches {}.\n", safe(&words)),
    }
}
