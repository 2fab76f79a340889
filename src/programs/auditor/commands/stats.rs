//! `audit stats`: what a trail holds, in figures.

use std::hash::RandomState;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use crate::programs::auditor::context::Context;
use crate::programs::auditor::progress::{Progress, Unit};
use crate::programs::auditor::search::{notes, tell};
use crate::programs::auditor::tally::{OrderMark, Tally, ToldGap, order_id};
use crate::programs::auditor::trails::{Coverage, Trails};
use crate::programs::auditor::{AuditError, Command};
use crate::tools::exit::Exit;
use crate::tools::shown::{cut, grouped, safe, second, size};
use crate::words::record::AuditLine;

/// How many gaps, and how many ids that stand more than once, are told for people.
const TOLD: usize = 5;

/// The flags of `audit stats`.
#[derive(Args, Clone, Debug)]
pub(in crate::programs::auditor) struct StatsArgs {}

/// Order ids that stand more than once.
struct Repeated {
    count: u64,
    /// The first of them, with the lines that they stand on.
    examples: Vec<(String, Vec<u64>)>,
}

/// Everything that is told.
struct Figures {
    tally: Tally,
    repeated: Repeated,
    files: usize,
    bytes: u64,
    took: Duration,
    topic: String,
}

impl Command for StatsArgs {
    fn run(&self, context: &Context<'_>, out: &mut dyn Write) -> Result<Exit, AuditError> {
        let started = Instant::now();
        let trails = Trails::open(context)?;
        let hasher = RandomState::new();
        let (mut tally, mut coverage, mut odd) = (Tally::default(), Coverage::default(), Vec::new());
        let progress = Progress::new(trails.bytes(), Unit::Bytes, context.shows_progress());
        for (number, reader) in trails.readers().iter().enumerate() {
            let end = reader.scan(
                &reader.everything(),
                context.shutdown,
                |piece| Tally::of(piece, &hasher),
                |taken| {
                    progress.advance(taken.bytes);
                    taken.result.partitions.keys().for_each(|&partition| coverage.note(number, partition));
                    tally.follow_with(u32::try_from(number).unwrap_or(u32::MAX), taken);
                    ControlFlow::Continue(())
                },
            );
            let end = end.inspect_err(|_| progress.clear())?;
            if end.stopped {
                progress.clear();
                let (read_bytes, all_bytes) = (progress.reached(), trails.bytes());
                return Err(AuditError::Stopped { read_bytes, all_bytes, left: "no figures are told of a part" });
            }
            odd.extend(notes(&end, reader));
        }
        progress.clear();
        let groups = tally.repeated();
        let repeated = Repeated { count: groups.len() as u64, examples: examples(&trails, &groups)? };
        let figures = Figures {
            repeated,
            tally,
            files: trails.readers().iter().map(|reader| reader.segments().len()).sum(),
            bytes: trails.bytes(),
            took: started.elapsed(),
            topic: trails.topic().unwrap_or_default().to_owned(),
        };
        odd.extend(trails.complaints(&coverage));
        let written = if context.json { writeln!(out, "{}", figures.json(&odd)) } else { figures.write(out) };
        written.map_err(AuditError::output)?;
        tell(&odd);
        Ok(Exit::Done)
    }
}

/// The ids of the first groups.
fn examples(trails: &Trails, groups: &[Vec<OrderMark>]) -> Result<Vec<(String, Vec<u64>)>, AuditError> {
    let mut firsts: Vec<&Vec<OrderMark>> = groups.iter().collect();
    firsts.sort_unstable_by_key(|group| group.first().map(|mark| (mark.trail, mark.line)));
    let mut all = Vec::new();
    for group in firsts.into_iter().take(TOLD) {
        let Some(mark) = group.first() else { continue };
        let Some(reader) = trails.readers().get(mark.trail as usize) else { continue };
        let line = reader.line(mark.line)?.unwrap_or_default();
        let id = AuditLine::parse(&line).ok().and_then(|line| line.order_full.and_then(|order| order_id(order.0)));
        all.push((id.unwrap_or_default(), group.iter().map(|mark| mark.line).collect()));
    }
    Ok(all)
}

impl Figures {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let tally = &self.tally;
        let (valid, invalid) = (tally.total(|p| p.valid), tally.total(|p| p.invalid));
        let (messages, payload_bytes) = (valid + invalid, tally.total(|p| p.bytes));
        let seconds = self.took.as_secs_f64();
        let took = match seconds {
            // Too short for a rate that means anything.
            ..0.1 => format!("{:.0} ms", seconds * 1_000.0),
            _ => format!("{seconds:.1} s ({}/s)", size((self.bytes as f64 / seconds) as u64)),
        };
        let files = if self.files == 1 { "1 file".to_owned() } else { format!("{} files", grouped(self.files as u64)) };
        let (lines, bytes) = (grouped(tally.lines), size(self.bytes));
        writeln!(out, "trail     {files}, {lines} lines, {bytes}, read in {took}")?;
        if tally.lines == 0 {
            return Ok(());
        }
        let count = tally.partitions.len();
        let word = if count == 1 { "partition" } else { "partitions" };
        writeln!(out, "topic     {}, {count} {word}", safe(&self.topic))?;
        if let Some((first, last)) = tally.span_ms {
            let time =
                |ms| jiff::Timestamp::from_millisecond(ms).map_or_else(|_| "–".to_owned(), |t| second(&t.to_string()));
            let span_seconds = (last - first) as f64 / 1_000.0;
            let rate =
                if span_seconds > 0.0 { format!(", {:.2}/s", messages as f64 / span_seconds) } else { String::new() };
            writeln!(out, "received  {} to {} UTC{rate}", time(first), time(last))?;
        }
        // Cut, never rounded up: 100.00 means not one.
        let share = if messages == 0 {
            String::new()
        } else {
            let hundredths = u128::from(valid) * 10_000 / u128::from(messages);
            format!(", {}.{:02} % valid", hundredths / 100, hundredths % 100)
        };
        let (invalid_text, valid_text) = (grouped(invalid), grouped(valid));
        writeln!(out, "messages  {}: {valid_text} valid, {invalid_text} invalid{share}", grouped(messages))?;
        if let Some(biggest) = tally.biggest {
            let mean = size(payload_bytes.checked_div(messages).unwrap_or(0));
            let place = format!("{}@{}", biggest.partition, grouped(biggest.offset.unsigned_abs()));
            let (all, most, line) = (size(payload_bytes), size(biggest.bytes), grouped(biggest.line));
            writeln!(out, "payloads  {all}, {mean} each; the biggest {most}: {place}, line {line}")?;
        }
        self.write_gaps(out)?;
        self.write_orders(out)?;
        if tally.damaged > 0 {
            writeln!(out, "damaged   {} lines are none of a trail; see audit verify", grouped(tally.damaged))?;
        }
        self.write_partitions(out)
    }

    fn write_gaps(&self, out: &mut dyn Write) -> io::Result<()> {
        let count = self.tally.total(|p| p.gaps);
        let told = |told: &ToldGap| {
            let ToldGap { line, partition, gap } = told;
            if gap.kind.is_of_all_partitions() {
                return format!("{}, all partitions on at 0 (line {})", gap.kind.as_str(), grouped(*line));
            }
            let (from, to) = (grouped(gap.from.unsigned_abs()), grouped(gap.to.unsigned_abs()));
            format!("{}, partition {partition} from {from}, on at {to} (line {})", gap.kind.as_str(), grouped(*line))
        };
        for (number, gap) in self.tally.gaps.iter().take(TOLD).enumerate() {
            let name = if number == 0 { "gaps" } else { "" };
            writeln!(out, "{name:<10}{}", told(gap))?;
        }
        match count.saturating_sub(TOLD as u64) {
            _ if count == 0 => writeln!(out, "gaps      none"),
            0 => Ok(()),
            more => writeln!(out, "          and {} more: audit query --gaps", grouped(more)),
        }
    }

    fn write_orders(&self, out: &mut dyn Write) -> io::Result<()> {
        let orders = self.tally.orders.len() as u64;
        if orders == 0 {
            return Ok(());
        }
        if self.repeated.count == 0 {
            return writeln!(out, "orders    {}, each id once", grouped(orders));
        }
        let word = if self.repeated.count == 1 { "id" } else { "ids" };
        writeln!(out, "orders    {}, {} {word} more than once:", grouped(orders), grouped(self.repeated.count))?;
        for (id, lines) in &self.repeated.examples {
            let shown: Vec<String> = lines.iter().take(3).map(|&line| grouped(line)).collect();
            let more = if lines.len() > 3 { " …" } else { "" };
            writeln!(out, "          {}  {} times, lines {}{more}", cut(id, 36), lines.len(), shown.join(", "))?;
        }
        match self.repeated.count.saturating_sub(self.repeated.examples.len() as u64) {
            0 => Ok(()),
            more => writeln!(out, "          and {} more", grouped(more)),
        }
    }

    fn write_partitions(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "\nPARTITION  {:>13}  {:>13}  {:>11}  {:>9}  {:>4}  {:>8}",
            "FIRST", "LAST", "MESSAGES", "INVALID", "GAPS", "BYTES"
        )?;
        for (partition, tally) in &self.tally.partitions {
            let offset =
                |offset: i64| if offset == i64::MIN { "–".to_owned() } else { grouped(offset.unsigned_abs()) };
            let (first, last) =
                (if tally.messages() == 0 { "–".to_owned() } else { offset(tally.first) }, offset(tally.last));
            let (messages, invalid) = (grouped(tally.messages()), grouped(tally.invalid));
            let (gaps, bytes) = (grouped(tally.gaps), size(tally.bytes));
            writeln!(
                out,
                "{partition:>9}  {first:>13}  {last:>13}  {messages:>11}  {invalid:>9}  {gaps:>4}  {bytes:>8}"
            )?;
        }
        Ok(())
    }

    fn json(&self, odd: &[String]) -> Value {
        let tally = &self.tally;
        let partitions: serde_json::Map<String, Value> = tally
            .partitions
            .iter()
            .map(|(partition, tally)| {
                let has_messages = tally.messages() > 0;
                let figures = json!({
                    "first_offset": has_messages.then_some(tally.first), "last_offset": has_messages.then_some(tally.last),
                    "valid": tally.valid, "invalid": tally.invalid, "gaps": tally.gaps, "payload_bytes": tally.bytes,
                });
                (partition.to_string(), figures)
            })
            .collect();
        let time = |ms: i64| jiff::Timestamp::from_millisecond(ms).ok().map(|time| time.to_string());
        let (first, last) = tally.span_ms.map_or((None, None), |(first, last)| (time(first), time(last)));
        let messages = tally.total(|p| p.messages());
        let seconds =
            tally.span_ms.map(|(first, last)| (last - first) as f64 / 1_000.0).filter(|seconds| *seconds > 0.0);
        json!({
            "topic": self.topic, "files": self.files, "bytes": self.bytes, "lines": tally.lines, "messages": messages,
            "valid": tally.total(|p| p.valid), "invalid": tally.total(|p| p.invalid), "gaps": tally.total(|p| p.gaps),
            "damaged": tally.damaged, "payload_bytes": tally.total(|p| p.bytes),
            "first_received": first, "last_received": last,
            "messages_per_second": seconds.map(|seconds| messages as f64 / seconds),
            "biggest": tally.biggest.map(|biggest| json!({
                "bytes": biggest.bytes, "line": biggest.line, "partition": biggest.partition, "offset": biggest.offset,
            })),
            "told_gaps": tally.gaps.iter().map(|told| json!({
                "line": told.line, "partition": told.partition, "kind": told.gap.kind.as_str(), "from": told.gap.from, "to": told.gap.to,
            })).collect::<Vec<_>>(),
            "orders": tally.orders.len(), "repeated_order_ids": self.repeated.count,
            "repeated_examples": self.repeated.examples.iter().map(|(id, lines)| json!({"order_id": id, "lines": lines})).collect::<Vec<_>>(),
            "partitions": partitions, "notes": odd,
        })
    }
}
