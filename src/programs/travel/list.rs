//! `travel list`: every request of the topic.

use clap::Args;
use serde_json::json;

use super::reading::{READER, Reading, read_all};
use super::report::{RequestReport, line, rfc3339};
use super::{Travel, TravelError};
use crate::base::message::Message;
use crate::doors::kafka::Role;
use crate::logic::travel::{Board, Listed, Place, Told, delay_mark, fold_version, why};
use crate::services::output::print;
use crate::tools::exit::Exit;
use crate::tools::shown::{cut, millisecond, safe, width};
use crate::tools::stderr::remark;
use crate::words::travel::Verdict;

/// Ids are shown in so many columns.
const ID_COLUMNS: usize = 24;

/// So many unreadable records are shown, the last ones.
const MOST_UNREADABLE: usize = 10_000;

/// Flags of `travel list`.
#[derive(Args, Clone, Debug)]
pub struct ListArgs {
    /// Print JSON: an array of requests
    #[arg(long)]
    json: bool,

    /// Only requests that are here in their life: CREATION, …, ANNULATION
    #[arg(long, value_name = "PLACE", value_parser = place)]
    place: Option<Place>,

    /// Only requests with refused events
    #[arg(long)]
    refused: bool,

    /// Instead, list the records that are no events, and why
    #[arg(long, conflicts_with_all = ["place", "refused", "positions"])]
    unreadable: bool,

    /// Instead, print the version of the fold and how far each partition was read
    #[arg(long, conflicts_with_all = ["place", "refused"])]
    positions: bool,
}

fn place(text: &str) -> Result<Place, String> {
    let names = || Place::ALL.map(Place::as_str).join(", ");
    Place::read(text).ok_or_else(|| format!("`{text}` is no place; there are {}", names()))
}

pub(super) fn run(travel: &Travel<'_>, args: &ListArgs) -> Result<Exit, TravelError> {
    let cluster = travel.context.connect_once(&[Role::Admin, Role::Consumer])?;
    let Some(topic) = travel.existing_topic(&cluster)? else {
        let missing = format!("there is no topic {} yet: travel produce makes it", safe(&travel.topic));
        // No request is an answer; no topic has neither positions nor records.
        if args.positions {
            return Err(TravelError::Failed { reason: missing });
        }
        remark(format_args!("{missing}"));
        if args.json {
            print("[]\n")?;
        }
        return Ok(Exit::Done);
    };
    let mut unreadable = Unreadable::default();
    let reading = read_all(travel, Reading::new(&cluster, &topic, READER)?, |message, told, _: &mut Board| {
        if args.unreadable {
            unreadable.add(message, &told);
        }
        Ok(())
    })?;
    if args.unreadable {
        print(&unreadable.text(args.json))?;
        return Ok(Exit::Done);
    }
    if args.positions {
        print(&positions(travel, &reading, args.json))?;
        return Ok(Exit::Done);
    }
    let all = reading.board.sorted();
    let is_wanted = |listed: &&Listed<'_>| {
        args.place.is_none_or(|place| listed.request.place == Some(place))
            && (!args.refused || listed.request.counts.refused > 0)
    };
    let wanted: Vec<&Listed<'_>> = all.iter().filter(is_wanted).collect();
    let text = match args.json {
        true => {
            let report = wanted.iter().map(|listed| RequestReport::new(listed, reading.is_incomplete(listed)));
            line(&report.collect::<Vec<_>>())
        }
        false => table(&wanted, &reading),
    };
    print(&text)?;
    Ok(Exit::Done)
}

fn table(wanted: &[&Listed<'_>], reading: &Reading<'_>) -> String {
    if wanted.is_empty() {
        return "no requests\n".to_owned();
    }
    let ids = wanted.iter().map(|listed| width(&safe(listed.id))).max().unwrap_or(0).clamp(2, ID_COLUMNS);
    let pad = |text: &str, columns: usize| {
        let short = cut(text, columns);
        format!("{short}{:1$}", "", columns.saturating_sub(width(&short)))
    };
    let mut text =
        format!("{}  {:<21} {:>6} {:>7} {:>7}  LAST STEP\n", pad("ID", ids), "PLACE", "RETARD", "EVENTS", "REFUSED");
    for listed in wanted {
        let request = listed.request;
        let place = request.place.map_or("–", Place::as_str);
        let delays = delay_mark(request.delays, request.is_late);
        let (events, refused) = (request.counts.all(), request.counts.refused);
        let time = request.happened.as_ref().and_then(|happened| happened.spot.time_ms);
        let time = time.map_or_else(|| "–".to_owned(), |ms| millisecond(ms).chars().take(19).collect());
        let mut notes = String::new();
        if listed.is_split {
            notes.push_str("  split");
        }
        if reading.is_incomplete(listed) {
            notes.push_str("  history incomplete");
        }
        let id = pad(listed.id, ids);
        text.push_str(&format!("{id}  {place:<21} {delays:>6} {events:>7} {refused:>7}  {time}{notes}\n"));
    }
    let counts = reading.board.records();
    text.push_str(&format!(
        "\n{} requests; {} records: {} accepted, {} duplicate, {} refused, {} unreadable\n",
        wanted.len(),
        counts.all(),
        counts.accepted,
        counts.duplicate,
        counts.refused,
        counts.unreadable
    ));
    text
}

fn positions(travel: &Travel<'_>, reading: &Reading<'_>, as_json: bool) -> String {
    let positions = reading.positions();
    let low = |partition: &i32| reading.ends().get(partition).map_or(0, |(low, _)| *low);
    if as_json {
        let all: Vec<_> = positions
            .partitions
            .iter()
            .map(|(partition, at)| json!({"partition": partition, "first": low(partition), "next": at.next}))
            .collect();
        return line(&json!({
            "topic": travel.topic,
            "topic_id": positions.topic_id,
            "fold_version": fold_version(),
            "history_incomplete": reading.is_any_incomplete(),
            "partitions": all,
        }));
    }
    let mut text = format!("topic {}\nfold {}\n", safe(&travel.topic), fold_version());
    for (partition, at) in &positions.partitions {
        let (first, last) = (low(partition), at.next - 1);
        let read = if last < first { "nothing".to_owned() } else { format!("offsets {first} to {last}") };
        text.push_str(&format!("partition {partition}: {read}\n"));
    }
    text
}

/// The records that are no events.
#[derive(Default)]
struct Unreadable {
    lines: std::collections::VecDeque<(serde_json::Value, String)>,
    dropped: u64,
}

impl Unreadable {
    fn add(&mut self, message: &Message<'_>, told: &Told<'_>) {
        let Some(verdict @ Verdict::Unreadable(_)) = told.verdict else { return };
        let bytes = message.payload.map(<[u8]>::len);
        let json = json!({
            "partition": told.spot.partition,
            "offset": told.spot.offset,
            "timestamp": rfc3339(told.spot.time_ms),
            "id": told.id,
            "reason": verdict.reason(),
            "size_bytes": bytes,
        });
        let id = told.id.as_deref().map_or_else(|| "–".to_owned(), |id| cut(id, ID_COLUMNS));
        let place = format!("{}@{}", told.spot.partition, told.spot.offset);
        let text =
            format!("{place:<12} {:<11} {} (key {id})\n", verdict.reason().unwrap_or_default(), why(verdict, None));
        if self.lines.len() == MOST_UNREADABLE {
            self.lines.pop_front();
            self.dropped += 1;
        }
        self.lines.push_back((json, text));
    }

    fn text(&self, as_json: bool) -> String {
        if self.dropped > 0 {
            remark(format_args!("{} older ones are left out", self.dropped));
        }
        match as_json {
            true => line(&self.lines.iter().map(|(json, _)| json).collect::<Vec<_>>()),
            false if self.lines.is_empty() => "every record is an event\n".to_owned(),
            false => self.lines.iter().map(|(_, text)| text.as_str()).collect(),
        }
    }
}
