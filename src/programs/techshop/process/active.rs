//! Deciding: the life of the one that owns the stock.
//!
//! Read, decide, send, commit, in transactions of some milliseconds. Outcomes, stock, numbers and positions are in
//! one transaction, so whatever happens, either all of it is there or none. **Every doubt is settled in one way**:
//! everything is thrown away and made again from the changelogs, behind a new producer that fences the old one.

use std::time::{Duration, Instant};

use serde_json::json;

use super::Processor;
use super::figures::Figures;
use super::print::Printer;
use super::restore::is_passing;
use super::standby::BEAT;
use crate::doors::kafka::{ConsumeError, Inflow, Inlet, MessageBatch, Record, TransactionError, TransactionalProducer};
use crate::logic::shop::{Effects, Output, PositionRecord, Shop};
use crate::programs::techshop::TechshopError;

/// A transaction stays open for so long when nothing more waits to be decided: each costs the broker some requests.
const WINDOW: Duration = Duration::from_millis(5);

/// It is closed after so many messages, or so long, whatever waits.
const MOST_MESSAGES: u64 = 3_000;
const LONGEST: Duration = Duration::from_millis(200);

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
    /// Since when a transaction is open.
    open: Option<Instant>,
    /// Messages that the open transaction decides.
    messages: u64,
    has_restocks: bool,
    last_sign: Instant,
}

impl Processor<'_> {
    /// Takes the shop over and decides until something ends it.
    pub(super) fn decide(&self, figures: &mut Figures, printer: &mut Printer) -> Ended {
        let started = Instant::now();
        let opened = self.transactions.open(|heard| {
            if let Some(reason) = heard.filter(|_| started.elapsed() >= STALLED) {
                self.service.not_ready(reason);
            }
            !self.shop.shutdown.is_requested()
        });
        let producer = match opened {
            Ok(producer) => producer,
            Err(TransactionError::GaveUp) => return Ok(End::Stopped),
            Err(error) => return ended(error),
        };
        let (shop, position) = match self.restore() {
            Ok(restored) => restored,
            Err(error) if is_passing(&error) => return Ok(End::Doubt(error.to_string())),
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
            open: None,
            messages: 0,
            has_restocks: false,
            last_sign: Instant::now(),
        };
        // From here on everybody can see who decides, and products that are new have their opening stock.
        match active.begin().and_then(|()| active.close()) {
            Ok(()) => {}
            Err(error) => return ended(error),
        }
        let (seconds, remembered) = (started.elapsed().as_secs_f64(), active.shop.remembered());
        let message = format!("deciding orders of {} ({remembered} numbers remembered)", self.orders.name);
        let figures = json!({"orders_topic": self.orders.name, "remembered": remembered, "takeover_seconds": seconds});
        self.service.log.info("process.active", &message, figures);
        self.service.ready();
        active.run()
    }
}

impl Active<'_, '_> {
    fn run(&mut self) -> Ended {
        let shutdown = self.processor.shop.shutdown;
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
            let is_at_end = || self.orders.is_at_end() && self.restocks.is_at_end();
            if shutdown.is_requested() || (self.processor.args.until_end && self.open.is_none() && is_at_end()) {
                return self.release();
            }
        }
    }

    /// Waits for something to do and does it.
    fn turn(&mut self) -> Result<(), Wrong> {
        let wait = match self.open {
            Some(since) => WINDOW.saturating_sub(since.elapsed()),
            None => BEAT.saturating_sub(self.last_sign.elapsed()),
        };
        let is_quiet = match self.orders.next(wait)? {
            Some(Inflow::Messages(batch)) => {
                self.decide_orders(&batch)?;
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
                    self.decide_restocks(&batch)?;
                    self.restocks.recycle(batch);
                }
                inflow => self.processor.service.tell(self.restocks.topic(), &inflow),
            }
        }
        match self.open {
            Some(since) => {
                let has_waited = is_quiet && since.elapsed() >= WINDOW;
                if has_waited || self.messages >= MOST_MESSAGES || since.elapsed() >= LONGEST {
                    self.close()?;
                }
            }
            None if self.last_sign.elapsed() >= BEAT => {
                self.begin()?;
                self.shop.beat(&mut self.effects);
                self.send()?;
                self.commit()?;
            }
            None => {}
        }
        self.printer.tick();
        self.figures.tick(&self.processor.args.group, &self.orders, &self.restocks, &self.shop);
        Ok(())
    }

    fn decide_orders(&mut self, batch: &MessageBatch) -> Result<(), Wrong> {
        for message in batch.iter() {
            if !self.orders.take(&message) {
                continue;
            }
            let verdict = self.shop.order(self.orders.topic(), &message, &mut self.effects);
            self.figures.decided(verdict, message.time);
            self.printer.decided(verdict, message.payload);
            self.messages += 1;
        }
        Ok(self.begin_if_needed().and_then(|()| self.send())?)
    }

    fn decide_restocks(&mut self, batch: &MessageBatch) -> Result<(), Wrong> {
        for message in batch.iter() {
            if !self.restocks.take(&message) {
                continue;
            }
            let verdict = self.shop.restock(self.restocks.topic(), &message, &mut self.effects);
            self.figures.decided(verdict, message.time);
            self.printer.decided(verdict, message.payload);
            self.messages += 1;
            self.has_restocks = true;
        }
        Ok(self.begin_if_needed().and_then(|()| self.send())?)
    }

    fn begin_if_needed(&mut self) -> Result<(), TransactionError> {
        if self.open.is_none() { self.begin() } else { Ok(()) }
    }

    fn begin(&mut self) -> Result<(), TransactionError> {
        self.producer.begin()?;
        self.open = Some(Instant::now());
        Ok(())
    }

    /// Hands the effects over to be sent.
    fn send(&mut self) -> Result<(), TransactionError> {
        let names = &self.processor.shop.names;
        let shutdown = self.processor.shop.shutdown;
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
        let goes_on = |_: Option<&str>| !self.processor.shop.shutdown.is_requested();
        if self.messages > 0 {
            let inlet = &self.orders;
            self.producer.send_offsets(inlet.consumer(), &inlet.positions().offsets(), inlet.metadata(), goes_on)?;
        }
        if std::mem::take(&mut self.has_restocks) {
            let inlet = &self.restocks;
            self.producer.send_offsets(inlet.consumer(), &inlet.positions().offsets(), inlet.metadata(), goes_on)?;
        }
        self.commit()
    }

    fn commit(&mut self) -> Result<(), TransactionError> {
        let (service, shutdown) = (&self.processor.service, self.processor.shop.shutdown);
        let mut is_told = false;
        let mut stopping = None;
        self.producer.commit(|elapsed, heard| {
            if elapsed >= STALLED && !std::mem::replace(&mut is_told, true) {
                let reason = heard.unwrap_or("no answer");
                service.not_ready(reason);
                service.log.warn("commit.wait", "waiting for the broker to commit", reason, json!({}));
            }
            !shutdown.is_requested() || stopping.get_or_insert_with(Instant::now).elapsed() < LAST_COMMIT
        })?;
        if is_told {
            service.ready();
        }
        self.figures.committed();
        (self.open, self.messages, self.last_sign) = (None, 0, Instant::now());
        Ok(())
    }

    /// The end in order: what is open is committed, and the shop has no owner.
    fn release(&mut self) -> Ended {
        self.position.owner.clear();
        match self.begin_if_needed().and_then(|()| self.close()) {
            Ok(()) => {}
            Err(error) => {
                let message = "what was being decided is decided again at the next start";
                self.processor.service.log.warn("process.unreleased", message, &error.to_string(), json!({}));
            }
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
