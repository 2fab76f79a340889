//! The HTTP lane: while Kafka is silent, what waits in the outbox is also handed to the peer by calls. Rows never expire
//! here and count no attempts: a row leaves this lane when the peer has answered about it.

use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde_json::json;

use super::events;
use super::gate::Gate;
use super::intake::{Origin, TakenUpdate, union};
use super::kafka_out::identity;
use super::outgoing::{body, called};
use super::role::Role;
use super::rows::{
    DEAD_LETTERS, NOTES, ORDERS, OUTBOX, OrderRow, OutboxRow, QUARANTINE, Road, key_number, number_key, parsed, put,
    row,
};
use super::service::{Service, now_ms};
use crate::doors::http::{CallError, PeerAnswer};
use crate::doors::store::{Reading as _, Side, StoreError};
use crate::logic::supply::{BreakerState, KafkaLane, Permit};
use crate::tools::failpoint::failpoint;
use crate::words::record::Level;
use crate::words::supply::Receipt;

/// A look at the roads.
const LOOK: Duration = Duration::from_millis(20);

/// So many rows are looked for at once.
const AT_ONCE: usize = 256;

/// So many calls may be out; the breaker allows no more.
const MOST_CALLS: usize = 32;

/// Between two looks at how much waits.
const COUNT_EVERY_MS: u64 = 500;

/// What came of a call.
struct Called {
    seq: u64,
    permit: Option<Permit>,
    answer: Option<Result<PeerAnswer, CallError>>,
}

/// Gives a call's permit back, also when its thread dies.
struct Giving {
    called: Called,
    tell: SyncSender<Called>,
}

impl Drop for Giving {
    fn drop(&mut self) {
        let called =
            Called { seq: self.called.seq, permit: self.called.permit.take(), answer: self.called.answer.take() };
        // A lane that has ended needs no permits.
        drop(self.tell.send(called));
    }
}

/// Looks at the roads, and calls, until a stop is asked for.
///
/// # Errors
/// [`StoreError`] when the store has ended, or cannot be read.
pub(super) fn run(service: &Arc<Service>) -> Result<(), StoreError> {
    let (tell, told) = sync_channel(MOST_CALLS);
    let mut lane = Lane {
        service: Arc::clone(service),
        tell,
        told,
        kafka: KafkaLane::new(u64::try_from(service.wishes.kafka_timeout.as_millis()).unwrap_or(u64::MAX)),
        gate: Gate::new("peer"),
        waiting: BTreeSet::new(),
        refused: BTreeSet::new(),
        out: BTreeSet::new(),
        read: 0,
        counted_ms: None,
        has_no_thread: false,
    };
    while !service.shutdown.is_requested() {
        lane.step()?;
    }
    Ok(())
}

struct Lane {
    service: Arc<Service>,
    tell: SyncSender<Called>,
    told: Receiver<Called>,
    kafka: KafkaLane,
    gate: Gate,
    /// Rows that are to be called about.
    waiting: BTreeSet<u64>,
    /// Those of them that Kafka refuses, so that it does not matter how it does.
    refused: BTreeSet<u64>,
    /// Rows whose call is out.
    out: BTreeSet<u64>,
    /// Rows up to here were looked at since Kafka fell silent.
    read: u64,
    counted_ms: Option<u64>,
    /// Whether no thread could be had for the last call: told once until one can.
    has_no_thread: bool,
}

impl Lane {
    fn step(&mut self) -> Result<(), StoreError> {
        let first = self.told.recv_timeout(LOOK).ok();
        let more: Vec<Called> = first.into_iter().chain(self.told.try_iter()).collect();
        for called in more {
            self.heard(called)?;
        }
        self.look();
        let now_ms = self.service.clock_ms();
        if self.counted_ms.is_none_or(|then| now_ms.saturating_sub(then) >= COUNT_EVERY_MS) {
            self.counted_ms = Some(now_ms);
            self.count()?;
        }
        self.read_on()?;
        self.call()
    }

    /// Whether Kafka is silent.
    fn look(&mut self) {
        let roads = &self.service.roads;
        let oldest = Some(roads.oldest_held_ms.load(Ordering::Acquire)).filter(|oldest| *oldest > 0);
        let is_connected = roads.is_connected.load(Ordering::Acquire);
        let has_acknowledged = roads.has_acknowledged.swap(false, Ordering::AcqRel);
        let before = self.kafka.is_silent();
        let now = self.kafka.look(self.service.clock_ms(), is_connected, oldest, has_acknowledged);
        roads.is_kafka_silent.store(now, Ordering::Release);
        let state = |is_silent| if is_silent { BreakerState::Open } else { BreakerState::Closed };
        self.service.figures.breaker_went("kafka", state(before), state(now));
        match (before, now) {
            (false, true) => {
                self.read = 0;
                self.service.tell(&events::kafka_silent());
            }
            (true, false) => {
                self.waiting.retain(|seq| self.refused.contains(seq));
                self.service.tell(&events::kafka_back());
            }
            _ => {}
        }
    }

    fn count(&self) -> Result<(), StoreError> {
        let service = &self.service;
        service.count_waiting()?;
        let figures = &service.figures;
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let view = service.store.view()?;
        figures.outbox_rows.set(&[("lane", "kafka")], number(service.roads.waiting.load(Ordering::Relaxed)));
        figures.outbox_rows.set(&[("lane", "http")], number((self.waiting.len() + self.out.len()) as u64));
        if service.role == Role::DevMateriels {
            figures.outbox_rows.set(&[("lane", "subscribers")], number(view.count(NOTES)?));
            figures.dead_letters.set(number(view.count(DEAD_LETTERS)?));
        }
        figures.outbox_oldest_seconds.set(service.oldest_waiting_ms() / 1_000);
        let peer = [("destination", "peer")];
        let state = match self.gate.state() {
            BreakerState::Closed => 0,
            BreakerState::HalfOpen => 1,
            BreakerState::Open => 2,
        };
        figures.breaker_state.set(&peer, state);
        let kafka = [("destination", "kafka")];
        figures.breaker_state.set(&kafka, if self.kafka.is_silent() { 2 } else { 0 });
        figures.quarantined.set(number(view.count(QUARANTINE)?));
        Ok(())
    }

    /// Finds rows that nobody has answered about. While Kafka answers these are only those that it refuses.
    fn read_on(&mut self) -> Result<(), StoreError> {
        let refused = std::mem::take(&mut *self.service.roads.refused.lock().unwrap_or_else(PoisonError::into_inner));
        self.waiting.extend(&refused);
        self.refused.extend(refused);
        if !self.kafka.is_silent() || self.waiting.len() >= AT_ONCE {
            return Ok(());
        }
        let view = self.service.store.view()?;
        for (key, value) in view.range(OUTBOX, (Excluded(&number_key(self.read)), Unbounded), Side::First, AT_ONCE)? {
            let (seq, row) = (key_number(&key), parsed::<OutboxRow>(&value)?);
            self.read = seq;
            if row.http.is_none() && !self.out.contains(&seq) {
                self.waiting.insert(seq);
            }
        }
        Ok(())
    }

    /// Calls about the oldest rows, as many as the breaker lets through.
    fn call(&mut self) -> Result<(), StoreError> {
        while let Some(&seq) = self.waiting.first() {
            let view = self.service.store.view()?;
            let found = row::<OutboxRow>(&view, OUTBOX, &number_key(seq))?.filter(|row| row.http.is_none());
            let text = found.as_ref().map(|row| body(&view, row)).transpose()?.flatten();
            let (Some(outgoing), Some(text)) = (found, text) else {
                // Kafka was faster.
                self.waiting.remove(&seq);
                self.refused.remove(&seq);
                continue;
            };
            let Some(permit) = self.gate.admit(&self.service) else { break };
            self.waiting.remove(&seq);
            self.out.insert(seq);
            let called = Called { seq, permit: Some(permit), answer: None };
            let giving = Giving { called, tell: self.tell.clone() };
            let service = Arc::clone(&self.service);
            let call = move || {
                // All of it, so that it is dropped here and nowhere else.
                let mut giving = giving;
                let (id, _) = identity(&outgoing);
                let headers = [("idempotency-key", id.as_str()), ("ce-id", id.as_str())];
                giving.called.answer = Some(service.peer.post(service.role.peer_path(), &headers, &text));
            };
            // A thread that cannot be had drops the call, and so gives its permit back as failed.
            match std::thread::Builder::new().name("call".into()).spawn(call) {
                Ok(_) => self.has_no_thread = false,
                Err(_) if self.has_no_thread => {}
                Err(error) => {
                    self.has_no_thread = true;
                    self.service.tell(&events::thread_missing("a call", error));
                }
            }
        }
        self.show_breaker();
        Ok(())
    }

    fn show_breaker(&self) {
        *self.service.roads.breaker.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.gate.state());
    }

    /// What came of a call: the breaker learns, and the store.
    fn heard(&mut self, called: Called) -> Result<(), StoreError> {
        let Called { seq, permit, answer } = called;
        self.out.remove(&seq);
        let is_lost = answer.as_ref().is_none_or(|answer| answer.as_ref().map_or(true, PeerAnswer::is_unavailable));
        let asked_ms = match &answer {
            Some(Ok(answer)) => answer.retry_after_ms,
            _ => None,
        };
        match permit {
            Some(permit) if is_lost => self.gate.failed(&self.service, permit, asked_ms),
            Some(permit) => self.gate.answered(&self.service, permit),
            None => {}
        }
        self.show_breaker();
        if is_lost && (self.kafka.is_silent() || self.refused.contains(&seq)) {
            self.waiting.insert(seq);
        } else {
            self.refused.remove(&seq);
        }
        self.keep(seq, answer)
    }

    /// Writes what the peer said, and what it gave, in one commit.
    fn keep(&self, seq: u64, answer: Option<Result<PeerAnswer, CallError>>) -> Result<(), StoreError> {
        let Some(outgoing) = row::<OutboxRow>(&self.service.store.view()?, OUTBOX, &number_key(seq))? else {
            // Kafka has acknowledged it meanwhile; a receipt comes by Kafka, too.
            return Ok(());
        };
        let number = outgoing.order_number.clone();
        let (status, bytes) = match answer {
            Some(Ok(answer)) if !answer.is_unavailable() => (Ok(answer.status), answer.body),
            Some(Ok(answer)) => (Err(format!("the peer answered {}", answer.status)), Vec::new()),
            Some(Err(error)) => (Err(error.reason), Vec::new()),
            None => (Err("the call ended without an answer".to_owned()), Vec::new()),
        };
        let is_taken = status.as_ref().is_ok_and(|status| (200..300).contains(status));
        if let (false, Ok(status)) = (is_taken, &status) {
            let more = json!({"orderNumber": number, "path": "http", "status": status});
            self.service.note(Level::Warn, "http", "the peer refuses it; it stays for Kafka", &more);
        }
        let receipt: Option<Receipt> =
            if is_taken && self.service.role == Role::WagonLits { serde_json::from_slice(&bytes).ok() } else { None };
        let receipt = receipt.filter(|receipt| receipt.order_number == number);
        let now_ms = now_ms();
        failpoint("answered-not-noted");
        let taken: Option<(TakenUpdate, String)> = self.service.store.commit(move |change| {
            called(change, seq, &outgoing, status)?;
            let Some(receipt) = receipt else { return Ok(None) };
            let Some(update) = receipt.update() else { return Ok(None) };
            let origin = Origin { road: Road::Http, now_ms, key: None, place: None };
            let taken = union(change, &update, update.json().as_bytes(), origin)?;
            let key = receipt.order_number.clone().into_bytes();
            if let Some(mut order) = row::<OrderRow>(change, ORDERS, &key)?.filter(|order| order.receipt.is_none()) {
                let message = receipt.message.clone();
                order.receipt = Some(receipt);
                put(change, ORDERS, &key, &order)?;
                return Ok(Some((taken, message)));
            }
            Ok(Some((taken, update.message)))
        })?;
        if is_taken {
            self.service.figures.delivered.add(&[("path", Road::Http.text())], 1);
        }
        if let Some((taken, message)) = taken {
            self.service.update_taken(&taken, &number, &message, Road::Http);
        }
        Ok(())
    }
}
