//! `audit rotate-key`: a new key in the place of the old one.

use std::io::Write;

use clap::Args;
use serde_json::json;

use crate::doors::audit::rotate_key;
use crate::programs::auditor::context::Context;
use crate::programs::auditor::search::tell;
use crate::programs::auditor::{AuditError, Command};
use crate::tools::exit::Exit;
use crate::tools::shown::grouped;

/// The flags of `audit rotate-key`.
#[derive(Args, Clone, Debug)]
pub(in crate::programs::auditor) struct RotateKeyArgs {}

impl Command for RotateKeyArgs {
    fn run(&self, context: &Context<'_>, out: &mut dyn Write) -> Result<Exit, AuditError> {
        let [dir] = context.dirs.as_slice() else {
            return Err(AuditError::Usage {
                reason: "rotate-key takes one --dir: each trail has its own key".to_owned(),
            });
        };
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| AuditError::Random { reason: error.to_string() })?;
        let rotation = rotate_key(dir, seed).map_err(AuditError::Keys)?;
        let (old, new, lines) = (rotation.old.to_string(), rotation.new.to_string(), rotation.lines);
        let written = if context.json {
            writeln!(out, "{}", json!({"old": old, "new": new, "lines": lines}))
        } else {
            writeln!(out, "after {} lines {old}\nis succeeded by {new}", grouped(lines))
        };
        if let Some(exposure) = &rotation.exposure {
            tell(&[format!(
                "of the old key: {exposure}. The new one is its owner's alone; what the old one signed is as good as its \
                 anchors"
            )]);
        }
        written.map_err(AuditError::output).map(|()| Exit::Done)
    }
}
