//! `audit extract`: payloads as they were received.

use std::io::Write;
use std::ops::ControlFlow;

use clap::Args;

use crate::programs::auditor::context::Context;
use crate::programs::auditor::search::{search, tell};
use crate::programs::auditor::selection::SelectionArgs;
use crate::programs::auditor::trails::Trails;
use crate::programs::auditor::{AuditError, Command};
use crate::tools::exit::Exit;
use crate::tools::shown::grouped;
use crate::words::record::{AuditLine, EventType};

/// The flags of `audit extract`.
#[derive(Args, Clone, Debug)]
pub(in crate::programs::auditor) struct ExtractArgs {
    #[command(flatten)]
    selection: SelectionArgs,

    /// End each payload with a NUL byte instead of a line break
    #[arg(short = '0', long)]
    null: bool,
}

impl Command for ExtractArgs {
    fn run(&self, context: &Context<'_>, out: &mut dyn Write) -> Result<Exit, AuditError> {
        if context.json {
            let reason = "extract gives payloads as they are, not --json: use audit query --json".to_owned();
            return Err(AuditError::Usage { reason });
        }
        let selection = self.selection.selection()?;
        let trails = Trails::open(context)?;
        let end_byte = if self.null { b'\0' } else { b'\n' };
        let (mut tombstones, mut damaged, mut torn_apart) = (0_u64, 0_u64, 0_u64);
        let searched = search(context, &trails, &selection, |_, found| {
            let Ok(line) = AuditLine::parse(found.line) else {
                damaged += 1;
                return Ok(ControlFlow::Continue(()));
            };
            match line.payload() {
                // A gap has no message.
                _ if line.event_type == EventType::Gap => {}
                Ok(Some(payload)) => {
                    torn_apart += u64::from(memchr::memchr(end_byte, &payload).is_some());
                    out.write_all(&payload).and_then(|()| out.write_all(&[end_byte])).map_err(AuditError::output)?;
                }
                Ok(None) => tombstones += 1,
                Err(_) => damaged += 1,
            }
            Ok(ControlFlow::Continue(()))
        })?;
        let mut notes = searched.notes;
        let mut count = |count: u64, what: &str| {
            if count > 0 {
                notes.push(what.replace("{}", &grouped(count)));
            }
        };
        count(tombstones, "left out, since they have no payload (tombstones): {}");
        count(damaged, "left out, since their lines are damaged (see audit verify): {}");
        count(
            torn_apart,
            if self.null {
                "payloads that hold NUL bytes themselves: {}"
            } else {
                "payloads that hold line breaks themselves (-0 ends each with a NUL byte instead): {}"
            },
        );
        tell(&notes);
        if searched.stopped { Err(AuditError::Incomplete) } else { Ok(Exit::Done) }
    }

    fn is_raw(&self) -> bool {
        true
    }
}
