//! Without a terminal: a block an event, as the exercise prints it, or a line of JSON a record.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::outlet::Outlet;
use super::{ConsumeArgs, Consuming, ENDS};
use crate::doors::health::diagnostics_on_stderr;
use crate::logic::travel::{Board, Kept, Place, Told};
use crate::programs::travel::reading::News;
use crate::programs::travel::report::RecordReport;
use crate::programs::travel::{Travel, TravelError};
use crate::tools::shown::{cut, safe};
use crate::tools::shutdown::Shutdown;
use crate::tools::stderr::remark;
use crate::words::travel::{Etat, Verdict};

/// How long one wait takes before a stop is looked for.
const SLICE: Duration = Duration::from_millis(50);

/// Text is handed over when so much of it waits, or nothing more has come.
const FULL_BYTES: usize = 64 * 1024;

/// Details are shown in so many columns.
const DETAIL_COLUMNS: usize = 400;

pub(super) fn run(travel: &Travel<'_>, args: &ConsumeArgs, consuming: &mut Consuming<'_>) -> Result<(), TravelError> {
    diagnostics_on_stderr().begin();
    remark(format_args!("reading {} at {}", safe(&travel.topic), safe(&travel.context.settings.brokers)));
    let mut printer = Printer::new(args.json, Outlet::start(anstream::stdout(), travel.context.shutdown)?);
    if args.new && !read_up(travel, args, consuming)? {
        return Ok(());
    }
    if args.new {
        printer.outlet.print(states(&consuming.reading.board))?;
        printer.begin_behind(consuming.reading.positions().offsets());
        remark(format_args!("{} requests; now what comes", consuming.reading.board.all().count()));
    }
    let (mut is_again, mut ended) = (false, Ok(()));
    while !travel.context.shutdown.is_requested() {
        match consuming.reading.is_caught_up() {
            Ok(true) if args.until_end => break,
            Err(error) if args.until_end => {
                ended = Err(error.into());
                break;
            }
            _ => {}
        }
        let mut is_changed = false;
        let news = consuming.reading.step(SLICE, |_, told, board| {
            is_changed = true;
            printer.add(&told, board, is_again)
        })?;
        let was_again = is_again;
        is_again &= !consuming.reading.is_caught_up().unwrap_or(false);
        if is_changed {
            consuming.changed();
        }
        // Also when it was an end that was met, and no record.
        if !is_again && (is_changed || was_again) {
            printer.add_late(&mut consuming.reading.board, travel.context.shutdown)?;
        }
        // What waits is handed over when nothing more comes at once, so that nobody waits for it.
        if news.is_none() || printer.is_full() {
            printer.hand_over()?;
        }
        printer.outlet.check()?;
        if let Some(news) = news {
            if matches!(news, News::Anew(_)) {
                printer.forget();
            }
            if matches!(news, News::Anew(_) | News::Merging(_)) {
                is_again = true;
                // Up to the ends of now it is read before those requests are printed; if nobody tells them, to those
                // of before.
                drop(consuming.reading.look(ENDS, travel.context.shutdown));
            }
            tell(&news);
        }
        if let Some(reason) = consuming.look_after() {
            remark(format_args!("{reason}"));
        }
    }
    printer.hand_over()?;
    printer.outlet.finish()?;
    ended
}

/// Reads what is there; false when a stop came first.
fn read_up(travel: &Travel<'_>, args: &ConsumeArgs, consuming: &mut Consuming<'_>) -> Result<bool, TravelError> {
    loop {
        match consuming.reading.is_caught_up() {
            Ok(true) => break,
            Err(error) if args.until_end => return Err(error.into()),
            _ => {}
        }
        if travel.context.shutdown.is_requested() {
            return Ok(false);
        }
        if let Some(news) = consuming.reading.step(SLICE, |_, _, _| Ok(()))? {
            consuming.changed();
            tell(&news);
        }
        if let Some(reason) = consuming.look_after() {
            remark(format_args!("{reason}"));
        }
    }
    consuming.reading.board.settle();
    Ok(true)
}

fn tell(news: &News) {
    match news {
        News::None => {}
        News::Anew(reason) | News::Merging(reason) => {
            remark(format_args!("{}; read again from the beginning", safe(reason)))
        }
        News::Note(note) => remark(format_args!("{}", safe(note))),
        News::Lost(reason) => {
            remark(format_args!("no broker can be reached ({}); going on when one is back", safe(reason)))
        }
        News::Back => remark(format_args!("a broker can be reached again")),
    }
}

/// Where every request is, a line each.
fn states(board: &Board) -> String {
    board.sorted().iter().map(|listed| state_line(listed.id, listed.request.place, listed.request.is_late)).collect()
}

fn state_line(id: &str, place: Option<Place>, is_late: bool) -> String {
    let late = if is_late { " (RETARD)" } else { "" };
    format!("[ {} ] est actuellement : {}{late}\n", safe(id), place.map_or("–", Place::as_str))
}

/// What is printed of records: of each once, also when all is read again.
struct Printer<'a> {
    outlet: Outlet<'a>,
    as_json: bool,
    waiting: String,
    /// By partition, behind the last record that was printed.
    printed: BTreeMap<i32, i64>,
    /// Where records stand that wait for their order, by their request.
    late: BTreeMap<String, BTreeSet<(i32, i64)>>,
}

impl<'a> Printer<'a> {
    fn new(as_json: bool, outlet: Outlet<'a>) -> Self {
        Self { outlet, as_json, waiting: String::new(), printed: BTreeMap::new(), late: BTreeMap::new() }
    }

    fn begin_behind(&mut self, offsets: Vec<(i32, i64)>) {
        self.printed = offsets.into_iter().collect();
    }

    fn is_full(&self) -> bool {
        self.waiting.len() >= FULL_BYTES
    }

    fn hand_over(&mut self) -> Result<(), TravelError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.outlet.print(std::mem::take(&mut self.waiting))
    }

    /// Nothing is as it was: what comes is printed, whatever was.
    fn forget(&mut self) {
        self.printed.clear();
        self.late.clear();
    }

    /// Prints a record, unless it was printed before. While all is read again, one of a request whose records have to
    /// be put in order waits until they are all there.
    fn add(&mut self, told: &Told<'_>, board: &mut Board, is_again: bool) -> Result<(), TravelError> {
        let behind = self.printed.entry(told.spot.partition).or_default();
        if told.spot.offset < *behind {
            return Ok(());
        }
        *behind = told.spot.offset + 1;
        let id = told.id.as_deref().unwrap_or_default();
        match told.verdict {
            Some(verdict) if !is_again || !board.keeps(id) => {
                let is_late = board.get(id).is_some_and(|request| request.is_late);
                let details = told.event.as_ref().map(|event| event.details.text());
                self.write(&RecordReport::of_told(told, verdict, board.is_split(id)), told.after, details, is_late);
            }
            _ => {
                let (partition, offset) = (told.spot.partition, told.spot.offset);
                self.late.entry(id.to_owned()).or_default().insert((partition, offset));
            }
        }
        if self.is_full() { self.hand_over() } else { Ok(()) }
    }

    /// Prints what has waited for its order, in that order, each request in one go over its records. A stop ends it.
    fn add_late(&mut self, board: &mut Board, shutdown: &Shutdown) -> Result<(), TravelError> {
        for (id, mut spots) in std::mem::take(&mut self.late) {
            let kept = board.settled(&id);
            let is_split = kept.is_some_and(Kept::is_split);
            for entry in kept.map_or(&[][..], Kept::entries) {
                if shutdown.is_requested() {
                    return Ok(());
                }
                if spots.remove(&(entry.spot.partition, entry.spot.offset)) {
                    let is_late = entry.verdict.is_accepted() && entry.known_etat() == Some(Etat::Retard);
                    let details = entry.etat.as_ref().map(|_| entry.text.as_ref());
                    self.write(&RecordReport::of_entry(&id, entry, is_split), entry.after, details, is_late);
                }
                if self.is_full() {
                    self.hand_over()?;
                }
            }
            // Those that were not read again yet wait on.
            if !spots.is_empty() {
                self.late.insert(id, spots);
            }
        }
        Ok(())
    }

    fn write(&mut self, report: &RecordReport<'_>, place: Option<Place>, details: Option<&str>, is_late: bool) {
        if self.as_json {
            self.waiting.push_str(&report.line());
            return;
        }
        let id = report.id.map_or_else(|| "–".to_owned(), safe);
        let etat = report.etat.map_or_else(|| "–".to_owned(), |etat| cut(etat, DETAIL_COLUMNS));
        let details = details.map_or_else(|| "–".to_owned(), |details| cut(details, DETAIL_COLUMNS));
        let heading = if report.verdict == Verdict::Accepted.as_str() { "NOUVEL ÉTAT" } else { "ÉTAT REFUSÉ" };
        self.waiting.push_str(&format!("ID : {id}\n{heading} : {etat}\nDétails : {details}\n"));
        if let Some(why) = &report.why {
            let reason = report.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
            self.waiting.push_str(&format!("Verdict : {}{reason}: {why}\n", report.verdict));
        }
        if report.split {
            self.waiting.push_str("split: its events stand in several partitions, merged by Kafka's time\n");
        }
        if let Some(id) = report.id {
            self.waiting.push_str(&state_line(id, place, is_late));
        }
        self.waiting.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::message::{Headers, Message, MessageTime};

    const LIFE: [&str; 7] =
        ["CREATION", "EN_ATTENTE_VALIDATION", "VALIDEE", "PLANIFIEE", "DEPART", "RETOUR", "CLOTUREE"];

    /// A board after the second reading of a life whose events stand in two partitions, and what is to be printed of it.
    fn read_again(stop: &Shutdown) -> (Board, Printer<'_>) {
        let mut board = Board::keeping(["DV-1".to_owned()]);
        let mut printer = Printer::new(true, Outlet::start(std::io::sink(), stop).expect("a thread"));
        let even = LIFE.iter().enumerate().filter(|(at, _)| at % 2 == 0);
        let odd = LIFE.iter().enumerate().filter(|(at, _)| at % 2 == 1);
        for (at, etat) in odd.chain(even) {
            let payload = format!("{{\"id\":\"DV-1\",\"etat\":\"{etat}\"}}");
            let message = Message {
                partition: at as i32 % 2,
                offset: at as i64 / 2,
                time: MessageTime::Create(1_000 * at as i64),
                key: Some(b"DV-1"),
                payload: Some(payload.as_bytes()),
                headers: Headers::default(),
                leader_epoch: None,
            };
            let told = board.fold(&message);
            printer.add(&told, &mut board, true).expect("nothing is handed over");
        }
        (board, printer)
    }

    #[test]
    fn what_waited_for_its_order_is_printed_once_in_that_order_and_marked() {
        let stop = Shutdown::new();
        let (mut board, mut printer) = read_again(&stop);
        assert_eq!(printer.waiting, "", "nothing before all is read");
        for _ in 0..2 {
            printer.add_late(&mut board, &stop).expect("nothing is handed over");
        }
        let lines: Vec<serde_json::Value> =
            printer.waiting.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let etats: Vec<&str> = lines.iter().filter_map(|line| line["etat"].as_str()).collect();
        assert_eq!(etats, LIFE);
        assert!(lines.iter().all(|line| line["verdict"] == "accepted" && line["split"] == true), "{lines:?}");
    }

    #[test]
    fn a_stop_cuts_it_short() {
        let stop = Shutdown::new();
        let (mut board, mut printer) = read_again(&stop);
        stop.request();
        printer.add_late(&mut board, &stop).expect("nothing is handed over");
        assert_eq!(printer.waiting, "");
    }
}
