//! `audit verify`: is the trail what was sealed and signed?

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde_json::json;

use crate::doors::audit::verify::{DamageKind, Report, VerifyOptions, verify};
use crate::programs::auditor::against_kafka::{Answer, Asked, compare, worse};
use crate::programs::auditor::context::Context;
use crate::programs::auditor::named;
use crate::programs::auditor::progress::{Progress, Unit};
use crate::programs::auditor::search::tell;
use crate::programs::auditor::trust;
use crate::programs::auditor::{AuditError, Command};
use crate::tools::config::TRACKER_GROUP;
use crate::tools::exit::Exit;
use crate::tools::shown::{grouped, millisecond, safe, size};

/// How many damages are told for people; `--json` has more.
const TOLD: usize = 10;

/// The flags of `audit verify`.
#[derive(Args, Clone, Debug)]
pub(in crate::programs::auditor) struct VerifyArgs {
    /// Trust this public key instead of tracker.events.pub: its text, or a file of it
    #[arg(long, value_name = "PUB")]
    key: Option<String>,

    /// Archived segments are damage too, and what Kafka has behind the last lines
    #[arg(long)]
    complete: bool,

    /// Compare each line with the message that Kafka still has, each message with the lines, and the trail
    /// with what its tracker has published of it
    #[arg(long)]
    against_kafka: bool,

    /// Against Kafka: the consumer group of the trail's tracker
    #[arg(long, value_name = "NAME", requires = "against_kafka", default_value = TRACKER_GROUP,
        value_parser = NonEmptyStringValueParser::new())]
    group: String,

    /// Against Kafka: the trail is of this partition only; may be given several times
    #[arg(long = "partition", value_name = "P", requires = "against_kafka", value_parser = clap::value_parser!(i32).range(0..))]
    partitions: Vec<i32>,

    /// A file of checkpoints kept elsewhere: the trail must still agree with them; repeatable
    #[arg(long, value_name = "FILE")]
    anchors: Vec<PathBuf>,
}

impl Command for VerifyArgs {
    fn run(&self, context: &Context<'_>, out: &mut dyn Write) -> Result<Exit, AuditError> {
        let options = self.options()?;
        let mut exit = Exit::Done;
        let mut failed: Option<AuditError> = None;
        for dir in &context.dirs {
            let told_first = |_: &AuditError| failed.iter().for_each(|error| tell(&[error.to_string()]));
            let report = judge(context, dir, &options).inspect_err(told_first)?;
            let answer = self.compare(context, dir, &report);
            let of_kafka = answer.as_ref().map_or(Exit::Done, Answer::exit);
            let of_trail = if report.is_sound { Exit::Done } else { Exit::Damaged };
            exit = worse(worse(exit, of_trail), of_kafka);
            let name = dir.display().to_string();
            let told = match context.json {
                true => write_json(out, &name, &report, answer.as_ref()),
                false => write_text(out, &name, &report, answer.as_ref()),
            };
            told.map_err(AuditError::output)?;
            if let Some(Answer { lines: Err(error), .. }) = answer {
                let is_stop = context.shutdown.is_requested();
                failed.get_or_insert(error);
                if is_stop {
                    break;
                }
            }
        }
        match failed {
            // The trail has been judged all the same, and its damage is what the exit code tells.
            Some(error) if exit == Exit::Damaged => {
                out.flush().map_err(AuditError::output)?;
                tell(&[error.to_string()]);
                Ok(exit)
            }
            Some(error) => Err(error),
            None => Ok(exit),
        }
    }
}

/// Verifies the trail in `dir`, with a bar.
fn judge(context: &Context<'_>, dir: &Path, options: &VerifyOptions) -> Result<Report, AuditError> {
    let mut bar: Option<Progress> = None;
    let report = verify(dir, options, context.shutdown, |bytes, total| {
        bar.get_or_insert_with(|| Progress::new(total, Unit::Bytes, context.terminal.stderr_is_terminal))
            .advance(bytes);
    });
    if let Some(bar) = bar {
        bar.clear();
    }
    report.map_err(AuditError::Verify)
}

impl VerifyArgs {
    /// What Kafka has to say, when it is to be asked.
    fn compare(&self, context: &Context<'_>, dir: &Path, report: &Report) -> Option<Answer> {
        let (dirs, partitions) = (&context.dirs, &self.partitions);
        let asked = Asked { dir, dirs, partitions, is_complete: self.complete, group: &self.group, report };
        self.against_kafka.then(|| compare(context, &asked))
    }

    fn options(&self) -> Result<VerifyOptions, AuditError> {
        let mut anchors = Vec::with_capacity(self.anchors.len());
        // All of them are in memory at once.
        let mut room_bytes = named::MOST_ANCHORS_BYTES;
        for path in &self.anchors {
            let bytes = named::read(path, room_bytes)?;
            room_bytes -= bytes.len() as u64;
            anchors.push((path.display().to_string(), bytes));
        }
        let keys = self.key.as_deref().map(trust::keys).transpose()?;
        Ok(VerifyOptions { keys, is_complete: self.complete, anchors })
    }
}

fn write_json(out: &mut dyn Write, dir: &str, report: &Report, answer: Option<&Answer>) -> io::Result<()> {
    let mut value = json!(report);
    if let Some(fields) = value.as_object_mut() {
        fields.insert("dir".to_owned(), json!(dir));
        fields.extend(answer.map(|answer| ("against_kafka".to_owned(), answer.json())));
    }
    writeln!(out, "{value}")
}

fn write_text(out: &mut dyn Write, dir: &str, report: &Report, answer: Option<&Answer>) -> io::Result<()> {
    // What is sound by itself may still not be what Kafka has.
    let contradiction = answer.and_then(Answer::contradiction);
    write_verdict(out, dir, report, contradiction)?;
    write_identity(out, report)?;
    write_counts(out, report)?;
    if let Some(answer) = answer {
        answer.write(out)?;
    }
    if report.is_sound && contradiction.is_none() {
        return Ok(());
    }
    // What to do about it, last, where it is read.
    let is_damage = !report.is_sound || answer.is_some_and(Answer::differs);
    let chapter = if is_damage { "Damage" } else { "Another history" };
    writeln!(out, "  next: keep a copy of the whole folder as it is, it is evidence;")?;
    writeln!(out, "    then docs/operating.md, {chapter}")
}

/// What is damaged, or that nothing is, and what is still sound.
fn write_verdict(out: &mut dyn Write, dir: &str, report: &Report, contradiction: Option<&str>) -> io::Result<()> {
    let dir = safe(dir);
    let Some((first, more)) = report.damages.split_first() else {
        return match contradiction {
            Some(what) => writeln!(out, "{dir}: sound by itself, but {what}"),
            None => writeln!(out, "{dir}: {}", headline(report)),
        };
    };
    writeln!(out, "{dir}: DAMAGED\n  first: {}", safe(&first.to_string()))?;
    for damage in more.iter().take(TOLD - 1) {
        writeln!(out, "  also:  {}", safe(&damage.to_string()))?;
    }
    let untold = (more.len() as u64 + report.more_damages).saturating_sub(TOLD as u64 - 1);
    if untold > 0 {
        writeln!(out, "  and {} more", grouped(untold))?;
    }
    if report.sound.is_empty() {
        writeln!(out, "  no line can be said to be sound")?;
    }
    for sound in &report.sound {
        let when = sound.signed_s.map_or(String::new(), |time| format!(", up to the checkpoint of {}", at(time)));
        writeln!(out, "  sound: lines {} to {}{when}", grouped(sound.first), grouped(sound.last))?;
    }
    Ok(())
}

/// What the trail has.
fn write_counts(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let (segments, partitions) = (plural(report.segments, "segment"), plural(report.partitions, "partition"));
    writeln!(
        out,
        "  {} lines, {} in {segments}, {partitions}: {} valid, {} invalid, {} gaps",
        grouped((report.lines - report.archived_lines).saturating_sub(missing_lines(report))),
        size(report.bytes),
        grouped(report.valid),
        grouped(report.invalid),
        grouped(report.gaps),
    )?;
    if let Some(time) = report.signed_s {
        let (count, lines) = (grouped(report.checkpoints), grouped(report.signed_lines));
        writeln!(out, "  {count} checkpoints, the last of {lines} lines at {}", at(time))?;
    }
    for text in &report.information {
        writeln!(out, "  {}", safe(text))?;
    }
    if report.unsealed_lines > 0 || report.torn_bytes > 0 {
        let torn = if report.torn_bytes > 0 {
            format!(", and {} bytes of a torn one", report.torn_bytes)
        } else {
            String::new()
        };
        writeln!(out, "  {} lines are not sealed yet{torn}", grouped(report.unsealed_lines))?;
    }
    Ok(())
}

/// Which trail was judged, and by which key: another one may be as sound.
fn write_identity(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let Some(origin) = &report.origin else { return Ok(()) };
    let key = match &report.key {
        Some(key) if key.is_given => format!("key +{} from --key", key.id),
        Some(key) => format!("key +{} from the folder, which proves nothing to others", key.id),
        None => "no key".to_owned(),
    };
    writeln!(out, "  trail {}, {key}", safe(origin))
}

/// Lines that are counted and not here, between others.
fn missing_lines(report: &Report) -> u64 {
    let missing = report.damages.iter().filter(|damage| damage.kind == DamageKind::Missing);
    let inside = missing.filter_map(|damage| damage.first_line.zip(damage.last_line));
    let inside = inside.filter(|(first, last)| *first > report.archived_lines && *last <= report.lines);
    inside.map(|(first, last)| last + 1 - first).sum()
}

/// What is said of a trail in which nothing is damaged: up to where anybody has signed it.
fn headline(report: &Report) -> String {
    let (covered, lines) = (report.covered_lines, report.lines);
    if covered == 0 && lines > 0 {
        return "nothing is damaged, and no line is signed".to_owned();
    }
    if covered == lines {
        return "sound".to_owned();
    }
    format!("sound up to line {}; no signature covers the lines after it", grouped(covered))
}

fn plural(count: usize, word: &str) -> String {
    format!("{} {word}{}", grouped(count as u64), if count == 1 { "" } else { "s" })
}

fn at(time_s: u64) -> String {
    millisecond(i64::try_from(time_s).unwrap_or(i64::MAX).saturating_mul(1_000)).replace(".000", "") + " UTC"
}
