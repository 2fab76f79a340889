//! The thread that writes.

use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use redb::{Database, Durability};

use super::error::StoreError;
use super::tables::Change;
use crate::tools::shutdown::Shutdown;

/// So many changes go into one commit.
const MOST_TOGETHER: usize = 256;

/// How often the writer says that it lives while there is nothing to do.
const BEAT: Duration = Duration::from_millis(500);

/// Answers whoever ordered a change, once it is known what came of its commit.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Makes a change.
type Work = Box<dyn FnOnce(&Change<'_>) -> (Result<(), StoreError>, Answer) + Send>;

/// A change that somebody waits for.
pub(super) struct Order(Work);

impl Order {
    /// The order of `change`, and where its answer comes.
    pub(super) fn new<R: Send + 'static>(
        change: impl FnOnce(&Change<'_>) -> Result<R, StoreError> + Send + 'static,
    ) -> (Self, Receiver<Result<R, StoreError>>) {
        let (tell, answer) = sync_channel(1);
        let work = move |made: &Change<'_>| {
            let result = change(made);
            let failed = result.as_ref().err().cloned();
            let answer: Answer = Box::new(move |committed| {
                // Whoever went away needs no answer.
                drop(tell.send(committed.and(result)));
            });
            (failed.map_or(Ok(()), Err), answer)
        };
        (Self(Box::new(work)), answer)
    }
}

/// Hears how long a commit took.
pub(super) type Observer = Box<dyn Fn(Duration) + Send + Sync>;

/// What others may know of the writer.
pub(super) struct Health {
    failure: Mutex<Option<String>>,
    beat: Mutex<Instant>,
    observer: OnceLock<Observer>,
}

impl Default for Health {
    fn default() -> Self {
        Self { failure: Mutex::new(None), beat: Mutex::new(Instant::now()), observer: OnceLock::new() }
    }
}

impl Health {
    /// Who is told how long commits take; only the first who asks is.
    pub(super) fn observe(&self, observer: Observer) {
        drop(self.observer.set(observer));
    }

    pub(super) fn failure(&self) -> Option<String> {
        lock(&self.failure).clone()
    }

    pub(super) fn silent_for(&self) -> Duration {
        lock(&self.beat).elapsed()
    }
}

/// A writer that ends by a panic ends the program as one that failed: nothing is written any more.
struct Ending<'a> {
    health: &'a Health,
    shutdown: &'a Shutdown,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(&self.health.failure).get_or_insert("the writer panicked; standard error says where".to_owned());
            self.shutdown.request();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes until nobody can order anything any more, or until a commit fails.
pub(super) fn run(database: &Database, orders: &Receiver<Order>, health: &Health, shutdown: &Shutdown) {
    let _ending = Ending { health, shutdown };
    loop {
        *lock(&health.beat) = Instant::now();
        let first = match orders.recv_timeout(BEAT) {
            Ok(order) => order,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let together = std::iter::once(first).chain(orders.try_iter()).take(MOST_TOGETHER);
        let mut answers = Vec::new();
        let began = Instant::now();
        let made = make(database, together, &mut answers);
        if let Err(error) = &made {
            // Before the answers: whoever hears that it failed finds the reason, and a service that ends.
            *lock(&health.failure) = Some(error.to_string());
            tracing::error!(%error, "a commit failed; nothing more is written");
            shutdown.request();
        }
        if let (Ok(()), Some(observer)) = (&made, health.observer.get()) {
            observer(began.elapsed());
        }
        answers.into_iter().for_each(|answer| answer(made.clone()));
        if made.is_err() {
            // With the receiver gone whoever waits, or comes later, hears that the store is closed.
            return;
        }
    }
}

/// One commit. All of it is there, or nothing.
fn make(database: &Database, orders: impl Iterator<Item = Order>, answers: &mut Vec<Answer>) -> Result<(), StoreError> {
    let mut write = database.begin_write().map_err(StoreError::of)?;
    write.set_durability(Durability::Immediate).map_err(StoreError::of)?;
    // After a kill the file is opened without being read through.
    write.set_quick_repair(true);
    for Order(work) in orders {
        let (worked, answer) = work(&Change::new(&write));
        answers.push(answer);
        // Half a change must not be committed, not even with those of others.
        worked?;
    }
    write.commit().map_err(StoreError::of)
}
