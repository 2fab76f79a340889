//! Deciding: the life of the one that owns the stock.
//!
//! Read, decide, send, commit, in transactions of some milliseconds. Outcomes, stock, numbers and positions are in
//! one transaction, so whatever happens, either all of it is there or none. **Every doubt is settled in one way**:
//! everything is thrown away and made again from the changelogs, behind a new producer that fences the old one.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::Processor;
use super::figures::Figures;
use super::print::Printer;
use super::rhythm::Rhythm;
use crate::doors::kafka::{ConsumeError, Inflow, Inlet, MessageBatch, Record, TransactionError, TransactionalProducer};
use crate::logic::shop::{Effects, Output, PositionRecord, Shop};
use crate::programs::techshop::{TechshopError, events};

/// A stop waits for the open transaction for so long.
const LAST_COMMIT: Duration = Duration::from_secs(10);

/// A commit that is not answered for so long is told.
const STALLED: Duration = Duration::from_secs(2);

/// How this one ceased to decide.
#[derive(Debug)]
pub(super) enum End {
    /// A stop was asked for, or the ends were reached, and all is committed.
    Stopped,
    /// Another one decides now.
    Fenced,
    /// Something went wrong that a new beginning may mend.
    Doubt(String),
}

impl From<TransactionError> for End {
    fn from(error: TransactionError) -> Self {
        match error {
            TransactionError::Fenced { .. } => Self::Fenced,
            other => Self::Doubt(other.to_string()),
        }
    }
}

/// Either an end, or an error that no new beginning mends.
type Ended = Result<End, TechshopError>;

fn ended(error: TransactionError) -> Ended {
    match error {
        TransactionError::NotAuthorized { .. } | TransactionError::Property(_) => Err(error.into()),
        other => Ok(other.into()),
    }
}

struct Active<'p, 'a> {
    processor: &'p Processor<'a>,
    producer: TransactionalProducer,
    shop: Shop,
    position: PositionRecord,
    orders: Inlet,
    restocks: Inlet,
    effects: Effects,
    figures: &'p mut Figures,
    printer: &'p mut Printer,
    rhythm: Rhythm,
    is_begun: bool,
    /// Of what the offsets that the group has published are behind the positions.
    unpublished: BTreeSet<What>,
}

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Orders,
    Restocks,
}

impl Processor<'_> {
    /// Takes the shop over and decides until something ends it.
    pub(super) fn decide(&self, figures: &mut Figures, printer: &mut Printer) -> Ended {
        let started = Instant::now();
        let opened = self.transactions.open(|heard| {
            if let Some(reason) = heard.filter(|_| started.elapsed() >= STALLED) {
                self.service.not_ready(reason);
            }
            !self.shop.context.shutdown.is_requested()
        });
        let producer = match opened {
            Ok(producer) => producer,
            Err(TransactionError::GaveUp) => return Ok(End::Stopped),
            Err(error) => return ended(error),
        };
        let (shop, position) = match self.restore() {
            Ok(restored) => restored,
            Err(error) if self.is_passing(&error) => return Ok(End::Doubt(error.to_string())),
            Err(error) => return Err(error),
        };
        let position = PositionRecord { v: PositionRecord::VERSION, owner: self.owner.to_string(), ..position };
        let inlet = |topic: &str, partitions| {
            let positions = position.positions.get(topic).cloned().unwrap_or_default();
            let topic = crate::doors::kafka::TopicInfo { name: topic.to_owned(), partitions, created: false };
            self.cluster.inlet(&topic, &self.args.group, positions)
        };
        let (orders, restocks) = (inlet(&self.orders.name, self.orders.partitions)?, inlet(&self.restocks.name, 1)?);
        let mut active = Active {
            processor: self,
            producer,
            shop,
            position,
            orders,
            restocks,
            effects: Effects::default(),
            figures,
            printer,
            rhythm: Rhythm::new(Instant::now()),
            is_begun: false,
            // One that was killed may have left them behind.
            unpublished: [What::Orders, What::Restocks].into(),
        };
        // From here on everybody can see who decides, and products that are new have their opening stock.
        match active.close() {
            Ok(()) => {}
            Err(error) => return ended(error),
        }
        let (seconds, remembered) = (started.elapsed().as_secs_f64(), active.shop.remembered());
        self.service.log.write(&events::process_active(&self.orders.name, remembered, seconds));
        self.service.ready();
        active.run()
    }
}

impl Active<'_, '_> {
    fn run(&mut self) -> Ended {
        let shutdown = self.processor.shop.context.shutdown;
        loop {
            if let Err(error) = self.turn() {
                return match error {
                    Wrong::Transaction(error) => ended(error),
                    Wrong::Reading(ConsumeError::Property(error)) => Err(error.into()),
                    Wrong::Reading(error) => Ok(End::Doubt(error.to_string())),
                };
            }
            if self.producer.is_tainted() {
                return Ok(End::Doubt("a commit was slow, and a request of it may still be under way".to_owned()));
            }
            let may_end = self.processor.args.until_end && !self.rhythm.is_open();
            let is_at_end =
                if may_end { Inlet::are_at_end([&self.orders, &self.restocks]) } else { Ok(shutdown.is_requested()) };
            match is_at_end {
                Ok(false) if !shutdown.is_requested() => {}
                Err(error) if !shutdown.is_requested() => {
                    self.release()?;
                    return Err(error.into());
                }
                _ => return self.release(),
            }
        }
    }

    /// Waits for something to do and does it.
    fn turn(&mut self) -> Result<(), Wrong> {
        let is_quiet = match self.orders.next(self.rhythm.wait(Instant::now()))? {
            Some(Inflow::Messages(batch)) => {
                self.decide(What::Orders, &batch)?;
                self.orders.recycle(batch);
                false
            }
            Some(inflow) => {
                self.processor.service.tell(self.orders.topic(), &inflow);
                false
            }
            None => true,
        };
        // Every few transactions' time is often enough, and costs nothing.
        while let Some(inflow) = self.restocks.next(Duration::ZERO)? {
            match inflow {
                Inflow::Messages(batch) => {
                    self.decide(What::Restocks, &batch)?;
                    self.restocks.recycle(batch);
                }
                inflow => self.processor.service.tell(self.restocks.topic(), &inflow),
            }
        }
        let now = Instant::now();
        if self.rhythm.is_due(now, !is_quiet) {
            self.close()?;
        } else if self.rhythm.is_silent(now) {
            self.shop.beat(&mut self.effects);
            self.send()?;
            self.publish()?;
            self.commit()?;
        }
        self.printer.tick();
        self.figures.tick(&self.processor.args.group, &self.orders, &self.restocks, &self.shop);
        Ok(())
    }

    fn decide(&mut self, what: What, batch: &MessageBatch) -> Result<(), TransactionError> {
        let now = Instant::now();
        let Self { orders, restocks, shop, effects, figures, printer, rhythm, unpublished, .. } = self;
        let inlet = if what == What::Orders { orders } else { restocks };
        for message in batch.iter() {
            if !inlet.take(&message) {
                continue;
            }
            let verdict = match what {
                What::Orders => shop.order(inlet.topic(), &message, effects),
                What::Restocks => shop.restock(inlet.topic(), &message, effects),
            };
            figures.decided(verdict, message.time);
            printer.decided(verdict, message.payload);
            rhythm.decided(now);
            unpublished.insert(what);
        }
        if rhythm.may_send(now) { self.send() } else { Ok(()) }
    }

    /// Hands the effects over to be sent, in a new transaction unless one was begun.
    fn send(&mut self) -> Result<(), TransactionError> {
        if !std::mem::replace(&mut self.is_begun, true) {
            self.producer.begin()?;
        }
        let names = &self.processor.shop.names;
        let shutdown = self.processor.shop.context.shutdown;
        let mut stopping = None;
        for effect in self.effects.iter() {
            let topic = match effect.output {
                Output::Notifications => &names.notifications,
                Output::Analytics => &names.analytics,
                Output::Inventory => &names.inventory,
                Output::Errors => &names.errors,
                Output::Stock => &names.stock,
                Output::OrderNumbers => &names.order_numbers,
            };
            let record =
                Record { key: effect.key, payload: effect.value, headers: effect.headers, ..Record::default() };
            self.producer.send(topic, &record, || {
                !shutdown.is_requested() || stopping.get_or_insert_with(Instant::now).elapsed() < LAST_COMMIT
            })?;
        }
        self.effects.clear();
        Ok(())
    }

    /// Closes the open transaction: adds what the shop remembers, and commits.
    fn close(&mut self) -> Result<(), TransactionError> {
        for inlet in [&self.orders, &self.restocks] {
            self.position.positions.insert(inlet.topic().to_owned(), inlet.positions().clone());
        }
        self.shop.close(&mut self.position, &mut self.effects);
        self.send()?;
        self.publish()?;
        self.commit()
    }

    /// Publishes the group's offsets within the open transaction, when it is time.
    fn publish(&mut self) -> Result<(), TransactionError> {
        // Who leaves in order leaves nothing behind.
        let is_last = self.position.owner.is_empty();
        if !(is_last || self.rhythm.publishes(Instant::now())) {
            return Ok(());
        }
        let shutdown = self.processor.shop.context.shutdown;
        let mut stopping = None;
        let mut goes_on = |_: Option<&str>| {
            !shutdown.is_requested() || stopping.get_or_insert_with(Instant::now).elapsed() < LAST_COMMIT
        };
        while let Some(what) = self.unpublished.pop_first() {
            let inlet = if what == What::Orders { &self.orders } else { &self.restocks };
            let offsets = inlet.positions().offsets();
            if !offsets.is_empty() {
                self.producer.send_offsets(inlet.consumer(), &offsets, inlet.metadata(), &mut goes_on)?;
            }
        }
        self.rhythm.published(Instant::now());
        Ok(())
    }

    fn commit(&mut self) -> Result<(), TransactionError> {
        let (service, shutdown) = (&self.processor.service, self.processor.shop.context.shutdown);
        let mut is_told = false;
        let mut stopping = None;
        let asked = Instant::now();
        self.producer.commit(|elapsed, heard| {
            if elapsed >= STALLED && !std::mem::replace(&mut is_told, true) {
                service.not_ready(heard.unwrap_or("no answer"));
                service.log.write(&events::commit_wait(heard));
            }
            !shutdown.is_requested() || stopping.get_or_insert_with(Instant::now).elapsed() < LAST_COMMIT
        })?;
        if is_told {
            service.ready();
        }
        self.figures.committed();
        self.rhythm.committed(asked, Instant::now());
        self.is_begun = false;
        Ok(())
    }

    /// The end in order: what is open is committed, and the shop has no owner.
    fn release(&mut self) -> Ended {
        self.position.owner.clear();
        if let Err(error) = self.close() {
            self.processor.service.log.write(&events::process_unreleased(error));
        }
        Ok(End::Stopped)
    }
}

/// What goes wrong in a turn.
enum Wrong {
    Transaction(TransactionError),
    Reading(ConsumeError),
}

impl From<TransactionError> for Wrong {
    fn from(error: TransactionError) -> Self {
        Self::Transaction(error)
    }
}

impl From<ConsumeError> for Wrong {
    fn from(error: ConsumeError) -> Self {
        Self::Reading(error)
    }
}
