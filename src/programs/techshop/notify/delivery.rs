//! The loop of `notify` and `errors`: messages in, letters out, and what is done with is told.
//!
//! One thread reads, decides and commits; others hand over. A letter that does not go is tried again later, while
//! others go on; how many messages may wait is bounded, and the offsets of a group never pass one that waits.

use std::collections::{BTreeMap, BinaryHeap};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::commits::{Commits, Topics};
use super::figures::Figures;
use super::hands::{Failure, Hands, Job, Report};
use super::kept::{Kept, Pending, Retry};
use super::plan::{Clerk, Done, MOST_WAITING, MOST_WAITING_OUTSIDE, Plan, Reading};
use super::teller::{Complaints, Teller};
use crate::base::message::Message;
use crate::doors::health::events::stopped;
use crate::doors::kafka::{EndError, Inflow, Inlet, MessageBatch, TransactionError};
use crate::logic::letters::{Letter, Verdict, Window, harmless};
use crate::programs::techshop::TechshopError;
use crate::programs::techshop::events::{self, Unsent};
use crate::services::output::OutputError;

/// What they may take.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// How long nothing to do is waited for, while letters are under way and while none is.
const BRIEFLY: Duration = Duration::from_millis(10);
const QUIETLY: Duration = Duration::from_millis(100);

/// What is done with is told so often, or as soon as there is so much of it.
const COMMIT_EVERY: Duration = Duration::from_millis(100);
const COMMIT_AT: usize = 512;

/// Who has not committed for so long makes sure that nobody has taken over before it hands anything over.
const CONFIRM_AFTER: Duration = Duration::from_secs(1);

/// Between two lines of the log about the same trouble.
const TROUBLE_EVERY: Duration = Duration::from_secs(10);

/// How long the group's offsets may take to be told.
const ANSWER: Duration = Duration::from_secs(10);

/// A run.
pub(crate) struct Delivery<'a, C> {
    pub(super) plan: Plan<'a>,
    pub(super) clerk: C,
    hands: Hands,
    pub(super) commits: Commits<'a>,
    pub(super) inlet: Inlet,
    pub(super) window: Window<Kept>,
    bytes: usize,
    /// A batch of which not all was taken in, and how many were.
    current: Option<(MessageBatch, usize)>,
    retries: BinaryHeap<Retry>,
    pub(super) figures: Figures,
    teller: Teller,
    complaints: Complaints,
    /// Where it ends, by partition.
    ends: BTreeMap<i32, i64>,
    started: Instant,
    committed: Instant,
    pub(super) looked: Instant,
    troubled: Option<Instant>,
    pub(super) summed_up: (Instant, u64),
}

impl<'a, C: Clerk> Delivery<'a, C> {
    pub(crate) fn start(plan: Plan<'a>, clerk: C) -> Result<Self, TechshopError> {
        let hands = Hands::start(plan.routes, plan.owner)?;
        let (dead_letters, results) = (plan.dead_letters.to_owned(), plan.shop.names.notification_results.clone());
        let topics = Topics { results, dead_letters };
        let log = plan.service.log;
        // First the others are fenced, then what they have committed is read: it is their last word.
        let mut commits = Commits::open(plan.cluster, plan.group, plan.id, topics, log, plan.shop.context.shutdown)?;
        let inlet = loop {
            match plan.cluster.inlet_of_group(plan.topic, plan.group, ANSWER) {
                Ok(inlet) => break inlet,
                Err(error) => {
                    log.write(&events::offsets_wait(plan.group, error));
                    if plan.shop.context.shutdown.wait_timeout(QUIETLY) {
                        return Err(TransactionError::GaveUp.into());
                    }
                }
            }
        };
        commits.begin_at(&inlet.positions().offsets());
        let figures = Figures::new(&plan.service.meters, plan.kinds);
        let mut delivery = Self {
            plan,
            clerk,
            hands,
            commits,
            inlet,
            window: Window::default(),
            bytes: 0,
            current: None,
            retries: BinaryHeap::new(),
            figures,
            teller: Teller::start(anstream::stdout())?,
            complaints: Complaints::new(),
            ends: BTreeMap::new(),
            started: Instant::now(),
            committed: Instant::now(),
            looked: Instant::now(),
            troubled: None,
            summed_up: (Instant::now(), 0),
        };
        delivery.find_ends()?;
        Ok(delivery)
    }

    fn find_ends(&mut self) -> Result<(), TechshopError> {
        if self.plan.is_until_end {
            let partitions: Vec<i32> = (0..self.plan.topic.partitions).collect();
            for (partition, ends) in self.inlet.consumer().ends(&partitions, ANSWER)? {
                let ends = ends.map_err(|reason| TechshopError::Failed {
                    reason: format!("cannot tell where {} ends ({reason}): try again", self.plan.topic.name),
                })?;
                self.ends.insert(partition, ends.readable_end);
            }
        }
        Ok(())
    }

    /// Delivers until a stop is asked for, or until the end.
    pub(crate) fn run(mut self) -> Result<Done, TechshopError> {
        self.plan.service.ready();
        let (mut unheard, mut unread) = (Ok(()), Ok(false));
        while !self.plan.shop.context.shutdown.is_requested() {
            unread = self.is_finished();
            if !matches!(unread, Ok(false)) {
                break;
            }
            self.retry_due();
            if self.has_room() {
                let wait = if self.window.is_empty() { QUIETLY } else { BRIEFLY };
                self.take_in(wait)?;
            } else if let Some(report) = self.hands.report(BRIEFLY)? {
                self.hear(report)?;
            }
            while let Some(report) = self.hands.report(Duration::ZERO)? {
                self.hear(report)?;
            }
            self.settle();
            self.commit_if_due()?;
            self.look_if_due()?;
            if let Err(error) = self.teller.tick() {
                // Nobody looks on any more: that is an end, and it is made in order.
                unheard = Err(error);
                break;
            }
        }
        for report in self.hands.close() {
            self.hear(report)?;
        }
        self.settle();
        let offsets = self.offsets();
        if self.commits.would_change(&offsets) {
            let left = self.commits.len();
            self.commits.commit(&self.inlet, &offsets).inspect_err(|error| {
                self.plan.service.log.write(&events::commit_failed(left, error));
            })?;
        }
        unheard.and_then(|()| self.teller.finish()).map_err(OutputError::from)?;
        unread?;
        if !self.plan.is_until_end {
            self.summary();
            let waiting = self.window.len();
            let text = format!("stopped; {waiting} messages wait for the next start");
            self.plan.service.log.write(&stopped(text, None, Some(waiting as u64)));
        }
        Ok(Done { handed_over: self.figures.all_sent(), given_up: self.figures.all_given_up() })
    }

    fn is_finished(&self) -> Result<bool, EndError> {
        let may_end = self.plan.is_until_end && self.window.is_empty();
        if may_end {
            self.inlet.has_read(self.ends.iter().map(|(&partition, &end)| (partition, end)))
        } else {
            Ok(false)
        }
    }

    fn has_room(&self) -> bool {
        let most = if self.plan.routes.is_outbox_only() { MOST_WAITING } else { MOST_WAITING_OUTSIDE };
        self.window.len() < most && self.bytes < MOST_BYTES
    }

    /// Where the group would go on.
    pub(super) fn offsets(&self) -> Vec<(i32, i64)> {
        let offsets = self.inlet.positions().offsets().into_iter();
        // What came behind the end was not taken in, though the inlet may have seen the end behind it.
        let within = |partition: i32, next: i64| self.ends.get(&partition).map_or(next, |end| next.min(*end));
        offsets.map(|(partition, next)| (partition, self.window.position(partition, within(partition, next)))).collect()
    }

    /// Takes messages in, as many as there is room for.
    fn take_in(&mut self, wait: Duration) -> Result<(), TechshopError> {
        if self.current.is_none() {
            match self.inlet.next(wait)? {
                Some(Inflow::Messages(batch)) => self.current = Some((batch, 0)),
                Some(inflow) => self.learn(&inflow),
                None => {}
            }
        }
        let Some((batch, taken)) = self.current.take() else { return Ok(()) };
        if self.commits.unconfirmed() >= CONFIRM_AFTER {
            let offsets = self.offsets();
            self.commits.commit(&self.inlet, &offsets)?;
        }
        let mut count = taken;
        let mut is_whole = true;
        for message in batch.iter().skip(taken) {
            if !self.has_room() {
                is_whole = false;
                break;
            }
            count += 1;
            self.take(&message);
        }
        if is_whole {
            self.inlet.recycle(batch);
        } else {
            self.current = Some((batch, count));
        }
        Ok(())
    }

    fn take(&mut self, message: &Message<'_>) {
        let is_behind = self.ends.get(&message.partition).is_some_and(|end| message.offset >= *end);
        if is_behind || !self.inlet.take(message) {
            return;
        }
        let (source, attempts) = self.clerk.history(self.inlet.topic(), message);
        let (letters, unfit) = match self.clerk.read(message, &mut self.teller) {
            Reading::Letters(letters) => (letters, None),
            Reading::Unfit(about, reason) => (Vec::new(), Some((about, reason))),
        };
        let mut kept = Kept::new(message, source, attempts, letters);
        if let Some((about, reason)) = unfit {
            self.figures.given_up();
            if let Some(untold) = self.complaints.allows() {
                let (partition, offset) = (message.partition, message.offset);
                let event = events::message_unfit(self.inlet.topic(), partition, offset, untold, &reason);
                self.plan.service.log.write(&event);
            }
            kept.unfit(about, &reason);
        }
        self.bytes += kept.bytes();
        let letters: Vec<Arc<Letter>> = kept.letters.iter().map(|pending| Arc::clone(&pending.letter)).collect();
        let number = self.window.add(message.partition, message.offset, letters.len(), kept);
        for (index, letter) in letters.into_iter().enumerate() {
            self.hands.give(Job { ticket: (number, index), letter });
        }
    }

    fn learn(&mut self, inflow: &Inflow) {
        self.plan.service.tell(self.inlet.topic(), inflow);
        match inflow {
            Inflow::NewTopic => self.window.loosen(None, 0),
            Inflow::Cut { partition, to, .. } => self.window.loosen(Some(*partition), *to),
            _ => {}
        }
    }

    /// Gives letters whose time has come to whoever hands them over.
    fn retry_due(&mut self) {
        let now = Instant::now();
        while self.retries.peek().is_some_and(|retry| retry.due <= now) {
            let Some(Retry { ticket, .. }) = self.retries.pop() else { return };
            let pending = self.window.kept(ticket.0).and_then(|kept| kept.letters.get(ticket.1));
            if let Some(Pending { letter, .. }) = pending {
                self.hands.give(Job { ticket, letter: Arc::clone(letter) });
            }
        }
    }

    /// Hears what became of a letter.
    fn hear(&mut self, report: Report) -> Result<(), TechshopError> {
        let Report { ticket: (number, index), result } = report;
        let Some(kept) = self.window.kept(number) else { return Ok(()) };
        let Some(pending) = kept.letters.get_mut(index) else { return Ok(()) };
        let letter = Arc::clone(&pending.letter);
        let (reason, is_final) = match result {
            Ok(reference) => {
                kept.handed_over(index, reference);
                self.window.done_one(number);
                self.figures.sent(letter.channel, letter.kind);
                if self.plan.tells_letters {
                    self.teller.line(|| line(&letter));
                }
                return Ok(());
            }
            Err(Failure::Disk(source)) => {
                return Err(TechshopError::Disk { path: self.plan.routes.outbox.clone(), source });
            }
            Err(Failure::Final(reason)) => (reason, true),
            Err(Failure::Passing(reason)) => (reason, false),
        };
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let chance = RandomState::new().hash_one(number);
        let verdict = pending.backoff.failed(millis(self.started.elapsed()), millis(self.plan.retry_for), chance);
        match verdict {
            Verdict::Again { after_ms } if !is_final => {
                let due = Instant::now() + Duration::from_millis(after_ms);
                self.retries.push(Retry { due, ticket: (number, index) });
                self.figures.retried();
                self.trouble(&letter, &reason);
            }
            _ => {
                kept.given_up(index, &reason, self.plan.dead_letters);
                self.window.done_one(number);
                self.figures.given_up();
                if let Some(untold) = self.complaints.allows() {
                    let unsent = Unsent {
                        order_id: &letter.order_id,
                        channel: letter.channel.as_str(),
                        kind: letter.kind.as_str(),
                        line: &line(&letter),
                        reason: &reason,
                    };
                    self.plan.service.log.write(&events::letter_dead(&unsent, self.plan.dead_letters, untold));
                }
            }
        }
        Ok(())
    }

    fn trouble(&mut self, letter: &Letter, reason: &str) {
        if self.troubled.is_some_and(|since| since.elapsed() < TROUBLE_EVERY) {
            return;
        }
        self.troubled = Some(Instant::now());
        let event = events::letter_retry(letter.channel.as_str(), self.window.len(), reason);
        self.plan.service.log.write(&event);
    }

    fn settle(&mut self) {
        let settled = self.window.settle();
        for one in &settled {
            self.bytes = self.bytes.saturating_sub(one.kept.bytes());
        }
        self.commits.add(settled);
        self.figures.waiting(self.window.len());
    }

    fn commit_if_due(&mut self) -> Result<(), TechshopError> {
        let is_due = match self.commits.len() {
            0 => false,
            messages => messages >= COMMIT_AT || self.window.is_empty() || self.committed.elapsed() >= COMMIT_EVERY,
        };
        if is_due { self.commit() } else { Ok(()) }
    }

    pub(super) fn commit(&mut self) -> Result<(), TechshopError> {
        let offsets = self.offsets();
        self.commits.commit(&self.inlet, &offsets)?;
        self.committed = Instant::now();
        Ok(())
    }
}

/// A letter in one line for people.
fn line(letter: &Letter) -> String {
    let Letter { order_id, kind, channel, to, .. } = letter;
    let (order_id, to) = (harmless(order_id, 40), harmless(to, 60));
    format!("{order_id:<12}  {:<13}  {:<5}  {to}", kind.as_str(), channel.as_str())
}
