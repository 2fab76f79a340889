//! `travel show`: the history of a request, rebuilt from the topic alone.

use clap::Args;
use serde::Serialize;

use super::reading::{Reading, read_all};
use super::report::{RecordReport, RequestReport, line};
use super::{Travel, TravelError};
use crate::base::message::Message;
use crate::doors::kafka::Role;
use crate::logic::travel::{Board, Entry, Kept, Listed, Place, Told, allowed, why};
use crate::services::output::print;
use crate::tools::exit::Exit;
use crate::tools::shown::{cut, millisecond, safe};
use crate::words::travel::{Etat, Verdict};

/// Details are shown in so many columns.
const DETAIL_COLUMNS: usize = 200;

/// Flags of `travel show`.
#[derive(Args, Clone, Debug)]
pub struct ShowArgs {
    /// The request's id, such as DV-2025-003
    id: String,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(travel: &Travel<'_>, args: &ShowArgs) -> Result<Exit, TravelError> {
    let as_text = |listed: &Listed<'_>, kept: &Kept, is_incomplete: bool| match args.json {
        true => as_json(listed, kept, is_incomplete),
        false => as_lines(listed, kept, is_incomplete).iter().map(|line| format!("{}\n", line.text)).collect(),
    };
    let text = shown(travel, &args.id, read_all, as_text)?;
    print(&text)?;
    Ok(Exit::Done)
}

/// What a line of a history is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineKind {
    /// Whose history it is.
    Heading,
    /// An event that happened.
    Accepted,
    /// One that had happened already.
    Duplicate,
    /// One that changed nothing, or no event at all.
    Refused,
    /// What is told beside a record.
    Beside,
    /// Where the request is.
    State,
}

/// A line of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// What it is; its text is partly somebody's, and tells that to nobody.
    pub(super) kind: LineKind,
    /// What it says.
    pub(super) text: String,
}

/// The history in lines, read without a word beside it.
pub(super) fn history(travel: &Travel<'_>, id: &str) -> Result<Vec<Line>, TravelError> {
    shown(travel, id, read_quietly, as_lines)
}

fn read_quietly<'a>(travel: &Travel<'_>, mut reading: Reading<'a>, each: Each) -> Result<Reading<'a>, TravelError> {
    reading.look(travel.context.common.connect_timeout, travel.context.shutdown)?;
    reading.read_to_end(travel.context.shutdown, each, |_| {})?;
    Ok(reading)
}

/// Told each record; a history needs none of them.
type Each = fn(&Message<'_>, Told<'_>, &mut Board) -> Result<(), TravelError>;

fn shown<T>(
    travel: &Travel<'_>,
    id: &str,
    read: impl for<'a> Fn(&Travel<'_>, Reading<'a>, Each) -> Result<Reading<'a>, TravelError>,
    show: impl Fn(&Listed<'_>, &Kept, bool) -> T,
) -> Result<T, TravelError> {
    let cluster = travel.context.connect_once(&[Role::Admin, Role::Consumer])?;
    let unknown = || TravelError::Failed {
        reason: format!("topic {} holds nothing of {}: travel list shows what it holds", travel.topic, safe(id)),
    };
    let topic = travel.existing_topic(&cluster)?.ok_or_else(unknown)?;
    let mut reading = read(travel, Reading::of_one(&cluster, &topic, id)?, |_, _, _| Ok(()))?;
    let kept = reading.board.settled(id).filter(|kept| !kept.entries().is_empty()).cloned();
    let kept = kept.ok_or_else(unknown)?;
    let listed = Listed { id, request: kept.state(), is_split: kept.is_split() };
    let is_incomplete = reading.is_incomplete(&listed);
    Ok(show(&listed, &kept, is_incomplete))
}

/// One request as JSON. Details stay the texts that they are: not every one fits into a value.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    request: RequestReport<'a>,
    retards: u32,
    historique: Vec<RecordReport<'a>>,
}

fn as_json(listed: &Listed<'_>, kept: &Kept, is_incomplete: bool) -> String {
    let historique =
        kept.entries().iter().map(|entry| RecordReport::of_entry(listed.id, entry, listed.is_split)).collect();
    line(&Shown { request: RequestReport::new(listed, is_incomplete), retards: listed.request.delays, historique })
}

fn as_lines(listed: &Listed<'_>, kept: &Kept, is_incomplete: bool) -> Vec<Line> {
    let line = |kind: LineKind, text: &str| Line { kind, text: text.to_owned() };
    let mut lines = vec![line(LineKind::Heading, &safe(listed.id)), line(LineKind::Heading, "")];
    let digits = kept.entries().len().to_string().len();
    for (number, entry) in (1..).zip(kept.entries()) {
        for (at, Line { kind, text }) in history_lines(entry).into_iter().enumerate() {
            let number = if at == 0 { format!("{number:>digits$}") } else { " ".repeat(digits) };
            lines.push(Line { kind, text: format!("{number} {text}") });
        }
    }
    lines.push(line(LineKind::Beside, ""));
    lines.extend(state(listed).lines().map(|text| line(LineKind::State, text)));
    if listed.is_split {
        let text = "Its events stand in several partitions: they are merged by Kafka's time.";
        lines.push(line(LineKind::State, text));
    }
    if is_incomplete {
        lines.push(line(LineKind::State, "Older records of the topic are gone: its history may be incomplete."));
    }
    lines
}

/// A record of a history: its mark, what it says and where it stands; below, what was told and why it was refused.
fn history_lines(entry: &Entry) -> Vec<Line> {
    let (kind, mark, word) = match entry.verdict {
        Verdict::Accepted => (LineKind::Accepted, "✓", "accepted"),
        Verdict::Duplicate => (LineKind::Duplicate, "=", "duplicate"),
        Verdict::Refused(_) => (LineKind::Refused, "✗", "refused"),
        Verdict::Unreadable(_) => (LineKind::Refused, "✗", "unreadable"),
    };
    let beside = |text: String| Line { kind: LineKind::Beside, text };
    let etat = entry.etat.as_deref().map_or_else(|| "–".to_owned(), |etat| cut(etat, 30));
    let time = entry.spot.time_ms.map_or_else(|| "no time".to_owned(), millisecond);
    let place = format!("{}@{}", entry.spot.partition, entry.spot.offset);
    let mut lines = vec![Line { kind, text: format!("{mark} {word:<10} {etat:<22} {time}  {place}") }];
    let why = why(entry.verdict, entry.before);
    if !why.is_empty() {
        let reason = entry.verdict.reason().map(|reason| format!("{reason}: ")).unwrap_or_default();
        lines.push(beside(format!("  {reason}{why}")));
    }
    if !matches!(entry.text.as_ref(), "" | "{}") {
        lines.push(beside(format!("  {}", cut(&entry.text, DETAIL_COLUMNS))));
    }
    if entry.has_no_key {
        lines.push(beside("  no_key: nothing keeps it in the partition of its request".to_owned()));
    }
    lines
}

/// Where a request is, and what may come next.
fn state(listed: &Listed<'_>) -> String {
    let request = listed.request;
    let late = match (request.delays, request.is_late) {
        (0, _) => String::new(),
        (count, true) => format!(", late (RETARD ×{count})"),
        (count, false) => format!(", RETARD ×{count}"),
    };
    let next: Vec<&str> = allowed(request.place).map(Etat::as_str).collect();
    let next = if next.is_empty() { "nothing: it has ended".to_owned() } else { next.join(", ") };
    let counts = request.counts;
    format!(
        "State     {}{late}\nNext      {next}\nRecords   {} accepted, {} duplicate, {} refused, {} unreadable\n",
        request.place.map_or("not begun", Place::as_str),
        counts.accepted,
        counts.duplicate,
        counts.refused,
        counts.unreadable
    )
}
