//! `audit check`: a proof alone, with the line and the public key.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::programs::auditor::context::Context;
use crate::programs::auditor::named;
use crate::programs::auditor::trust;
use crate::programs::auditor::{AuditError, Command};
use crate::tools::exit::Exit;
use crate::tools::shown::{grouped, millisecond, safe};
use crate::words::seal::{CheckpointError, LineProof, ProofError};

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

    /// The trail's tracker.events.pub, which must begin with that key: trust also those that succeeded it
    #[arg(long, value_name = "FILE")]
    chain: Option<PathBuf>,
}

impl Command for CheckArgs {
    fn run(&self, context: &Context<'_>, out: &mut dyn Write) -> Result<Exit, AuditError> {
        let mut keys = trust::keys(&self.key)?;
        if let Some(chain) = &self.chain {
            keys = trust::chain(chain, &keys)?;
        }
        let proof = named::read(&self.proof, named::MOST_PROOF_BYTES)?;
        let mut line = match self.line == Path::new("-") {
            true => named::read_input(named::MOST_LINE_BYTES)?,
            false => named::read(&self.line, named::MOST_LINE_BYTES)?,
        };
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
            Err(error) => {
                let what = self.reason(&error);
                let written = match context.json {
                    true => writeln!(out, "{}", json!({"is_proven": false, "what": what})),
                    false => writeln!(out, "NOT proven: {}", safe(&what)),
                };
                (written, Exit::Damaged)
            }
        };
        written.map_err(AuditError::output).map(|()| exit)
    }
}

impl CheckArgs {
    /// Why it is not proven, and what to try when that may be no fault of the proof.
    fn reason(&self, error: &ProofError) -> String {
        match error {
            ProofError::Checkpoint(CheckpointError::NotSigned { .. }) if self.chain.is_none() => format!(
                "{error}. If that key was succeeded by another one (audit rotate-key), pass the trail's \
                 tracker.events.pub of now with --chain: it must begin with the key that you trust"
            ),
            error => error.to_string(),
        }
    }
}
