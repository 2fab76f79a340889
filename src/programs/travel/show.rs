//! `travel show`: the history of a request, rebuilt from the topic alone.

use clap::Args;
use serde::Serialize;

use super::reading::{Reading, read_all};
use super::report::{RecordReport, RequestReport, line};
use super::{Travel, TravelError, print};
use crate::base::message::Message;
use crate::doors::kafka::Role;
use crate::logic::travel::{Board, Entry, Kept, Listed, Place, Told, allowed, why};
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
    let text = shown(travel, &args.id, args.json, read_all)?;
    print(&text)?;
    Ok(Exit::Done)
}

/// The history as text, read without a word beside it.
pub(super) fn history(travel: &Travel<'_>, id: &str) -> Result<String, TravelError> {
    shown(travel, id, false, |travel, mut reading, each| {
        reading.look(travel.common.connect_timeout, travel.shutdown)?;
        reading.read_to_end(travel.shutdown, each, |_| {})?;
        Ok(reading)
    })
}

/// Told each record; a history needs none of them.
type Each = fn(&Message<'_>, Told<'_>, &mut Board) -> Result<(), TravelError>;

fn shown(
    travel: &Travel<'_>,
    id: &str,
    is_json: bool,
    read: impl for<'a> Fn(&Travel<'_>, Reading<'a>, Each) -> Result<Reading<'a>, TravelError>,
) -> Result<String, TravelError> {
    let cluster = travel.connect_once(&[Role::Admin, Role::Consumer])?;
    let unknown = || TravelError::Failed {
        reason: format!("topic {} holds nothing of {}: travel list shows what it holds", travel.topic, safe(id)),
    };
    let topic = travel.existing_topic(&cluster)?.ok_or_else(unknown)?;
    let mut reading = read(travel, Reading::of_one(&cluster, &topic, id)?, |_, _, _| Ok(()))?;
    let kept = reading.board.settled(id).filter(|kept| !kept.entries().is_empty()).cloned();
    let kept = kept.ok_or_else(unknown)?;
    let listed = Listed { id, request: kept.state(), is_split: kept.is_split() };
    let is_incomplete = reading.is_incomplete(&listed);
    Ok(if is_json { as_json(&listed, &kept, is_incomplete) } else { as_text(&listed, &kept, is_incomplete) })
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
    let historique = kept.entries().iter().map(|entry| RecordReport::of_entry(listed.id, entry)).collect();
    line(&Shown { request: RequestReport::new(listed, is_incomplete), retards: listed.request.delays, historique })
}

fn as_text(listed: &Listed<'_>, kept: &Kept, is_incomplete: bool) -> String {
    let mut text = format!("{}\n\n", safe(listed.id));
    let digits = kept.entries().len().to_string().len();
    for (number, entry) in (1..).zip(kept.entries()) {
        for (at, line) in history_lines(entry).into_iter().enumerate() {
            let number = if at == 0 { format!("{number:>digits$}") } else { " ".repeat(digits) };
            text.push_str(&format!("{number} {line}\n"));
        }
    }
    text.push('\n');
    text.push_str(&state(listed));
    if listed.is_split {
        text.push_str("Its events stand in several partitions: they are merged by Kafka's time.\n");
    }
    if is_incomplete {
        text.push_str("Older records of the topic are gone: its history may be incomplete.\n");
    }
    text
}

/// A record of a history: its mark, what it says and where it stands; below, what was told and why it was refused.
fn history_lines(entry: &Entry) -> Vec<String> {
    let (mark, word) = match entry.verdict {
        Verdict::Accepted => ("✓", "accepted"),
        Verdict::Duplicate => ("=", "duplicate"),
        Verdict::Refused(_) => ("✗", "refused"),
        Verdict::Unreadable(_) => ("✗", "unreadable"),
    };
    let etat = entry.etat.as_deref().map_or_else(|| "–".to_owned(), |etat| cut(etat, 30));
    let time = entry.spot.time_ms.map_or_else(|| "no time".to_owned(), millisecond);
    let place = format!("{}@{}", entry.spot.partition, entry.spot.offset);
    let mut lines = vec![format!("{mark} {word:<10} {etat:<22} {time}  {place}")];
    let why = why(entry.verdict, entry.before);
    if !why.is_empty() {
        let reason = entry.verdict.reason().map(|reason| format!("{reason}: ")).unwrap_or_default();
        lines.push(format!("  {reason}{why}"));
    }
    if !matches!(entry.text.as_ref(), "" | "{}") {
        lines.push(format!("  {}", cut(&entry.text, DETAIL_COLUMNS)));
    }
    if entry.has_no_key {
        lines.push("  no_key: nothing keeps it in the partition of its request".to_owned());
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
