//! Both sides' own code over two stores, with a model of all that can go wrong between them: acknowledgements, questions
//! and answers that are lost, processes that die between two steps, Kafka that loses a tail which it had acknowledged.
//! Whatever happened, once it stops happening both sides agree.

use std::ops::Bound::Unbounded;

use super::intake::{Origin, Verdict, own_order, received_order, received_update, union};
use super::outgoing::{acknowledged, advance, body, called, send};
use super::rows::{
    OPEN, ORDERS, OUTBOX, OrderRow, OutboxRow, POSITIONS, Road, STEPS, TABLES, UpdateRow, key_number, parsed, put, row,
    updates,
};
use super::timer::random_order;
use crate::doors::store::{Reading as _, Side, Store};
use crate::logic::supply::history;
use crate::tools::dice::Dice;
use crate::words::supply::Update;

/// So many worlds in each run of the tests.
const SEEDS: u64 = 12;

/// So many things happen in one.
const STEPS_EACH: u64 = 250;

/// Waits of dev-materiels between two steps of an order.
const STEP_MS: i64 = 10;

/// One topic, as Kafka has it: what was lost is lost for who has not read it.
#[derive(Default)]
struct Topic {
    records: Vec<Option<String>>,
}

struct World {
    wagon: Store,
    dev: Store,
    orders: Topic,
    updates: Topic,
    dice: Dice,
    now_ms: i64,
    /// Nothing fails any more.
    is_calm: bool,
    copies: u64,
}

/// Which side sends.
#[derive(Clone, Copy, PartialEq)]
enum From {
    Wagon,
    Dev,
}

impl World {
    fn new(seed: u64) -> Self {
        let store = || Store::in_memory(&TABLES).expect("a store");
        let dice = Dice::new(Some(seed));
        Self {
            wagon: store(),
            dev: store(),
            orders: Topic::default(),
            updates: Topic::default(),
            dice,
            now_ms: 1_000,
            is_calm: false,
            copies: 0,
        }
    }

    fn chance(&mut self, of: u64) -> bool {
        self.dice.number().is_multiple_of(of)
    }

    fn fails(&mut self) -> bool {
        !self.is_calm && self.chance(3)
    }

    fn order(&mut self) {
        let (order, now_ms) = (random_order(&mut self.dice), self.now_ms);
        let origin = Origin { road: Road::Own, now_ms, key: None, place: None };
        self.wagon.commit(move |change| own_order(change, order, b"", origin)).expect("written");
    }

    fn store(&self, from: From) -> Store {
        if from == From::Wagon { self.wagon.clone() } else { self.dev.clone() }
    }

    /// The rows that wait, each with what it sends.
    fn waiting(&self, from: From) -> Vec<(u64, OutboxRow, String)> {
        let view = self.store(from).view().expect("readable");
        let rows = view.range(OUTBOX, (Unbounded, Unbounded), Side::First, 100_000).expect("readable");
        let read = |(key, value): &(Vec<u8>, Vec<u8>)| {
            let row: OutboxRow = parsed(value).expect("a row");
            let text = body(&view, &row).expect("readable").expect("it has a body");
            (key_number(key), row, text)
        };
        rows.iter().map(read).collect()
    }

    /// Kafka's lane: some rows, in their order; the acknowledgement may never be written.
    fn by_kafka(&mut self, from: From) {
        for (seq, _, text) in self.waiting(from) {
            let topic = if from == From::Wagon { &mut self.orders } else { &mut self.updates };
            topic.records.push(Some(text));
            let offset = topic.records.len() as i64 - 1;
            if self.fails() {
                return;
            }
            self.store(from).commit(move |change| acknowledged(change, seq, (0, offset))).expect("written");
        }
    }

    /// Kafka loses the end of a topic, which it had acknowledged.
    fn lose(&mut self, from: From) {
        let count = self.dice.number() as usize % 6;
        let topic = if from == From::Wagon { &mut self.orders } else { &mut self.updates };
        let at = topic.records.len().saturating_sub(count);
        topic.records[at..].fill(None);
    }

    /// The other side reads; a kill before the commit leaves its position where it was.
    fn poll(&mut self, from: From) {
        let (topic, reader) = match from {
            From::Wagon => (&self.orders, self.dev.clone()),
            From::Dev => (&self.updates, self.wagon.clone()),
        };
        let position: Option<usize> = row(&reader.view().expect("readable"), POSITIONS, b"t").expect("readable");
        let due: Vec<String> = topic.records.iter().skip(position.unwrap_or_default()).flatten().cloned().collect();
        let next = topic.records.len();
        if self.fails() {
            return;
        }
        let now_ms = self.now_ms;
        let copies = reader.commit(move |change| {
            let origin = Origin { road: Road::Kafka, now_ms, key: None, place: None };
            let mut copies = 0;
            for text in &due {
                let verdict = match from {
                    From::Wagon => received_order(change, text.as_bytes(), STEP_MS, origin)?.verdict,
                    From::Dev => received_update(change, text.as_bytes(), origin)?.verdict,
                };
                assert!(matches!(verdict, Verdict::New | Verdict::Known), "{verdict:?}: {text}");
                copies += u64::from(verdict == Verdict::Known);
            }
            put(change, POSITIONS, b"t", &next)?;
            Ok(copies)
        });
        self.copies += copies.expect("written");
    }

    /// A call about one row: the question may be lost, or the answer.
    fn by_http(&mut self, from: From) {
        let waiting: Vec<_> = self.waiting(from).into_iter().filter(|(_, row, _)| row.http.is_none()).collect();
        if waiting.is_empty() || self.fails() {
            return;
        }
        let index = self.dice.number() as usize % waiting.len();
        let (seq, outgoing, text) = waiting[index].clone();
        let now_ms = self.now_ms;
        let origin = Origin { road: Road::Http, now_ms, key: None, place: None };
        let receipt = match from {
            From::Wagon => {
                let sent = text.clone();
                let taken = self.dev.commit(move |change| received_order(change, sent.as_bytes(), STEP_MS, origin));
                taken.expect("written").receipt
            }
            From::Dev => {
                let taken = self.wagon.commit(move |change| received_update(change, text.as_bytes(), origin));
                taken.expect("written");
                None
            }
        };
        if self.fails() {
            return;
        }
        let kept = self.store(from).commit(move |change| {
            called(change, seq, &outgoing, Ok(200))?;
            if let Some(update) = receipt.and_then(|receipt| receipt.update()) {
                union(change, &update, update.json().as_bytes(), origin)?;
            }
            Ok(())
        });
        kept.expect("written");
    }

    fn deliver(&mut self) {
        let now_ms = self.now_ms;
        self.dev.commit(move |change| advance(change, now_ms, STEP_MS, 8)).expect("written");
    }

    /// Asks after every order that is not closed.
    fn sweep(&mut self) {
        let open = self.wagon.view().expect("readable").range(OPEN, (Unbounded, Unbounded), Side::First, 10_000);
        for (number, _) in open.expect("readable") {
            if self.fails() {
                continue;
            }
            let view = self.dev.view().expect("readable");
            let known = view.get(ORDERS, &number).expect("readable").is_some();
            let number = String::from_utf8(number).expect("a number");
            let texts: Vec<String> =
                updates(&view, &number).expect("readable").into_iter().map(|row| row.body).collect();
            let now_ms = self.now_ms;
            let asked = self.wagon.commit(move |change| {
                let origin = Origin { road: Road::Sweep, now_ms, key: None, place: None };
                for text in &texts {
                    let update = Update::read(text.as_bytes()).expect("an update");
                    union(change, &update, text.as_bytes(), origin)?;
                }
                if known { Ok(()) } else { send(change, &number, None, now_ms) }
            });
            asked.expect("written");
        }
    }

    fn step(&mut self) {
        self.now_ms += (self.dice.number() % 8) as i64;
        let from = if self.chance(2) { From::Wagon } else { From::Dev };
        match self.dice.number() % 16 {
            0 | 1 => self.order(),
            2..=4 => self.by_kafka(from),
            5..=7 => self.poll(from),
            8..=10 => self.by_http(from),
            11..=13 => self.deliver(),
            14 => self.sweep(),
            _ => self.lose(from),
        }
    }

    /// Nothing fails any more; how long it takes until nothing is left to do.
    fn calm_down(&mut self, has_sweep: bool) {
        self.is_calm = true;
        for _ in 0..100 {
            self.now_ms += STEP_MS;
            for from in [From::Wagon, From::Dev] {
                self.by_kafka(from);
                self.poll(from);
            }
            self.deliver();
            if has_sweep {
                self.sweep();
            }
            if self.judge().is_ok() {
                return;
            }
        }
    }

    /// What is wrong, when something is.
    fn judge(&self) -> Result<u64, String> {
        let (here, there) = (self.wagon.view().expect("readable"), self.dev.view().expect("readable"));
        let rest = [here.count(OPEN), here.count(OUTBOX), there.count(OUTBOX), there.count(STEPS)]
            .map(|n| n.expect("readable"));
        if rest != [0; 4] {
            return Err(format!("left to do: {rest:?}"));
        }
        if here.count(ORDERS) != there.count(ORDERS) {
            return Err("one side has orders that the other has not".to_owned());
        }
        for (number, value) in here.range(ORDERS, (Unbounded, Unbounded), Side::First, 100_000).expect("readable") {
            let order: OrderRow = parsed(&value).expect("a row");
            let number = String::from_utf8(number).expect("a number");
            let page = |view| history(updates(view, &number).expect("readable").iter().map(UpdateRow::entry));
            let (one, other) = (page(&here), page(&there));
            if one != other || one.entries.len() != 6 || !one.is_closed() || !order.is_closed {
                return Err(format!("{number}: {one:?} and {other:?}"));
            }
        }
        Ok(here.count(ORDERS).expect("readable"))
    }
}

#[test]
fn whatever_is_lost_both_sides_agree_in_the_end() {
    let (mut orders, mut copies) = (0, 0);
    for seed in 0..SEEDS {
        let mut world = World::new(seed);
        (0..STEPS_EACH).for_each(|_| world.step());
        world.calm_down(true);
        orders += world.judge().unwrap_or_else(|wrong| unreachable!("seed {seed}: {wrong}"));
        copies += world.copies;
    }
    assert!(orders > SEEDS * 10 && copies > orders, "{orders} orders and {copies} copies are no test");
}

#[test]
fn without_the_sweep_what_kafka_lost_stays_lost() {
    for seed in 0..SEEDS {
        for has_sweep in [false, true] {
            let mut world = World::new(seed);
            (0..STEPS_EACH).for_each(|_| world.step());
            world.is_calm = true;
            world.order();
            world.by_kafka(From::Wagon);
            // Acknowledged, and not read yet: all that Kafka had of the last order.
            if let Some(last) = world.orders.records.last_mut() {
                *last = None;
            }
            world.calm_down(has_sweep);
            let judged = world.judge();
            assert_eq!(judged.is_ok(), has_sweep, "seed {seed}: {judged:?}");
        }
    }
}
