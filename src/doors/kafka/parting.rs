//! Letting go of clients. librdkafka's close waits for answers, and a client that has gone mute or
//! has no broker waits for ever. That must hold nobody up, so it waits on a thread of its own.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

/// How long whoever lets go waits for the end. Past that it comes by itself.
const PARTING: Duration = Duration::from_secs(1);

/// Runs `last_rites`, which end with dropping what they own, on a thread of their own, and waits a
/// moment for it when `waits`: mostly it takes no time, and then it is better to be really gone.
pub(super) fn part(waits: bool, last_rites: impl FnOnce() + Send + 'static) {
    let (ended, end) = sync_channel::<()>(1);
    let parting = move || {
        last_rites();
        drop(ended);
    };
    let spawned = std::thread::Builder::new().name("parting".into()).spawn(parting);
    if spawned.is_ok() && waits && end.recv_timeout(PARTING) == Err(RecvTimeoutError::Timeout) {
        tracing::debug!("a client takes long to close, and is left to it");
    }
}
