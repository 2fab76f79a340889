//! Looking at the cluster again and again, on a thread of its own: a slow broker holds no key up.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::doors::kafka::{Census, CensusError, ConnectError, Patience, connect};
use crate::programs::techshop::TechshopError;
use crate::tools::config::ClientSettings;
use crate::tools::shutdown::Shutdown;

use crate::logic::lag::Round;

/// How long each step of a look may take.
const LIMIT: Duration = Duration::from_secs(5);

/// How long one try for a first connection may take before the reason is told.
const FIRST: Duration = Duration::from_secs(1);

/// Looks that wait to be taken; who does not take them gets fewer.
const WAITING: usize = 2;

/// What a look saw.
pub(in crate::programs::techshop) enum Seen {
    /// The cluster.
    Round(Box<Round>),
    /// Nothing, for this reason.
    Nothing(String),
    /// It will never see anything: wrong settings, refused credentials.
    Refused(TechshopError),
}

/// Looks at the cluster until a stop is asked for, or until it is dropped.
pub(in crate::programs::techshop) struct Looker {
    seen: Receiver<(Seen, i64)>,
    shutdown: Shutdown,
}

impl Looker {
    /// Begins to look.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub(in crate::programs::techshop) fn start(
        settings: &ClientSettings,
        every: Duration,
        shutdown: &Shutdown,
    ) -> io::Result<Self> {
        let (tell, seen) = sync_channel(WAITING);
        let (settings, shutdown) = (settings.clone(), shutdown.clone());
        let stop = shutdown.clone();
        // Nobody waits for its end: a look that is on its way ends with the process.
        std::thread::Builder::new().name("look".into()).spawn(move || look(&settings, every, &stop, &tell))?;
        Ok(Self { seen, shutdown })
    }

    /// What was seen since it was last asked, and when, in milliseconds; waits at most so long for it.
    pub(in crate::programs::techshop) fn next(&self, timeout: Duration) -> Option<(Seen, i64)> {
        match self.seen.recv_timeout(timeout) {
            Ok(seen) => Some(seen),
            // Old figures must not be shown as if they were new.
            Err(RecvTimeoutError::Disconnected) if !self.shutdown.is_requested() => {
                let reason = "the thread that looks at the cluster has ended: start again".to_owned();
                Some((Seen::Refused(TechshopError::Failed { reason }), Timestamp::now().as_millisecond()))
            }
            Err(_) => None,
        }
    }
}

fn look(settings: &ClientSettings, every: Duration, shutdown: &Shutdown, tell: &SyncSender<(Seen, i64)>) {
    let now_ms = || Timestamp::now().as_millisecond();
    // What can never work is found out here, and said.
    loop {
        match connect(settings, Patience::UpTo(FIRST), shutdown, |_| {}) {
            Ok(_) => break,
            Err(ConnectError::Stopped { .. }) => return,
            Err(ConnectError::NoBroker { reason, .. }) => {
                if tell.send((Seen::Nothing(reason), now_ms())).is_err() || shutdown.wait_timeout(every) {
                    return;
                }
            }
            Err(error) => {
                // Who does not listen any more has gone, and needs no reason.
                tell.send((Seen::Refused(error.into()), now_ms())).ok();
                return;
            }
        }
    }
    let mut census = match Census::open(settings) {
        Ok(census) => census,
        Err(error) => {
            tell.send((Seen::Refused(error.into()), now_ms())).ok();
            return;
        }
    };
    while !shutdown.is_requested() {
        let began = Instant::now();
        let seen = match census.round(LIMIT, shutdown) {
            Ok(round) => Seen::Round(Box::new(round)),
            Err(CensusError::NoAnswer { reason }) => Seen::Nothing(reason),
            Err(CensusError::Property(error)) => Seen::Refused(error.into()),
            Err(CensusError::Stopped) => return,
        };
        if tell.send((seen, now_ms())).is_err() {
            return;
        }
        shutdown.wait_timeout(every.saturating_sub(began.elapsed()));
    }
}
