//! Telling subscribers. Each has a hand of its own while something waits for it, so that one who is slow, silent or gone
//! holds up neither the others nor the other service; and each is told in the order in which things happened.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::json;

use super::events;
use super::gate::Gate;
use super::kafka_out::identity;
use super::outgoing::body;
use super::rows::OutboxRow;
use super::service::{Service, now_ms};
use super::subscribers::{GivenUp, SubscriberRow, all, give_up, notes, numbered, told, untold};
use crate::doors::http::{CallError, Callback, Peer, PeerAnswer};
use crate::doors::store::StoreError;
use crate::tools::failpoint::failpoint;
use crate::words::record::Level;

/// A look at who has something to be told.
const LOOK: Duration = Duration::from_millis(100);

/// So many updates are taken in hand, and written as told, together.
const AT_ONCE: usize = 64;

/// Tells subscribers until a stop is asked for.
///
/// # Errors
/// [`StoreError`] when the store has ended, or cannot be read.
pub(super) fn run(service: &Arc<Service>) -> Result<(), StoreError> {
    let mut hands: BTreeMap<u64, JoinHandle<()>> = BTreeMap::new();
    // Told once until one can be had.
    let mut has_no_thread = false;
    while !service.shutdown.wait_timeout(LOOK) {
        hands.retain(|_, hand| !hand.is_finished());
        for one in all(&service.store.view()?)? {
            if one.id == 0 || one.waiting == 0 || hands.contains_key(&one.id) {
                continue;
            }
            let (id, theirs) = (one.id, Arc::clone(service));
            let work =
                move || theirs.endings.task("subscribers", || Hand::new(&theirs, &one).map_or(Ok(()), Hand::work));
            match std::thread::Builder::new().name("subscriber".into()).spawn(work) {
                Ok(hand) => {
                    has_no_thread = false;
                    hands.insert(id, hand);
                }
                // It is tried again at the next look.
                Err(_) if has_no_thread => {}
                Err(error) => {
                    has_no_thread = true;
                    service.tell(&events::thread_missing("a subscriber", error));
                }
            }
        }
    }
    for (_, hand) in hands {
        // One that panicked has said so.
        drop(hand.join());
    }
    Ok(())
}

/// Tells one subscriber what waits for it.
struct Hand<'a> {
    service: &'a Service,
    id: u64,
    peer: Peer,
    path: String,
    gate: Gate,
}

/// What came of one call.
enum Outcome {
    Told,
    /// It will never take this one.
    Refused(String),
    /// It takes nothing now.
    Away {
        reason: String,
        asked_ms: Option<u64>,
    },
}

impl<'a> Hand<'a> {
    /// None for somebody who may not be called: whose host was allowed once, or whose address is none.
    fn new(service: &'a Service, one: &SubscriberRow) -> Option<Self> {
        let callback = Callback::read(&one.callback_url).ok()?;
        let peer = Peer::new(&callback.origin).ok()?;
        let gate = Gate::new("subscribers");
        Some(Self { service, id: one.id, peer, path: callback.path, gate })
    }

    /// Until nothing waits, nobody wants to be told, or a stop is asked for.
    fn work(mut self) -> Result<(), StoreError> {
        while !self.service.shutdown.is_requested() {
            let view = self.service.store.view()?;
            // It may have unsubscribed.
            let Some(one) = numbered(&view, self.id)? else { return Ok(()) };
            let waiting = notes(&view, self.id, AT_ONCE)?;
            drop(view);
            if waiting.is_empty() {
                return Ok(());
            }
            let has_old = self.give_up_old(&waiting)?;
            let goes_on = has_old || (self.service.is_allowed(&one) && self.tell(&waiting)?);
            if !goes_on {
                self.service.shutdown.wait_timeout(LOOK);
            }
        }
        Ok(())
    }

    /// Gives up what has waited for too long; whether there was any.
    fn give_up_old(&self, waiting: &[(u64, OutboxRow)]) -> Result<bool, StoreError> {
        let now_ms = now_ms();
        let patience_ms = i64::try_from(self.service.wishes.subscriber_patience.as_millis()).unwrap_or(i64::MAX);
        let old = waiting.iter().filter(|(_, note)| now_ms.saturating_sub(note.accepted_ms) > patience_ms);
        let old: Vec<u64> = old.map(|(seq, _)| *seq).collect();
        if old.is_empty() {
            return Ok(false);
        }
        self.dead(old, GivenUp::TooOld, "it waited for longer than --subscriber-patience".to_owned())?;
        Ok(true)
    }

    /// Tells what waits until something stands in the way; whether it went on.
    fn tell(&mut self, waiting: &[(u64, OutboxRow)]) -> Result<bool, StoreError> {
        let (mut done, mut is_away) = (Vec::new(), false);
        for (seq, note) in waiting {
            if self.service.shutdown.is_requested() {
                break;
            }
            let Some(permit) = self.gate.admit(self.service) else {
                is_away = true;
                break;
            };
            match self.call(note)? {
                Outcome::Told => {
                    self.gate.answered(self.service, permit);
                    done.push(*seq);
                }
                Outcome::Refused(reason) => {
                    self.gate.answered(self.service, permit);
                    self.settle(std::mem::take(&mut done))?;
                    self.dead(vec![*seq], GivenUp::Refused, reason)?;
                }
                Outcome::Away { reason, asked_ms } => {
                    self.gate.failed(self.service, permit, asked_ms);
                    self.service.figures.told.add(&[("result", "failed")], 1);
                    self.settle(std::mem::take(&mut done))?;
                    let id = self.id;
                    self.service.store.commit(move |change| untold(change, id, reason))?;
                    is_away = true;
                    break;
                }
            }
        }
        self.settle(done)?;
        Ok(!is_away)
    }

    fn call(&self, note: &OutboxRow) -> Result<Outcome, StoreError> {
        let Some(text) = body(&self.service.store.view()?, note)? else {
            return Ok(Outcome::Refused("the update is not there any more".to_owned()));
        };
        let (id, _) = identity(note);
        let headers = [("idempotency-key", id.as_str()), ("webhook-id", id.as_str()), ("ce-id", id.as_str())];
        Ok(judged(self.peer.post(&self.path, &headers, &text)))
    }

    /// Writes that these were told. A kill before that tells them once more, with the same id.
    fn settle(&self, seqs: Vec<u64>) -> Result<(), StoreError> {
        if seqs.is_empty() {
            return Ok(());
        }
        failpoint("told-not-removed");
        let id = self.id;
        let count = self.service.store.commit(move |change| told(change, id, &seqs))?;
        self.service.figures.told.add(&[("result", "told")], count);
        Ok(())
    }

    fn dead(&self, seqs: Vec<u64>, why: GivenUp, detail: String) -> Result<(), StoreError> {
        let more = json!({"subscriber": self.id, "why": why.text(), "count": seqs.len()});
        self.service.note(Level::Warn, "subscribers", &format!("not told any more: {detail}"), &more);
        let (id, now_ms) = (self.id, now_ms());
        let count = self.service.store.commit(move |change| give_up(change, id, &seqs, (why, &detail), now_ms))?;
        self.service.figures.told.add(&[("result", why.text())], count);
        Ok(())
    }
}

fn judged(answer: Result<PeerAnswer, CallError>) -> Outcome {
    match answer {
        Ok(answer) if answer.is_success() => Outcome::Told,
        // 410 is how a receiver says that it wants no more; the others are about what was sent.
        Ok(answer) if answer.status == 410 || !answer.is_unavailable() => {
            Outcome::Refused(format!("it answered {}", answer.status))
        }
        Ok(answer) => {
            Outcome::Away { reason: format!("it answered {}", answer.status), asked_ms: answer.retry_after_ms }
        }
        // Whoever answers at such length has heard.
        Err(error) if error.is_too_long => Outcome::Told,
        Err(error) => Outcome::Away { reason: error.reason, asked_ms: None },
    }
}
