//! Work that several threads do, and that is taken back in the order in which it was given.
//!
//! Each thread has a lane of its own: the jobs go round from lane to lane, and so do those who take them
//! back. So nothing has to be sorted, and what waits is bounded.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use thiserror::Error;

/// How many jobs a lane holds: the one that is done, and the next.
const LANE_JOBS: usize = 2;

/// A thread panicked, which it has said itself; its jobs are lost.
#[derive(Debug, Error)]
#[error("a working thread panicked")]
pub struct Gone;

/// Threads that work on jobs.
pub struct InOrder<J> {
    lanes: Vec<Lane<J>>,
    given: usize,
    taken: usize,
}

struct Lane<J> {
    // `None` once no more may come.
    jobs: Option<SyncSender<J>>,
    done: Receiver<J>,
    thread: Option<JoinHandle<()>>,
}

impl<J: Send + 'static> InOrder<J> {
    /// Starts so many threads, each with a worker of its own; none is allowed, and takes no job.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start<W: FnMut(&mut J) + Send + 'static>(
        threads: usize,
        name: &str,
        worker: impl Fn() -> W,
    ) -> io::Result<Self> {
        let lane = |_| {
            let (jobs, incoming) = sync_channel::<J>(LANE_JOBS);
            let (outgoing, done) = sync_channel::<J>(LANE_JOBS);
            let mut work = worker();
            let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
                while let Ok(mut job) = incoming.recv() {
                    work(&mut job);
                    if outgoing.send(job).is_err() {
                        return;
                    }
                }
            })?;
            Ok(Lane { jobs: Some(jobs), done, thread: Some(thread) })
        };
        Ok(Self { lanes: (0..threads).map(lane).collect::<io::Result<_>>()?, given: 0, taken: 0 })
    }
}

impl<J> InOrder<J> {
    /// Whether there are no threads.
    pub fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    /// How many jobs were given and not taken back yet.
    pub fn under_way(&self) -> usize {
        self.given - self.taken
    }

    /// Whether one has to be taken back before another can be given.
    pub fn is_full(&self) -> bool {
        self.under_way() == self.lanes.len() * LANE_JOBS
    }

    /// Gives a job. Waits only when [`InOrder::is_full`].
    ///
    /// # Errors
    /// [`Gone`] when its thread panicked, or there are no threads.
    pub fn give(&mut self, job: J) -> Result<(), Gone> {
        let lane = self.given.checked_rem(self.lanes.len()).and_then(|lane| self.lanes.get(lane));
        let jobs = lane.and_then(|lane| lane.jobs.as_ref()).ok_or(Gone)?;
        jobs.send(job).map_err(|_| Gone)?;
        self.given += 1;
        Ok(())
    }

    /// Takes the oldest job back, once it is done; `None` when none is under way.
    ///
    /// # Errors
    /// [`Gone`] when its thread panicked.
    pub fn take(&mut self) -> Result<Option<J>, Gone> {
        if self.under_way() == 0 {
            return Ok(None);
        }
        let lane = self.taken.checked_rem(self.lanes.len()).and_then(|lane| self.lanes.get(lane)).ok_or(Gone)?;
        let job = lane.done.recv().map_err(|_| Gone)?;
        self.taken += 1;
        Ok(Some(job))
    }
}

impl<J> Drop for InOrder<J> {
    fn drop(&mut self) {
        for lane in &mut self.lanes {
            lane.jobs = None;
        }
        // What they are at has room in their lanes: they end.
        for thread in self.lanes.iter_mut().filter_map(|lane| lane.thread.take()) {
            // One that panicked has said so already.
            drop(thread.join());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Barrier};

    use super::*;

    #[test]
    fn jobs_come_back_done_and_in_their_order_whoever_is_faster() {
        let mut threads = InOrder::start(3, "test", || {
            |job: &mut (u64, u64)| {
                // Some take a thousand times as long as others.
                let steps = if job.0.is_multiple_of(3) { 100_000 } else { 100 };
                job.1 = (0..steps).fold(job.0, |sum, step| std::hint::black_box(sum ^ step ^ step));
            }
        })
        .expect("threads");
        let mut back = Vec::new();
        for number in 0..500 {
            if threads.is_full() {
                back.extend(threads.take().expect("alive"));
            }
            threads.give((number, 0)).expect("alive");
            assert!(threads.under_way() <= 3 * LANE_JOBS);
        }
        while let Some(job) = threads.take().expect("alive") {
            back.push(job);
        }
        assert_eq!(back, (0..500).map(|number| (number, number)).collect::<Vec<_>>());
        assert_eq!(threads.under_way(), 0);
    }

    #[test]
    fn jobs_are_done_at_the_same_time() {
        let both = Arc::new(Barrier::new(2));
        let mut threads = InOrder::start(2, "test", || {
            let both = Arc::clone(&both);
            move |_: &mut ()| {
                both.wait();
            }
        })
        .expect("threads");
        // Each would wait for ever for the other if there was one thread.
        threads.give(()).expect("alive");
        threads.give(()).expect("alive");
        assert!(threads.take().expect("alive").is_some());
        assert!(threads.take().expect("alive").is_some());
    }

    #[test]
    fn a_panic_is_told_and_nothing_waits_for_ever() {
        let mut threads = InOrder::start(1, "test", || |job: &mut bool| assert!(*job, "on purpose")).expect("threads");
        threads.give(true).expect("alive");
        assert!(threads.take().expect("alive").is_some());
        threads.give(false).expect("alive");
        assert!(threads.take().is_err());
    }

    #[test]
    fn dropped_with_jobs_under_way_it_ends() {
        let mut threads = InOrder::start(2, "test", || |_: &mut Vec<u8>| {}).expect("threads");
        for _ in 0..4 {
            threads.give(vec![0; 100]).expect("alive");
        }
        assert!(threads.is_full());
        drop(threads);
        let none = InOrder::<u8>::start(0, "test", || |_: &mut u8| {}).expect("none");
        assert!(none.is_empty() && none.is_full());
    }
}
