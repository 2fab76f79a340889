//! All that Kafka had to say to a trail.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::comparison::Comparison;
use super::published::Published;
use crate::programs::auditor::AuditError;
use crate::tools::exit::Exit;
use crate::tools::shown::safe;

/// What Kafka had to say to a trail.
pub(in crate::programs::auditor) struct Answer {
    /// What the group of its tracker has published of it; `None` when no broker was asked.
    pub(super) published: Option<Published>,
    /// How its lines stand to the messages, or what kept them from being compared.
    pub(in crate::programs::auditor) lines: Result<Comparison, AuditError>,
}

impl Answer {
    /// How it counts beside the trail itself.
    pub(in crate::programs::auditor) fn exit(&self) -> Exit {
        let of_lines = self.lines.as_ref().map_or_else(AuditError::exit, Comparison::exit);
        worse(of_lines, self.published.as_ref().map_or(Exit::Done, Published::exit))
    }

    /// What a trail that is sound by itself is by this; `None` when nothing speaks against it.
    pub(in crate::programs::auditor) fn contradiction(&self) -> Option<&'static str> {
        let of_lines = self.differs().then_some("NOT what Kafka has");
        self.published.as_ref().and_then(Published::contradiction).or(of_lines)
    }

    /// Whether lines and messages do not agree.
    pub(in crate::programs::auditor) fn differs(&self) -> bool {
        self.lines.as_ref().is_ok_and(|lines| lines.exit() == Exit::Damaged)
    }

    /// The same for machines.
    pub(in crate::programs::auditor) fn json(&self) -> Value {
        let mut value = match &self.lines {
            Ok(comparison) => json!(comparison),
            Err(error) => json!({"error": error.to_string()}),
        };
        if let (Some(published), Some(fields)) = (&self.published, value.as_object_mut()) {
            fields.insert("published".to_owned(), json!(published));
        }
        value
    }

    /// Writes it for people.
    pub(in crate::programs::auditor) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        match &self.lines {
            Ok(comparison) => {
                writeln!(out, "  {}", safe(&comparison.text()))?;
                for difference in &comparison.differences {
                    writeln!(out, "    {}", safe(difference))?;
                }
            }
            Err(_) => writeln!(out, "  NOT compared with Kafka: that ended in an error, which standard error tells")?,
        }
        let Some((verdict, more)) = self.published.as_ref().map(Published::text) else { return Ok(()) };
        writeln!(out, "  {}", safe(&verdict))?;
        more.iter().try_for_each(|line| writeln!(out, "    {}", safe(line)))
    }
}

/// The exit code of two findings: damage is worse than that something could not be compared, and of such the first counts.
pub(in crate::programs::auditor) fn worse(first: Exit, second: Exit) -> Exit {
    match (first, second) {
        (Exit::Damaged, _) | (_, Exit::Damaged) => Exit::Damaged,
        (Exit::Done, second) => second,
        (first, _) => first,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_the_worst_and_then_what_was_found_first() {
        for (first, second, both) in [
            (Exit::Done, Exit::Done, Exit::Done),
            (Exit::Done, Exit::NoBroker, Exit::NoBroker),
            (Exit::NoBroker, Exit::Failed, Exit::NoBroker),
            (Exit::NoBroker, Exit::Damaged, Exit::Damaged),
            (Exit::Damaged, Exit::Failed, Exit::Damaged),
        ] {
            assert_eq!(worse(first, second), both);
        }
    }
}
