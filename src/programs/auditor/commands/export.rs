//! `audit export`: the records as a file for spreadsheets and databases.

use std::fs::{self, File};
use std::io::{BufWriter, IsTerminal as _, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::programs::auditor::context::Context;
use crate::programs::auditor::flat::{CsvRows, Row};
#[cfg(feature = "parquet")]
use crate::programs::auditor::parquet::ParquetRows;
use crate::programs::auditor::search::{search, tell};
use crate::programs::auditor::selection::SelectionArgs;
use crate::programs::auditor::trails::Trails;
use crate::programs::auditor::{AuditError, Command};
use crate::services::output::OutputError;
use crate::tools::exit::Exit;
use crate::tools::shown::{grouped, size};

/// What stands for standard output.
const STANDARD_OUTPUT: &str = "-";

/// Which kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Comma-separated values, the names of the columns first
    Csv,
    /// Apache Parquet, in programs built with --features parquet
    Parquet,
}

/// The flags of `audit export`.
#[derive(Args, Clone, Debug)]
pub(in crate::programs::auditor) struct ExportArgs {
    /// Which kind of file
    #[arg(long, value_enum)]
    format: Format,

    /// File to write; - is standard output
    #[arg(short, long, value_name = "FILE", default_value = STANDARD_OUTPUT)]
    output: PathBuf,

    #[command(flatten)]
    selection: SelectionArgs,
}

/// Where rows go.
enum Rows<'a> {
    Csv(CsvRows<'a>),
    #[cfg(feature = "parquet")]
    Parquet(ParquetRows<'a>),
}

impl Command for ExportArgs {
    fn run(&self, context: &Context<'_>, out: &mut dyn Write) -> Result<Exit, AuditError> {
        if context.json {
            let reason = "export gives csv or parquet, not --json: use audit query --json".to_owned();
            return Err(AuditError::Usage { reason });
        }
        if self.output.as_os_str() == STANDARD_OUTPUT {
            if self.format == Format::Parquet && std::io::stdout().is_terminal() {
                let reason = "Parquet is not for terminals: pass --output FILE".to_owned();
                return Err(AuditError::Usage { reason });
            }
            self.write(context, out)?;
            return Ok(Exit::Done);
        }
        // Under another name until it is whole.
        let mut part = self.output.clone().into_os_string();
        part.push(".part");
        let part = PathBuf::from(part);
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| AuditError::File { path, source }
        };
        let mut file = BufWriter::new(File::create(&part).map_err(failed(&part))?);
        let written = self.write(context, &mut file).map_err(|error| match error {
            AuditError::Output(OutputError { source }) => AuditError::File { path: part.clone(), source },
            other => other,
        });
        let rows = written.inspect_err(|_| drop(fs::remove_file(&part)))?;
        file.flush().map_err(failed(&part))?;
        let bytes = file.get_ref().metadata().map_or(0, |metadata| metadata.len());
        fs::rename(&part, &self.output).map_err(failed(&self.output))?;
        tell(&[format!("{} records, {}, in {}", grouped(rows), size(bytes), self.output.display())]);
        Ok(Exit::Done)
    }

    /// To standard output; a file has no terminal.
    fn is_raw(&self) -> bool {
        true
    }
}

impl ExportArgs {
    /// How many rows were written.
    fn write(&self, context: &Context<'_>, out: &mut dyn Write) -> Result<u64, AuditError> {
        let selection = self.selection.selection()?;
        let mut rows = Rows::begin(self.format, out)?;
        let trails = Trails::open(context)?;
        let (mut count, mut damaged) = (0_u64, 0_u64);
        let searched = search(context, &trails, &selection, |_, found| {
            match Row::of(&found) {
                Some(row) => {
                    count += 1;
                    rows.add(row)?;
                }
                None => damaged += 1,
            }
            Ok(ControlFlow::Continue(()))
        })?;
        rows.end()?;
        tell(&searched.notes);
        if damaged > 0 {
            tell(&[format!("{} damaged lines were left out; see audit verify", grouped(damaged))]);
        }
        if searched.stopped { Err(AuditError::Incomplete) } else { Ok(count) }
    }
}

impl<'a> Rows<'a> {
    fn begin(format: Format, out: &'a mut dyn Write) -> Result<Self, AuditError> {
        match format {
            Format::Csv => CsvRows::begin(out).map(Self::Csv),
            #[cfg(feature = "parquet")]
            Format::Parquet => ParquetRows::begin(out).map(Self::Parquet),
            #[cfg(not(feature = "parquet"))]
            Format::Parquet => Err(AuditError::Usage {
                reason:
                    "this program was built without Parquet: build it with cargo build --release --features parquet, \
                         or pass --format csv"
                        .to_owned(),
            }),
        }
    }

    fn add(&mut self, row: Row) -> Result<(), AuditError> {
        match self {
            Self::Csv(rows) => rows.add(&row),
            #[cfg(feature = "parquet")]
            Self::Parquet(rows) => rows.add(row),
        }
    }

    fn end(self) -> Result<(), AuditError> {
        match self {
            Self::Csv(rows) => rows.end(),
            #[cfg(feature = "parquet")]
            Self::Parquet(rows) => rows.end(),
        }
    }
}
