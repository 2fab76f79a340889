//! The thread of an appender that hashes and seals what is synced.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::sealer::{Mark, SealFailure, Sealer};
use super::shared::{AppendError, PlacedMark, Shared, State};
use super::work::{FULL_RETRY, lock};
use crate::logic::ledger::{SealDue, SealRhythm};
use crate::tools::durable::{Disk, is_disk_full};
use crate::tools::moment::now_ms;

/// How much is hashed before the sealer looks again at what is due.
const HASHED_AT_ONCE: u64 = 8 << 20;

/// How much may be left to hash when the tracker stops: about a second of it.
const MOST_HASHED_LAST: u64 = 1 << 30;

/// How soon a stop is heard while the disk is full. It wakes nobody who waits for the other threads.
const STOP_HEARD: Duration = Duration::from_millis(100);

/// Hashes and seals what is synced.
pub(super) struct SealingThread<D: Disk> {
    shared: Arc<Shared>,
    sealer: Arc<Mutex<Sealer<D>>>,
    rhythm: SealRhythm,
    /// Up to where lines were hashed when last looked, in the bytes of the progress.
    hashed_end: u64,
}

/// What to do next.
enum SealingStep {
    Hash(u64),
    Seal(PlacedMark),
    Heartbeat,
    Finish(Option<PlacedMark>),
    GiveUp,
}

impl<D: Disk> SealingThread<D> {
    /// `mark`: where the trail stands at its end, at byte `length`, part of which may be unsealed.
    pub(super) fn new(shared: Arc<Shared>, sealer: Arc<Mutex<Sealer<D>>>, mark: Mark, length: u64) -> Self {
        shared.lock().marks.push_back(PlacedMark { end: length, mark, number: 0, urgent: true });
        let rhythm = SealRhythm::new(shared.moment());
        let hashed_end = lock(&sealer).hashed_end();
        Self { shared, sealer, rhythm, hashed_end }
    }

    pub(super) fn run(mut self) {
        let mut pause = FULL_RETRY.0;
        loop {
            let step = self.wait();
            let finishing = matches!(step, SealingStep::Finish(_));
            // Asked before the try: after a stop there is always one more.
            let stopping = self.shared.stop.is_requested();
            match self.take(step) {
                Ok(true) => return,
                Ok(false) => {
                    pause = FULL_RETRY.0;
                    let mut state = self.shared.lock();
                    if state.sealer_full_since.take().is_some() {
                        state.look_at_room();
                    }
                }
                Err(SealFailure::Disturbed) => return self.shared.fail(self.shared.disturbed()),
                Err(SealFailure::Disk(error)) if is_disk_full(&error) => {
                    let mut state = self.shared.lock();
                    // What can be is on the disk; the next start seals it.
                    if finishing || (stopping && state.is_all_synced_that_can_be()) {
                        drop(state);
                        return self.shared.fail(AppendError::StillFull { path: self.shared.path.clone() });
                    }
                    state.sealer_full_since.get_or_insert_with(Instant::now);
                    state.look_at_room();
                    self.pause(state, if stopping { STOP_HEARD } else { pause });
                    pause = (pause * 2).min(FULL_RETRY.1);
                }
                Err(SealFailure::Disk(error)) => return self.shared.fail(self.shared.disk("seal", &error)),
            }
        }
    }

    /// Waits before another try on a full disk, but not past a stop that is asked for meanwhile, nor past
    /// the end of the other threads.
    fn pause(&self, mut state: MutexGuard<'_, State>, pause: Duration) {
        let (until, was_stopping) = (Instant::now() + pause, self.shared.stop.is_requested());
        while !state.syncer_done && state.progress.failed.is_none() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || (!was_stopping && self.shared.stop.is_requested()) {
                return;
            }
            state = self.shared.wait_for(state, left.min(STOP_HEARD));
        }
    }

    fn wait(&self) -> SealingStep {
        let mut state = self.shared.lock();
        loop {
            if state.progress.failed.is_some() {
                return SealingStep::GiveUp;
            }
            let mark = state.synced_mark();
            let unsealed = mark.as_ref().map_or(0, |mark| mark.end.saturating_sub(state.progress.sealed_bytes));
            if state.syncer_done {
                return match &mark {
                    // What is adopted from elsewhere may be huge: a stop does not wait for that.
                    Some(mark) if mark.end > self.hashed_end + MOST_HASHED_LAST => SealingStep::GiveUp,
                    _ => SealingStep::Finish(mark),
                };
            }
            let urgent = mark.as_ref().is_some_and(|mark| mark.urgent);
            match (self.rhythm.due(unsealed, urgent, self.shared.moment()), mark) {
                // In steps, so that whoever closes a segment or stops need not wait long.
                (SealDue::Seal, Some(mark)) if mark.end > self.hashed_end + HASHED_AT_ONCE => {
                    return SealingStep::Hash(mark.end);
                }
                (SealDue::Seal, Some(mark)) => return SealingStep::Seal(mark),
                (SealDue::Heartbeat, _) => return SealingStep::Heartbeat,
                // Hashed as it comes, so that a seal has little left to do.
                (_, Some(mark)) if mark.end > self.hashed_end => return SealingStep::Hash(mark.end),
                (SealDue::Wait(left), _) => state = self.shared.wait_for(state, left),
                (SealDue::Seal, None) => state = self.shared.wait_for(state, FULL_RETRY.1),
            }
        }
    }

    /// Takes a step; true after the last.
    fn take(&mut self, step: SealingStep) -> Result<bool, SealFailure> {
        let sealer = Arc::clone(&self.sealer);
        let mut sealer = lock(&sealer);
        match step {
            SealingStep::Hash(end) => sealer.hash(end, HASHED_AT_ONCE)?,
            SealingStep::Seal(mark) => self.seal(&mut sealer, mark)?,
            SealingStep::Heartbeat => {
                if !sealer.is_ahead() {
                    let note = sealer.sign(now_ms())?;
                    self.shared.lock().signed(note, sealer.lines());
                }
                self.rhythm.done(self.shared.moment());
            }
            SealingStep::Finish(mark) => {
                if let Some(mark) = mark {
                    self.seal(&mut sealer, mark)?;
                }
                sealer.say_clean(now_ms())?;
                return Ok(true);
            }
            SealingStep::GiveUp => return Ok(true),
        }
        self.hashed_end = sealer.hashed_end();
        Ok(false)
    }

    fn seal(&mut self, sealer: &mut Sealer<D>, placed: PlacedMark) -> Result<(), SealFailure> {
        let PlacedMark { end, mark, number, .. } = placed;
        // The writing thread has sealed it meanwhile when it closed a segment.
        if end >= sealer.sealed_end() && !sealer.says(&mark, end) {
            let note = sealer.seal(mark.clone(), end, now_ms(), false)?;
            let mut state = self.shared.lock();
            state.signed(note, sealer.lines());
            state.progress.sealed_bytes = sealer.sealed_end();
            state.progress.sealed_lines = sealer.lines();
            self.shared.changed.notify_all();
        }
        // A later one may stand in its place already.
        let mut state = self.shared.lock();
        if let Some(front) = state.marks.front_mut().filter(|front| front.number == number) {
            front.urgent = false;
        }
        state.progress.sealed_pieces = state.progress.sealed_pieces.max(number);
        self.shared.changed.notify_all();
        drop(state);
        self.rhythm.done(self.shared.moment());
        Ok(())
    }
}
