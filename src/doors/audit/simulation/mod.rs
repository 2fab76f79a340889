//! A seeded simulation: the tracker's real ledger, recovery, appending and sealing, against a broker
//! and a disk that do everything that brokers and disks do.
//!
//! `ORDERTRAIL_SEEDS=1000000 cargo test --release --lib simulation` runs as many seeds as one likes,
//! and `ORDERTRAIL_SEED=17 …` one of them again.

mod broker;
mod check;
mod dice;
mod disk;
mod node;

use std::io::Write as _;

use broker::Broker;
use dice::Dice;
use disk::{Fault, SimulatedDisk};
use node::{Node, Stop};

/// How many seeds an ordinary run of the tests tries.
const SEEDS: u64 = 10_000;

/// How many things happen before everything calms down.
const STEPS: usize = 160;

/// What a seed came to: counted, so that a simulation in which nothing happens is noticed.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    lines: usize,
    gaps: usize,
    deaths: usize,
    stops: usize,
    segments: usize,
    checkpoints: usize,
}

fn plan(disk: &SimulatedDisk, dice: &mut Dice) {
    let after = u32::try_from(dice.below(120)).expect("small");
    let fault = match dice.below(8) {
        0..=2 => Fault::Kill,
        3..=4 => Fault::Power,
        5 => Fault::Broken,
        _ => Fault::Full(1 + u32::try_from(dice.below(6)).expect("small")),
    };
    disk.plan(after, fault);
}

/// One life of a trail, from its first start to a clean stop, through whatever comes.
fn live(seed: u64) -> Result<Tally, String> {
    let mut dice = Dice::new(seed);
    let disk = SimulatedDisk::new(dice.next());
    let mut broker = Broker::new(1 + dice.below(3));
    let mut signed = Vec::new();
    let mut tally = Tally::default();
    let mut steps = 0;
    while steps < STEPS {
        disk.revive();
        if !dice.once_in(4) {
            plan(&disk, &mut dice);
        }
        let mut stop = None;
        match Node::start(&disk, seed) {
            Err(early) => {
                stop = Some(early);
                steps += 1;
            }
            Ok(mut node) => {
                while stop.is_none() && steps < STEPS {
                    steps += 1;
                    broker.act(&mut dice);
                    stop = node.step(&mut broker, &mut dice).err();
                    if stop.is_none() && dice.once_in(40) {
                        // An ordinary death between two operations.
                        stop = Some(Stop::Died);
                    }
                    if stop.is_none() && dice.once_in(60) {
                        // A stop as asked, from which the next start goes on: what it wrote is not cut.
                        stop = node.finish(&mut broker, &mut dice).err();
                        tally.stops += usize::from(stop.is_none());
                        break;
                    }
                }
                signed.append(&mut node.signed);
            }
        }
        match stop {
            None => {}
            Some(Stop::Died) => tally.deaths += 1,
            Some(Stop::Refused(error)) => return Err(format!("refused: {error}")),
            Some(Stop::Wrong(what)) => return Err(what),
        }
    }
    disk.revive();
    let mut node = Node::start(&disk, seed).map_err(|stop| format!("the last start: {stop:?}"))?;
    node.finish(&mut broker, &mut dice).map_err(|stop| format!("the end: {stop:?}"))?;
    signed.append(&mut node.signed);
    tally.checkpoints = signed.len();
    check::check(&disk, &broker, &signed, &mut tally)?;
    Ok(tally)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

#[test]
fn whatever_happens_each_message_is_there_once_and_every_loss_is_told() {
    let seeds = match (number("ORDERTRAIL_SEED"), number("ORDERTRAIL_SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, seeds) => 0..seeds.unwrap_or(SEEDS),
    };
    let threads = std::thread::available_parallelism().map_or(1, |number| number.get() as u64);
    let tried = seeds.end - seeds.start;
    let share = &|thread: u64| {
        let mut sum = Tally::default();
        for seed in seeds.clone().skip(usize::try_from(thread).expect("small")).step_by(threads as usize) {
            let again = format!("again: ORDERTRAIL_SEED={seed} cargo test --lib simulation");
            sum.add(live(seed).map_err(|error| format!("seed {seed}: {error}\n{again}"))?);
        }
        Ok::<_, String>(sum)
    };
    let (mut sum, mut failures) = (Tally::default(), Vec::new());
    std::thread::scope(|scope| {
        let lives: Vec<_> = (0..threads).map(|thread| scope.spawn(move || share(thread))).collect();
        for life in lives {
            let lived = life.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            match lived {
                Ok(tally) => sum.add(tally),
                Err(error) => failures.push(error),
            }
        }
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    drop(writeln!(std::io::stdout(), "{tried} seeds: {sum:?}"));
    if tried >= SEEDS {
        let each = usize::try_from(tried).expect("small");
        assert!(
            sum.lines > 50 * each && sum.gaps > each && sum.deaths > each && sum.stops > each / 2,
            "too little happened: {sum:?}"
        );
        assert!(sum.segments > each && sum.checkpoints > each, "too little happened: {sum:?}");
    }
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.lines += other.lines;
        self.gaps += other.gaps;
        self.deaths += other.deaths;
        self.stops += other.stops;
        self.segments += other.segments;
        self.checkpoints += other.checkpoints;
    }
}
