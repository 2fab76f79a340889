//! Chaos: a tracker at full load, with transactions and aborts and segments that are closed all the time,
//! is killed at random instants; its broker is killed; both are held up. In the end Apache Kafka's own
//! client says what the truth is, and everything that was ever signed must still hold.
//!
//! It is driven by the environment, and small by default:
//!
//! ```sh
//! ORDERTRAIL_CHAOS_TRACKER_KILLS=200 ORDERTRAIL_CHAOS_BROKER_KILLS=20 ORDERTRAIL_CHAOS_STOPS=10 \
//!     cargo test --test kafka -- chaos
//! ```
//!
//! `ORDERTRAIL_CHAOS_SEED` repeats the choices of an earlier run; the instants are those of the machine.

use crate::harness::{
    Broker, Chance, Cluster, LONG, Need, Process, Record, Run, Scratch, Sealed, Signal, Trail, beside, events,
    expect_held, finish_drain, group_of, notes, order, segments, tracker, trail_dir, wait_until,
    wait_while_time_passes,
};
use libtest_mimic::Trial;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

pub(crate) fn trials() -> Vec<Trial> {
    trials!("chaos", &[Need::Broker], [whatever_is_killed_or_held_up_the_trail_is_whole_and_what_was_signed_holds])
}

/// So small that a segment is closed several times a second.
const SEGMENT: &str = "600000";

/// Longer than most timeouts of clients that matter.
const HELD_UP: Duration = Duration::from_secs(20);

const PARTITIONS: i32 = 4;

#[derive(Clone, Copy, Debug)]
enum Blow {
    KillTracker,
    KillBroker,
    StopTracker,
    StopBroker,
}

fn asked_for(name: &str, otherwise: usize) -> usize {
    let given = std::env::var(format!("ORDERTRAIL_CHAOS_{name}")).ok();
    given.map_or(otherwise, |text| text.parse().expect("a number"))
}

/// What will happen, in which order.
fn blows(chance: &mut Chance) -> Vec<Blow> {
    let stops = asked_for("STOPS", 1);
    let mut blows = vec![Blow::KillTracker; asked_for("TRACKER_KILLS", 50)];
    blows.extend(vec![Blow::KillBroker; asked_for("BROKER_KILLS", 3)]);
    blows.extend(vec![Blow::StopTracker; stops.div_ceil(2)]);
    blows.extend(vec![Blow::StopBroker; stops / 2]);
    chance.shuffled(blows)
}

/// What happened, and what is left of it.
#[derive(Default)]
struct Tally {
    tracker_kills: usize,
    broker_kills: usize,
    stops: usize,
    transactions: [i64; 3],
    committed: usize,
    lines: u64,
    lost: usize,
    twice: usize,
    out_of_order: usize,
    segments: usize,
    checkpoints: usize,
    copied: usize,
    recoveries: usize,
    slowest_recovery: Duration,
    took: Duration,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [commits, aborts, broken] = self.transactions;
        let Tally { tracker_kills, broker_kills, stops, committed, lines, lost, twice, out_of_order, .. } = self;
        writeln!(f, "chaos: {tracker_kills} kills of the tracker, {broker_kills} of the broker, {stops} held up")?;
        writeln!(f, "  {commits} transactions committed, {aborts} aborted, {broken} broken off")?;
        writeln!(f, "  {committed} messages in Kafka, {lines} lines in {} segments", self.segments)?;
        writeln!(f, "  {lost} lost, {twice} twice, {out_of_order} out of order")?;
        writeln!(f, "  {} checkpoints, {} notes seen while it ran, all of them hold", self.checkpoints, self.copied)?;
        let (recoveries, slowest, took) = (self.recoveries, self.slowest_recovery, self.took);
        write!(f, "  {recoveries} recoveries, the slowest in {slowest:?}; {took:?} in all")
    }
}

/// Everything that is knocked about.
struct Arena {
    broker: Broker,
    kafka: Cluster,
    topic: String,
    scratch: Scratch,
    dir: PathBuf,
    tracker: Process,
    chance: Chance,
    /// Every whole note that was ever seen in the file of checkpoints.
    seen: BTreeSet<Vec<u8>>,
    tally: Tally,
}

fn run(kafka: &Cluster, topic: &str, scratch: &Scratch) -> Run {
    tracker(kafka, topic, scratch).args(["--rotate-size", SEGMENT])
}

impl Arena {
    fn open() -> Arena {
        let chance = Chance::seeded("ORDERTRAIL_CHAOS_SEED");
        let broker = Broker::start();
        let kafka = broker.cluster();
        let topic = kafka.topic(PARTITIONS);
        let scratch = Scratch::new("chaos");
        let tracker = run(&kafka, &topic, &scratch).start();
        let dir = trail_dir(&scratch);
        Arena { broker, kafka, topic, scratch, dir, tracker, chance, seen: BTreeSet::new(), tally: Tally::default() }
    }

    fn restart_tracker(&mut self) {
        self.tracker = run(&self.kafka, &self.topic, &self.scratch).start();
    }

    /// Bytes in all segments; roughly, since one may be renamed while it is looked at.
    fn written(&self) -> u64 {
        let files = segments(&self.dir).into_iter();
        files.filter_map(|(path, _)| std::fs::metadata(path).ok()).map(|file| file.len()).sum()
    }

    /// Half of the time an instant within the start, otherwise one while it writes.
    fn wait_for_an_instant(&mut self) {
        if self.chance.below(2) == 0 {
            let instant = self.chance.below(600);
            return wait_while_time_passes(Duration::from_millis(instant));
        }
        let enough = self.written() + self.chance.below(3_000_000);
        wait_until("the tracker writes", LONG, || {
            assert!(self.tracker.is_running(), "it ended: {}", self.tracker.stderr());
            (self.written() > enough).then_some(())
        });
        wait_while_time_passes(Duration::from_micros(self.chance.below(5_000)));
    }

    fn strike(&mut self, blow: Blow) {
        self.wait_for_an_instant();
        assert!(self.tracker.is_running(), "it ended by itself: {}", self.tracker.stderr());
        match blow {
            Blow::KillTracker => {
                self.tracker.kill_nine();
                self.look_at_checkpoints();
                self.tally.tracker_kills += 1;
                self.restart_tracker();
            }
            Blow::KillBroker => {
                self.broker.kill_nine();
                // Sometimes the tracker dies as well, and starts without a broker.
                if self.chance.below(2) == 0 {
                    self.tracker.kill_nine();
                    self.restart_tracker();
                }
                self.broker.start_again();
                self.tally.broker_kills += 1;
            }
            Blow::StopTracker => {
                self.tracker.signal(Signal::STOP);
                wait_while_time_passes(HELD_UP);
                self.tracker.signal(Signal::CONT);
                self.tally.stops += 1;
            }
            Blow::StopBroker => {
                self.broker.process().signal(Signal::STOP);
                wait_while_time_passes(HELD_UP);
                self.broker.process().signal(Signal::CONT);
                self.tally.stops += 1;
            }
        }
    }

    /// Keeps what is signed so far: it must hold for ever.
    fn look_at_checkpoints(&mut self) {
        self.seen.extend(notes(&beside(&self.dir, "checkpoints")));
    }

    /// Lets it come to its end, and holds the trail against what Kafka has.
    fn settle(&mut self) {
        self.tracker.terminate(LONG).expect_code(0);
        self.look_at_checkpoints();
        finish_drain(run(&self.kafka, &self.topic, &self.scratch));
        self.compare(&self.kafka.dump(&self.topic));
        let seen: Vec<Vec<u8>> = self.seen.iter().cloned().collect();
        let Sealed { seal, segments, checkpoints, lines } = expect_held(&self.dir, &seen);
        let recovered = events(&self.dir, "audit.recovered");
        let seconds = recovered.iter().filter_map(|line| line.metadata()["seconds"].as_f64());
        self.tally.slowest_recovery = Duration::from_secs_f64(seconds.fold(0.0, f64::max));
        self.tally.recoveries = recovered.len();
        (self.tally.segments, self.tally.checkpoints, self.tally.lines) = (segments, checkpoints, lines);
        self.tally.copied = seen.len();
        for line in &recovered {
            assert_eq!(line.level(), "INFO", "a kill tears a line, it damages no whole one: {line:?}");
        }
        for event in ["audit.gap", "tracker.failed"] {
            let told = events(&self.dir, event);
            assert!(told.is_empty(), "nothing was gone, and nothing failed: {told:?}");
        }
        let positions = seal["positions"].as_object().expect("positions by partition");
        let group = self.kafka.group(&group_of(&self.topic));
        for (partition, at) in positions {
            let published = group.get(&format!("{}/{partition}", self.topic)).copied();
            assert_eq!(published, at["next"].as_i64(), "what is published is where the trail goes on");
        }
    }

    /// Counts what is lost, twice and out of order, one segment after another, and sees that every line is
    /// the message that Kafka has, byte for byte, and says what is absent before it.
    fn compare(&mut self, truth: &[Record]) {
        let wanted: BTreeMap<(i32, i64), &Record> = truth.iter().map(|at| ((at.partition, at.offset), at)).collect();
        let mut next: BTreeMap<i32, i64> = BTreeMap::new();
        let mut once = BTreeSet::new();
        for (path, _) in segments(&self.dir) {
            let text = std::fs::read_to_string(&path).expect("a segment is text");
            let trail = Trail::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            for line in trail.messages() {
                let record = line.record();
                let place = (record.partition, record.offset);
                assert_eq!(wanted.get(&place), Some(&&record), "another message than Kafka's");
                self.tally.twice += usize::from(!once.insert(place));
                let due = next.entry(record.partition).or_insert(0);
                self.tally.out_of_order += usize::from(record.offset < *due);
                let absent = line.get("gap_before").as_i64().unwrap_or(0);
                assert_eq!(record.offset, *due + absent, "{place:?} says that {absent} are absent after {due}");
                *due = record.offset + 1;
            }
        }
        self.tally.committed = truth.len();
        self.tally.lost = wanted.len() - once.len();
    }
}

fn whatever_is_killed_or_held_up_the_trail_is_whole_and_what_was_signed_holds() {
    let began = Instant::now();
    let mut arena = Arena::open();
    let template = order(0).replace(r#""sequence":0"#, r#""sequence":@N@"#);
    let flood = arena.kafka.flood(&arena.topic, &template, 1_500);
    let transactions = arena.kafka.flood_transactions(&arena.topic, &template, 20);
    wait_until("the first lines", LONG, || (arena.written() > 0).then_some(()));
    for blow in blows(&mut arena.chance) {
        arena.strike(blow);
    }
    flood.stop();
    arena.tally.transactions = transactions.stop_transactions();
    arena.settle();
    arena.tally.took = began.elapsed();
    eprintln!("{}", arena.tally);
    let Tally { lost, twice, out_of_order, committed, lines, .. } = arena.tally;
    assert_eq!((lost, twice, out_of_order), (0, 0, 0), "lost, twice, out of order");
    assert_eq!(committed as u64, lines, "a line for each");
}
