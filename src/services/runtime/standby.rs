//! In one folder one instance works; another waits until it has gone, however it goes.

use std::io;
use std::path::Path;
use std::time::Duration;

use crate::doors::health::{ServiceLog, events};
use crate::tools::durable::{Lock, LockAttempt, make_folder};
use crate::tools::shutdown::Shutdown;

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(200);

/// Waits until the lock `name` in `folder`, which is made when it is missing, is ours; says once who has it. `None` when
/// a stop was asked for before.
///
/// # Errors
/// What the operating system says when there can be no such folder or lock.
pub fn wait_for_turn(folder: &Path, name: &str, log: &ServiceLog, shutdown: &Shutdown) -> io::Result<Option<Lock>> {
    make_folder(folder)?;
    let mut is_told = false;
    loop {
        match Lock::try_acquire(&folder.join(name))? {
            LockAttempt::Acquired(lock) => return Ok(Some(lock)),
            LockAttempt::HeldBy(holder) if !std::mem::replace(&mut is_told, true) => {
                log.write(&events::standby(&holder, folder));
            }
            LockAttempt::HeldBy(_) => {}
        }
        if shutdown.wait_timeout(PAUSE) {
            return Ok(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_works_and_the_other_waits_until_it_has_gone_or_is_stopped() {
        let folder = tempfile::tempdir().expect("a folder");
        let (log, stop) = (ServiceLog::new("test"), Shutdown::new());
        let path = folder.path().join("new");
        let wait = || wait_for_turn(&path, ".lock", &log, &stop).expect("a lock");
        let first = wait().expect("nobody has it");
        std::thread::scope(|scope| {
            let second = scope.spawn(wait);
            drop(first);
            let second = second.join().expect("no panic").expect("it has gone");
            stop.request();
            assert!(wait().is_none(), "a stop ends the wait");
            drop(second);
        });
    }
}
