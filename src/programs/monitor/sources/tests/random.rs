//! Whatever is done to the files, once there is nothing left to do the figures are those of a plain recount.

use std::fs;

use proptest::prelude::*;

use super::super::{Looked, Pieces, SourceOptions, Sources};
use super::disk::{Disk, Recount, START_MS, log_line};
use crate::doors::tail::{Place, StoredLine};
use crate::logic::monitor::{BucketSize, LogTally, Tally};
use crate::words::record::HealthLine;

/// One line, of one kind.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Valid,
    Invalid,
    Gap,
    GoValid,
    GoInvalid,
    Spaced,
    Garbage,
    /// Much longer than a mark is from the next.
    Long,
}

/// What happens.
#[derive(Clone, Debug)]
enum Step {
    Append(Vec<Kind>),
    /// The beginning of a line, in thousandths.
    Torn(Kind, usize),
    /// The rest of it, if it is still the end of the file.
    Finish,
    Bytes(Vec<u8>),
    /// To so many thousandths of its length.
    Truncate(u64),
    TruncateAndAppend(u64, Vec<Kind>),
    /// The new newest is made at once, or later by an append.
    Rotate(bool),
    Delete,
    Recreate(Vec<Kind>),
    /// Another file with the same bytes.
    Copy,
    Seal,
    AppendLog(Vec<bool>),
    TearLog,
    TruncateLog(u64),
    RecreateLog(Vec<bool>),
    Look(u64),
    Reopen,
    Compare,
}

struct House {
    disk: Disk,
    pieces: Pieces,
    sources: Sources,
    rest: Option<(Vec<u8>, Vec<u8>)>,
    /// Whether a look has seen the newest segment that is there.
    is_seen: bool,
    /// What was there when the newest segment, which was seen, was deleted or replaced: it stays until there is another.
    stays: Option<Recount>,
}

impl House {
    fn new(pieces: Pieces) -> Self {
        let disk = Disk::new();
        let sources = open(&disk, pieces);
        Self { disk, pieces, sources, rest: None, is_seen: false, stays: None }
    }

    fn line(&mut self, kind: Kind) -> Vec<u8> {
        match kind {
            Kind::Valid => self.disk.message(true, r#"{"a":"é"}"#),
            Kind::Invalid => self.disk.message(false, r#"{"timestamp":"x","event_type":"message.received"#),
            Kind::Gap => self.disk.gap(),
            Kind::GoValid => self.disk.of_go(true),
            Kind::GoInvalid => self.disk.of_go(false),
            Kind::Spaced => self.disk.spaced(),
            Kind::Garbage => {
                self.disk.next_offset += 1;
                format!("\u{1b}[2J{{\"garbage\": {}\n", self.disk.next_offset).into_bytes()
            }
            Kind::Long => self.disk.message(true, &"0123456789".repeat(500)),
        }
    }

    fn append(&mut self, kinds: &[Kind]) {
        let lines: Vec<u8> = kinds.iter().flat_map(|kind| self.line(*kind)).collect();
        self.disk.append(&self.disk.events(), &lines);
    }

    fn truncate(&self, thousandths: u64) {
        if let Ok(bytes) = fs::read(self.disk.events()) {
            let length = cut(&bytes, usize::try_from(thousandths).unwrap());
            self.disk.truncate(&self.disk.events(), length as u64);
        }
    }

    fn delete(&mut self) {
        if self.disk.events().exists() {
            if self.is_seen {
                self.stays = Some(self.disk.recount());
            }
            fs::remove_file(self.disk.events()).unwrap();
            self.is_seen = false;
        }
    }

    fn rotate(&mut self, is_made: bool) {
        if self.disk.rotate() {
            (self.is_seen, self.stays) = (false, None);
            if is_made {
                self.disk.append(&self.disk.events(), b"");
            }
        }
    }

    fn copy(&mut self) {
        if let Ok(bytes) = fs::read(self.disk.events()) {
            if self.is_seen {
                self.stays = Some(self.disk.recount());
            }
            let copy = self.disk.path("copy");
            fs::write(&copy, bytes).unwrap();
            fs::rename(copy, self.disk.events()).unwrap();
            self.is_seen = false;
        }
    }

    fn finish(&mut self) {
        let Some((begun, rest)) = self.rest.take() else { return };
        if fs::read(self.disk.events()).is_ok_and(|bytes| bytes.ends_with(&begun)) {
            self.disk.append(&self.disk.events(), &rest);
        }
    }

    fn append_log(&self, lines: &[bool]) {
        for is_error in lines {
            let line = match is_error {
                true => log_line("message.invalid", "ERROR", r#"{"kafka_offset":1}"#),
                false => log_line("broker.lost", "WARN", "{}"),
            };
            self.disk.append(&self.disk.log(), &line);
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Append(kinds) => self.append(kinds),
            Step::Torn(kind, thousandths) => {
                let line = self.line(*kind);
                let (begun, rest) = line.split_at(cut(&line, *thousandths).clamp(1, line.len() - 2));
                self.disk.append(&self.disk.events(), begun);
                self.rest = Some((begun.to_vec(), rest.to_vec()));
            }
            Step::Finish => self.finish(),
            Step::Bytes(bytes) => self.disk.append(&self.disk.events(), bytes),
            Step::Truncate(thousandths) => self.truncate(*thousandths),
            Step::TruncateAndAppend(thousandths, kinds) => {
                self.truncate(*thousandths);
                self.append(kinds);
            }
            Step::Rotate(is_made) => self.rotate(*is_made),
            Step::Delete => self.delete(),
            Step::Recreate(kinds) => {
                self.delete();
                self.append(kinds);
            }
            Step::Copy => self.copy(),
            Step::Seal => {
                self.disk.seal();
            }
            Step::AppendLog(lines) => self.append_log(lines),
            Step::TearLog => self.disk.append(&self.disk.log(), br#"{"timestamp":"2026-0"#),
            Step::TruncateLog(thousandths) => {
                if let Some(length) = self.disk.length(&self.disk.log()) {
                    self.disk.truncate(&self.disk.log(), length * thousandths / 1_000);
                }
            }
            Step::RecreateLog(lines) => {
                // Moved aside first, so that the new one is another file for certain.
                if self.disk.log().exists() {
                    fs::rename(self.disk.log(), self.disk.path("aside")).unwrap();
                }
                self.append_log(lines);
            }
            Step::Look(budget) => {
                self.look(*budget);
            }
            Step::Reopen => {
                self.sources = open(&self.disk, self.pieces);
                (self.is_seen, self.stays) = (false, None);
            }
            Step::Compare => self.compare(),
        }
    }

    fn look(&mut self, budget: u64) -> Looked {
        if self.disk.events().exists() {
            (self.is_seen, self.stays) = (true, None);
        }
        self.sources.look(self.disk.now_ms() + 5_000, budget)
    }

    fn compare(&mut self) {
        let mut looks = 0;
        while self.look(700).is_busy {
            looks += 1;
            assert!(looks < 20_000, "it never ends");
        }
        let there = self.stays.clone().unwrap_or_else(|| self.disk.recount());
        let is_known = self.disk.events().exists() || self.stays.is_some() || !self.disk.rotated().is_empty();
        if is_known {
            self.compare_totals(&there);
            self.compare_pages(&there);
            self.compare_plot(&there);
        }
        self.compare_log();
    }

    fn compare_totals(&self, there: &Recount) {
        let totals = self.sources.model().totals();
        assert!(totals.is_exact && totals.percent.is_none(), "{totals:?}");
        let gap_offsets = if totals.is_gap_offsets_exact { there.tally.gap_offsets } else { totals.tally.gap_offsets };
        assert_eq!(totals.tally, Tally { gap_offsets, ..there.tally });
    }

    fn compare_pages(&self, there: &Recount) {
        let pages = self.sources.events();
        let bytes = |lines: &[StoredLine]| lines.iter().map(|line| line.bytes.clone()).collect::<Vec<_>>();
        let all = pages.from(None, usize::MAX, usize::MAX).unwrap();
        assert_eq!(bytes(&all), there.lines);
        let mut backwards: Vec<StoredLine> = Vec::new();
        let mut place: Option<Place> = None;
        loop {
            let page = pages.before(place, 7, usize::MAX).unwrap();
            let Some(first) = page.first() else { break };
            place = Some(first.place);
            backwards.splice(0..0, page);
        }
        assert_eq!(backwards, all);
    }

    /// A column that says it is known is right; after a whole day was read, all of them are known.
    fn compare_plot(&self, there: &Recount) {
        let now_ms = self.disk.now_ms() + 5_000;
        let plot = self.sources.model().plot(600, BucketSize::Second, now_ms);
        for (column, ends_ms) in plot.columns.iter().rev().zip((0..).map(|back| plot.ends_ms - back * 1_000)) {
            let is_within = |time: &&i64| (ends_ms - 1_000..ends_ms).contains(*time);
            let received = there.times_ms.iter().filter(is_within).count();
            assert!(!column.is_known || column.received as usize == received, "{column:?}: {received} at {ends_ms}");
            let is_filled = self.pieces.fill_bytes > 1_000_000;
            assert!(column.is_known || !is_filled, "{column:?} at {ends_ms}");
        }
    }

    fn compare_log(&self) {
        let Ok(bytes) = fs::read(self.disk.log()) else { return };
        let mut tally = LogTally::default();
        for line in bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")) {
            match serde_json::from_slice::<HealthLine<'_>>(line) {
                Ok(line) => tally.add(&line),
                Err(_) => tally.unreadable += 1,
            }
        }
        assert_eq!(self.sources.model().log_tally(), tally);
    }
}

/// So many thousandths of the bytes. Never right behind a brace within a line: who counts fast takes such a piece,
/// if a LF follows, for a whole line.
fn cut(bytes: &[u8], thousandths: usize) -> usize {
    let mut length = bytes.len() * thousandths / 1_000;
    while length > 0 && bytes[length - 1] == b'}' {
        length -= 1;
    }
    length
}

fn open(disk: &Disk, pieces: Pieces) -> Sources {
    Sources::with_pieces(SourceOptions { events: disk.events(), log: disk.log() }, pieces, START_MS)
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        6 => Just(Kind::Valid),
        2 => Just(Kind::Invalid),
        1 => Just(Kind::Gap),
        2 => Just(Kind::GoValid),
        1 => Just(Kind::GoInvalid),
        1 => Just(Kind::Spaced),
        1 => Just(Kind::Garbage),
        1 => Just(Kind::Long),
    ]
}

/// Any bytes but the one that would make the end of a torn line look whole.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![4 => any::<u8>(), 1 => Just(b'\n')];
    prop::collection::vec(byte.prop_map(|byte| if byte == b'}' { b'{' } else { byte }), 0..40)
}

fn step() -> impl Strategy<Value = Step> {
    let kinds = || prop::collection::vec(kind(), 0..12);
    let log = || prop::collection::vec(any::<bool>(), 0..8);
    let budget = || prop_oneof![Just(1), 1_u64..3_000, Just(1 << 20)];
    prop_oneof![
        8 => kinds().prop_map(Step::Append),
        2 => (kind(), 0_usize..1_000).prop_map(|(kind, part)| Step::Torn(kind, part)),
        2 => Just(Step::Finish),
        1 => bytes().prop_map(Step::Bytes),
        2 => (0_u64..=1_000).prop_map(Step::Truncate),
        2 => (0_u64..=1_000, kinds()).prop_map(|(part, kinds)| Step::TruncateAndAppend(part, kinds)),
        2 => any::<bool>().prop_map(Step::Rotate),
        1 => Just(Step::Delete),
        1 => kinds().prop_map(Step::Recreate),
        1 => Just(Step::Copy),
        3 => Just(Step::Seal),
        2 => log().prop_map(Step::AppendLog),
        1 => Just(Step::TearLog),
        1 => (0_u64..=1_000).prop_map(Step::TruncateLog),
        1 => log().prop_map(Step::RecreateLog),
        10 => budget().prop_map(Step::Look),
        2 => Just(Step::Reopen),
        3 => Just(Step::Compare),
    ]
}

fn pieces() -> impl Strategy<Value = Pieces> {
    let size = |least: u64| prop_oneof![least..2_000, Just(1 << 30)];
    (size(0), size(0), size(1), 1_u64..3_000).prop_map(|(small_bytes, log_bytes, fill_bytes, mark_bytes)| Pieces {
        small_bytes,
        log_bytes,
        fill_bytes,
        mark_bytes,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn the_figures_are_those_of_a_plain_recount(pieces in pieces(), steps in prop::collection::vec(step(), 1..40)) {
        let mut house = House::new(pieces);
        for step in &steps {
            house.step(step);
        }
        house.compare();
    }
}
