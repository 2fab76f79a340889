//! A store of bytes by bytes in one file, in which what was answered is on the disk: the only room that names redb.
//!
//! One thread writes. Whatever waits for it when a commit has ended goes into the next one together, and everybody is
//! answered after it: nobody is told yes for something that a kill could take back. Who reads sees the last commit.

mod error;
mod tables;
#[cfg(test)]
mod tests;
mod writer;

pub use error::StoreError;
pub use tables::{Change, Reading, Row, Side, Table, View};

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use redb::{Database, ReadableDatabase as _};

use crate::tools::shutdown::Shutdown;
use writer::{Health, Order};

/// So much of the file is kept in memory, in bytes.
const CACHE_BYTES: usize = 64 << 20;

/// So many changes may wait for the writer.
const MOST_WAITING: usize = 1_024;

/// How long a change waits for its place, unless its caller has all the time.
const PATIENCE: Duration = Duration::from_secs(1);

/// A look at the place in between.
const LOOK: Duration = Duration::from_millis(2);

/// A store. Clones share it; the last one that is dropped closes it.
#[derive(Clone)]
pub struct Store {
    inside: Arc<Inside>,
}

struct Inside {
    database: Arc<Database>,
    orders: Option<SyncSender<Order>>,
    thread: Option<JoinHandle<()>>,
    health: Arc<Health>,
}

impl Store {
    /// The store at `path`, made when it is missing, with these tables. When a commit fails, `shutdown` is asked for
    /// and [`Store::failure`] says why: what is in memory may then be ahead of the disk, so nothing more is answered.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be opened.
    pub fn open(path: &Path, tables: &[Table], shutdown: &Shutdown) -> Result<Self, StoreError> {
        let database = Database::builder().set_cache_size(CACHE_BYTES).create(path).map_err(StoreError::of)?;
        Self::begin(database, tables, shutdown)
    }

    /// A store that is gone with its last clone.
    ///
    /// # Errors
    /// [`StoreError`] when there is no memory for it.
    #[cfg(test)]
    pub fn in_memory(tables: &[Table]) -> Result<Self, StoreError> {
        let memory = redb::backends::InMemoryBackend::new();
        let database = Database::builder().create_with_backend(memory).map_err(StoreError::of)?;
        Self::begin(database, tables, &Shutdown::new())
    }

    fn begin(database: Database, tables: &[Table], shutdown: &Shutdown) -> Result<Self, StoreError> {
        let write = database.begin_write().map_err(StoreError::of)?;
        for table in tables {
            write.open_table(table.definition()).map_err(StoreError::of)?;
        }
        write.commit().map_err(StoreError::of)?;
        let database = Arc::new(database);
        let (orders, taken) = sync_channel(MOST_WAITING);
        let health = Arc::new(Health::default());
        let (writing, healthy, stop) = (Arc::clone(&database), Arc::clone(&health), shutdown.clone());
        let run = move || writer::run(&writing, &taken, &healthy, &stop);
        let thread = std::thread::Builder::new().name("store".into()).spawn(run).map_err(StoreError::of)?;
        Ok(Self { inside: Arc::new(Inside { database, orders: Some(orders), thread: Some(thread), health }) })
    }

    /// Makes a change, and answers when it is on the disk.
    ///
    /// # Errors
    /// [`StoreError`]: nothing is known to be changed.
    pub fn commit<R: Send + 'static>(
        &self,
        change: impl FnOnce(&Change<'_>) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let (order, answer) = Order::new(change);
        let orders = self.inside.orders.as_ref().ok_or(StoreError::Closed)?;
        orders.send(order).map_err(|_| StoreError::Closed)?;
        answer.recv().unwrap_or(Err(StoreError::Closed))
    }

    /// The same for somebody who is told to come again when a thousand others wait already.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Busy`] when there was no place for it.
    pub fn commit_soon<R: Send + 'static>(
        &self,
        change: impl FnOnce(&Change<'_>) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let (mut order, answer) = Order::new(change);
        let orders = self.inside.orders.as_ref().ok_or(StoreError::Closed)?;
        let began = Instant::now();
        loop {
            order = match orders.try_send(order) {
                Ok(()) => return answer.recv().unwrap_or(Err(StoreError::Closed)),
                Err(TrySendError::Disconnected(_)) => return Err(StoreError::Closed),
                Err(TrySendError::Full(_)) if began.elapsed() >= PATIENCE => return Err(StoreError::Busy),
                Err(TrySendError::Full(order)) => order,
            };
            std::thread::park_timeout(LOOK);
        }
    }

    /// What is in it now; later changes are not seen.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn view(&self) -> Result<View, StoreError> {
        self.inside.database.begin_read().map(View::new).map_err(StoreError::of)
    }

    /// Tells `observer` how long each commit from now on takes, its sync with it. Only the first is told.
    pub fn observe_commits(&self, observer: impl Fn(Duration) + Send + Sync + 'static) {
        self.inside.health.observe(Box::new(observer));
    }

    /// Why nothing more is written, when that is so.
    pub fn failure(&self) -> Option<String> {
        self.inside.health.failure()
    }

    /// How long ago the writer was last seen at work or waiting for it.
    pub fn silent_for(&self) -> Duration {
        self.inside.health.silent_for()
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        // The writer ends when nobody can send to it any more.
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so already.
            drop(thread.join());
        }
    }
}
