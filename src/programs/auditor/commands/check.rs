//! `audit check`: a proof alone, with the line and the public key.

use std::fs;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::programs::auditor::context::Context;
use crate::programs::auditor::trust;
use crate::programs::auditor::{AuditError, Command};
use crate::tools::exit::Exit;
use crate::tools::shown::{grouped, millisecond, safe};
use crate::words::seal::LineProof;

/// The flags of `audit check`.
#[derive(Args, Clone, Debug)]
pub(in crate::programs::auditor) struct CheckArgs {
    /// The proof, as audit prove wrote it
    #[arg(value_name = "PROOF")]
    proof: PathBuf,

    /// File of the line, with or without its LF; - for standard input
    #[arg(long, value_name = "FILE")]
    line: PathBuf,

    /// The public key to trust: its text, or a file of it such as tracker.events.pub
    #[arg(long, value_name = "PUB")]
    key: String,
}

impl Command for CheckArgs {
    fn run(&self, context: &Context<'_>, out: &mut dyn Write) -> Result<Exit, AuditError> {
        let keys = trust::keys(&self.key)?;
        let proof = read(&self.proof)?;
        let mut line = if self.line == Path::new("-") { read_input()? } else { read(&self.line)? };
        line.pop_if(|last| *last == b'\n');
        let text = String::from_utf8_lossy(&proof);
        let checked = LineProof::parse(&text).and_then(|proof| Ok((proof.index, proof.check(&line, &keys)?)));
        let (written, exit) = match checked {
            Ok((index, signed)) => {
                let (number, origin, size) = (index + 1, &signed.checkpoint.origin, signed.checkpoint.size);
                let written = if context.json {
                    let told = json!({
                        "is_proven": true, "line": number, "origin": origin,
                        "signed_lines": size, "signed_s": signed.time_s,
                    });
                    writeln!(out, "{told}")
                } else {
                    let time = millisecond(i64::try_from(signed.time_s).unwrap_or(i64::MAX).saturating_mul(1_000));
                    let (number, size) = (grouped(number), grouped(size));
                    writeln!(
                        out,
                        "proven: it is line {number} of the {size} lines of {} signed at {time} UTC",
                        safe(origin)
                    )
                };
                (written, Exit::Done)
            }
            Err(error) if context.json => {
                let told = json!({"is_proven": false, "what": error.to_string()});
                (writeln!(out, "{told}"), Exit::Damaged)
            }
            Err(error) => (writeln!(out, "NOT proven: {}", safe(&error.to_string())), Exit::Damaged),
        };
        written.map_err(AuditError::output).map(|()| exit)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, AuditError> {
    fs::read(path).map_err(|source| AuditError::NamedFile { what: "read", path: path.to_owned(), source })
}

fn read_input() -> Result<Vec<u8>, AuditError> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(|source| AuditError::NamedFile { what: "read", path: PathBuf::from("standard input"), source })?;
    Ok(bytes)
}
