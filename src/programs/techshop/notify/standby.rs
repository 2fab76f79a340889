//! On one host and one outbox, one instance of a group works; another waits until it has gone, however it goes.

use std::time::Duration;

use super::LettersArgs;
use crate::doors::health::{ServiceLog, events};
use crate::programs::techshop::{Shop, TechshopError};
use crate::tools::durable::{Lock, LockAttempt};

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(200);

/// The name under which a group leaves files: letters, digits, dots, dashes.
pub(crate) fn owner(group: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    group.chars().take(100).map(|c| if is_plain(c) { c } else { '_' }).collect()
}

/// Waits for the outbox to be ours; `None` when a stop was asked for before.
pub(crate) fn wait_for_turn(
    shop: &Shop<'_>,
    args: &LettersArgs,
    owner: &str,
    service: &'static str,
) -> Result<Option<Lock>, TechshopError> {
    let log = ServiceLog::new(service);
    let file = |source| TechshopError::File {
        what: "lock",
        path: args.outbox.clone(),
        source,
        hint: "pass --outbox with a folder that can be written",
    };
    std::fs::create_dir_all(&args.outbox).map_err(file)?;
    let mut has_told = false;
    loop {
        match Lock::try_acquire(&args.outbox.join(format!(".{owner}.lock"))).map_err(file)? {
            LockAttempt::Acquired(lock) => return Ok(Some(lock)),
            LockAttempt::HeldBy(holder) => {
                if !std::mem::replace(&mut has_told, true) {
                    log.write(&events::standby(&holder, &args.outbox));
                }
                if shop.shutdown.wait_timeout(PAUSE) {
                    return Ok(None);
                }
            }
        }
    }
}
