//! `audit show`: one record, whole.

use std::io::Write;
use std::ops::{ControlFlow, Range};
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use crate::doors::audit::read::{Piece, Plan, TrailReader, Wanted};
use crate::programs::auditor::context::Context;
use crate::programs::auditor::record::{Place, write_record};
use crate::programs::auditor::search::{notes, tell};
use crate::programs::auditor::trails::Trails;
use crate::programs::auditor::{AuditError, Command};
use crate::tools::exit::Exit;
use crate::tools::moment::number;
use crate::tools::shown::grouped;
use crate::words::record::{AuditLine, LineHead, Skim};

/// The flags of `audit show`.
#[derive(Args, Clone, Debug)]
pub(in crate::programs::auditor) struct ShowArgs {
    /// PARTITION/OFFSET such as 1/627 (orders/1@627 as well), or the number of a line
    #[arg(value_name = "P/OFFSET|LINE")]
    what: What,

    /// Only the payload, byte for byte
    #[arg(long)]
    raw: bool,
}

/// What to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Offset { partition: i32, offset: i64 },
    Line(u64),
}

impl FromStr for What {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no record; write PARTITION/OFFSET such as 1/627, or a line such as 1,866");
        if let Some(line) = number(text).filter(|&line| line > 0) {
            return Ok(Self::Line(line));
        }
        let (before, offset) = text.rsplit_once(['@', '/']).ok_or_else(wrong)?;
        let partition = before.rsplit_once('/').map_or(before, |(_topic, partition)| partition);
        let read = |text: &str| number(text).ok_or_else(wrong);
        let partition = i32::try_from(read(partition)?).map_err(|_| wrong())?;
        let offset = i64::try_from(read(offset)?).map_err(|_| wrong())?;
        Ok(Self::Offset { partition, offset })
    }
}

/// A record that was found.
struct Hit {
    number: u64,
    path: PathBuf,
    byte: u64,
    line: Vec<u8>,
}

impl Command for ShowArgs {
    fn run(&self, context: &Context<'_>, out: &mut dyn Write) -> Result<Exit, AuditError> {
        let trails = Trails::open(context)?;
        let mut hits = Vec::new();
        for reader in trails.readers() {
            hits.extend(find(context, reader, self.what)?);
        }
        if hits.is_empty() {
            return Err(AuditError::NotFound { reason: nothing(self.what, &trails) });
        }
        if self.raw && hits.len() > 1 {
            let lines: Vec<String> = hits.iter().map(|hit| grouped(hit.number)).collect();
            let reason =
                format!("lines {} have this partition and offset: say which, by its number", lines.join(" and "));
            return Err(AuditError::Refused { reason });
        }
        for (number, hit) in hits.iter().enumerate() {
            let written = if self.raw {
                write_payload(&hit.line, out)?
            } else if context.json {
                out.write_all(&hit.line).and_then(|()| out.write_all(b"\n"))
            } else {
                let gap = if number > 0 { out.write_all(b"\n") } else { Ok(()) };
                let place = Place { number: hit.number, path: &hit.path, byte: hit.byte };
                gap.and_then(|()| write_record(out, &hit.line, place, context.terminal))
            };
            written.map_err(AuditError::output)?;
        }
        if hits.len() > 1 {
            tell(&[format!("{} lines tell this: the topic was made anew, or its log was cut", hits.len())]);
        }
        Ok(Exit::Done)
    }

    fn is_raw(&self) -> bool {
        self.raw
    }
}

fn write_payload(line: &[u8], out: &mut dyn Write) -> Result<std::io::Result<()>, AuditError> {
    let damaged =
        |what: String| AuditError::NotFound { reason: format!("the line is damaged ({what}); see audit verify") };
    let line = AuditLine::parse(line).map_err(|error| damaged(error.to_string()))?;
    let payload = line.payload().map_err(|error| damaged(error.to_string()))?;
    Ok(out.write_all(&payload.unwrap_or_default()))
}

fn nothing(what: What, trails: &Trails) -> String {
    let topic = trails.topic().unwrap_or("the topic");
    match what {
        What::Offset { partition, offset } => {
            format!(
                "no line tells {topic}/{partition}@{}: audit stats shows which offsets there are",
                grouped(offset as u64)
            )
        }
        What::Line(line) => format!("there is no line {}: audit stats shows how many there are", grouped(line)),
    }
}

/// All lines that tell it: an offset stands there again when the topic was made anew.
fn find(context: &Context<'_>, reader: &TrailReader, what: What) -> Result<Vec<Hit>, AuditError> {
    let wanted = match what {
        What::Offset { partition, offset } => {
            let offsets = Some(offset..offset.saturating_add(1));
            Wanted { partition: Some(partition), offsets, ..Wanted::default() }
        }
        What::Line(line) => Wanted { lines: Some(line..line.saturating_add(1)), ..Wanted::default() },
    };
    let plan = Plan::new(reader, &wanted);
    let hits = look(context, reader, &plan, what)?;
    match hits {
        Some(hits) if !hits.is_empty() || !plan.by_index => Ok(hits),
        // The index does not lead there, or its numbers do not agree with the lines: then it is not used.
        _ => {
            Ok(look(context, reader, &Plan { spans: reader.everything(), by_index: false }, what)?.unwrap_or_default())
        }
    }
}

/// What a plan leads to; `None` when the index it is made from counts lines wrongly.
fn look(context: &Context<'_>, reader: &TrailReader, plan: &Plan, what: What) -> Result<Option<Vec<Hit>>, AuditError> {
    let mut hits = Vec::new();
    // A line is found by counting; where the lines begin is all that a thread can tell of it.
    let work = |piece: Piece<'_>| match what {
        What::Offset { partition, offset } => matches(piece, partition, offset),
        What::Line(_) => piece.lines().map(|(start, line)| (0, start..start + line.len(), Vec::new())).collect(),
    };
    let end = reader.scan(&plan.spans, context.shutdown, work, |taken| {
        let Some(segment) = reader.segments().get(taken.segment) else { return ControlFlow::Continue(()) };
        let mut found = |number, range: &Range<usize>, line| {
            let byte = taken.start + range.start as u64;
            hits.push((Hit { number, path: segment.path.clone(), byte, line }, taken.segment, range.len()));
        };
        match what {
            What::Offset { .. } => {
                taken
                    .result
                    .into_iter()
                    .for_each(|(before, range, line)| found(taken.first_line + before, &range, line));
                ControlFlow::Continue(())
            }
            What::Line(line) => {
                let Some(before) = line.checked_sub(taken.first_line).filter(|&before| before < taken.lines) else {
                    return ControlFlow::Continue(());
                };
                if let Some((_, range, _)) = taken.result.get(before as usize) {
                    found(line, range, Vec::new());
                }
                // An index is believed only when it has counted the lines behind as well.
                if plan.by_index { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            }
        }
    })?;
    if plan.by_index && !end.jumps.is_empty() {
        return Ok(None);
    }
    if end.stopped && context.shutdown.is_requested() {
        return Err(AuditError::Incomplete);
    }
    if !plan.by_index && hits.is_empty() {
        tell(&notes(&end, reader));
    }
    let read = |(mut hit, segment, length): (Hit, usize, usize)| -> Result<Hit, AuditError> {
        if hit.line.is_empty() {
            hit.line = reader.read_line(segment, hit.byte, length)?;
        }
        Ok(hit)
    };
    hits.into_iter().map(read).collect::<Result<_, _>>().map(Some)
}

/// The lines of a piece that tell an offset: how many stand before each, where it is, and its bytes.
fn matches(piece: Piece<'_>, partition: i32, offset: i64) -> Vec<(u64, Range<usize>, Vec<u8>)> {
    let is_it = |line: &[u8]| match Skim::of(line) {
        Some(skim) => (skim.partition, skim.offset) == (partition, offset),
        None => {
            LineHead::parse(line).is_ok_and(|head| (head.kafka_partition, head.kafka_offset) == (partition, offset))
        }
    };
    (0..)
        .zip(piece.lines())
        .filter(|(_, (_, line))| is_it(line))
        .map(|(before, (start, line))| (before, start..start + line.len(), line.to_vec()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_as_people_name_them() {
        let offset = |partition, offset| Ok(What::Offset { partition, offset });
        for (text, expected) in [
            ("1/627", offset(1, 627)),
            ("orders/1@627", offset(1, 627)),
            ("1@2,733,901", offset(1, 2_733_901)),
            ("a/b/0/7", offset(0, 7)),
            ("1,866", Ok(What::Line(1_866))),
        ] {
            assert_eq!(text.parse::<What>(), expected, "{text}");
        }
        for text in ["", "0", "1/", "/1", "x", "1/x", "99999999999/1", "-1/2"] {
            assert!(text.parse::<What>().is_err(), "{text}");
        }
    }
}
