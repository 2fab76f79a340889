//! A part of a service that ends before its time: the service ends with it, and says which it was and why. Else it would
//! go on saying that it is well while orders lie.

use std::sync::{Mutex, PoisonError};

use super::error::SupplyError;
use super::events::part_ended;
use crate::doors::health::ServiceLog;
use crate::doors::store::StoreError;
use crate::tools::shutdown::Shutdown;

/// Watches over the ends of all parts.
pub(super) struct Endings {
    log: ServiceLog,
    shutdown: Shutdown,
    first: Mutex<Option<SupplyError>>,
}

impl Endings {
    pub(super) fn new(log: ServiceLog, shutdown: &Shutdown) -> Self {
        Self { log, shutdown: shutdown.clone(), first: Mutex::default() }
    }

    /// Does the work of a part. It may end only when a stop is asked for: whatever else ends it, asks for one.
    pub(super) fn watch(&self, part: &'static str, work: impl FnOnce() -> Result<(), StoreError>) {
        // Also dropped by a panic.
        let mut ending = Ending { endings: self, part, may_end: false, outcome: None };
        ending.outcome = Some(work());
    }

    /// The same for work that may come to its end.
    pub(super) fn task(&self, part: &'static str, work: impl FnOnce() -> Result<(), StoreError>) {
        let mut ending = Ending { endings: self, part, may_end: true, outcome: None };
        ending.outcome = Some(work());
    }

    /// Why the service has to end, if a part of it ended.
    pub(super) fn take(&self) -> Option<SupplyError> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

struct Ending<'a> {
    endings: &'a Endings,
    part: &'static str,
    may_end: bool,
    outcome: Option<Result<(), StoreError>>,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let Endings { log, shutdown, first } = self.endings;
        let is_asked = shutdown.is_requested();
        let (reason, is_disk) = match self.outcome.take() {
            // As asked; what fails after that has no work left.
            Some(_) if is_asked => return,
            Some(Ok(())) if self.may_end => return,
            Some(Ok(())) => ("it had nothing to do any more".to_owned(), false),
            Some(Err(error)) => (error.to_string(), true),
            None => ("it panicked; standard error says where".to_owned(), false),
        };
        let part = self.part;
        log.write(&part_ended(part, &reason));
        first.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(SupplyError::Ended {
            part,
            reason,
            is_disk,
        });
        shutdown.request();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::exit::Exit;

    fn endings() -> Endings {
        Endings::new(ServiceLog::new("test"), &Shutdown::new())
    }

    #[test]
    fn whatever_ends_a_part_ends_the_service_and_is_named() {
        let damaged = || Err(StoreError::Damaged("no JSON".into()));
        let endings = endings();
        endings.watch("sweep", damaged);
        assert!(endings.shutdown.is_requested());
        endings.watch("steps", damaged);
        let error = endings.take().expect("told");
        assert!(error.to_string().contains("sweep") && error.to_string().contains("no JSON"), "{error}");
        assert_eq!(error.exit(), Exit::DiskFailed);
        assert!(endings.take().is_none(), "the second one ended because a stop was asked for");
    }

    #[test]
    fn a_panic_is_an_end_and_so_is_having_nothing_to_do() {
        let panicked = endings();
        std::thread::scope(|scope| {
            let part = scope.spawn(|| panicked.watch("orders", || unreachable!("on purpose")));
            assert!(part.join().is_err());
        });
        assert!(panicked.shutdown.is_requested());
        assert!(panicked.take().is_some_and(|error| error.to_string().contains("orders ended: it panicked")));
        let idle = endings();
        idle.watch("orders", || Ok(()));
        assert!(idle.take().is_some_and(|error| error.exit() == Exit::Failed));
        let task = endings();
        task.task("subscribers", || Ok(()));
        assert!(task.take().is_none() && !task.shutdown.is_requested(), "it may come to its end");
        let asked = endings();
        asked.shutdown.request();
        asked.watch("orders", || Ok(()));
        assert!(asked.take().is_none(), "it was asked for");
    }
}
