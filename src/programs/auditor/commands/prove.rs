//! `audit prove`: the proof that one line is in the trail.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::doors::audit::verify::{WantedLine, prove};
use crate::programs::auditor::context::Context;
use crate::programs::auditor::progress::{Progress, Unit};
use crate::programs::auditor::{AuditError, Command};
use crate::tools::exit::Exit;

/// The flags of `audit prove`.
#[derive(Args, Clone, Debug)]
pub(in crate::programs::auditor) struct ProveArgs {
    /// Number of the line, from 1
    #[arg(value_name = "LINE", required_unless_present = "offset", conflicts_with = "offset")]
    line: Option<u64>,

    /// The line of this message
    #[arg(long, value_name = "PARTITION/OFFSET", value_parser = message)]
    offset: Option<WantedLine>,

    /// Write the proof here instead of on standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

fn message(text: &str) -> Result<WantedLine, String> {
    let parsed =
        text.split_once('/').and_then(|(partition, offset)| Some((partition.parse().ok()?, offset.parse().ok()?)));
    let (partition, offset) = parsed.ok_or("expected a partition, a slash and an offset, such as 2/1042")?;
    Ok(WantedLine::Message { partition, offset })
}

impl Command for ProveArgs {
    fn run(&self, context: &Context<'_>, out: &mut dyn Write) -> Result<Exit, AuditError> {
        let [dir] = context.dirs.as_slice() else {
            return Err(AuditError::Usage { reason: "prove takes one --dir: a proof is of one trail".to_owned() });
        };
        let wanted = match (self.line, self.offset) {
            (Some(line), _) => WantedLine::Number(line),
            (None, Some(message)) => message,
            (None, None) => return Err(AuditError::Usage { reason: "say which line to prove".to_owned() }),
        };
        let mut bar: Option<Progress> = None;
        let proven = prove(dir, wanted, context.shutdown, |bytes, total| {
            bar.get_or_insert_with(|| Progress::new(total, Unit::Bytes, context.terminal.stderr_is_terminal))
                .advance(bytes);
        });
        if let Some(bar) = bar {
            bar.clear();
        }
        let proven = proven.map_err(AuditError::Prove)?;
        let text = proven.proof.to_text();
        let written = match &self.output {
            Some(path) => {
                let written = fs::write(path, &text);
                written.map_err(|source| AuditError::File { path: path.clone(), source })?;
                if context.json {
                    let (line, size) = (proven.number, proven.signed.checkpoint.size);
                    writeln!(out, "{}", json!({"line": line, "signed_lines": size, "signed_s": proven.signed.time_s}))
                } else {
                    writeln!(out, "line {} is proven in {}", proven.number, path.display())
                }
            }
            None if context.json => writeln!(out, "{}", json!({"line": proven.number, "proof": text})),
            None => out.write_all(text.as_bytes()),
        };
        written.map_err(AuditError::output).map(|()| Exit::Done)
    }
}
