//! What libraries, and rooms of ours that have no log, warn of through `tracing`. Without a listener nobody would hear it:
//! each program begins with one of its own.

use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

use crate::tools::quota::Quota;
use crate::tools::shown::safe;
use crate::tools::stderr::remark;
use crate::words::record::Level;

/// How many diagnostics a second are told: a library may have something to say of each message.
const MOST_A_SECOND: u32 = 10;

/// One thing that was warned of.
#[derive(Debug)]
pub(super) struct Diagnostic {
    pub(super) level: Level,
    pub(super) text: String,
    /// How many before it were not told.
    pub(super) suppressed: u64,
}

/// Decides which are told.
pub(super) struct Diagnostics(Mutex<Told>);

struct Told {
    quota: Quota,
    /// The newest that was not told.
    last: Option<Diagnostic>,
}

impl Diagnostics {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Told { quota: Quota::new(MOST_A_SECOND, Instant::now()), last: None }))
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those to tell now. What is not told is counted, and told by [`Self::overdue`].
    pub(super) fn tell(&self, now: Instant, level: Level, text: String) -> [Option<Diagnostic>; 2] {
        let mut told = self.lock();
        let due = told.overdue(now);
        let own = Diagnostic { level, text, suppressed: 0 };
        if told.quota.allows() {
            return [due, Some(own)];
        }
        told.last = Some(own);
        [due, None]
    }

    /// Once the second is over: the last one that was not told, with how many there were before it.
    pub(super) fn overdue(&self, now: Instant) -> Option<Diagnostic> {
        self.lock().overdue(now)
    }

    /// What was not told yet, whatever the time.
    pub(super) fn rest(&self) -> Option<Diagnostic> {
        let mut told = self.lock();
        let left_out = told.quota.rest();
        told.last_of(left_out)
    }
}

impl Told {
    fn overdue(&mut self, now: Instant) -> Option<Diagnostic> {
        let left_out = self.quota.turn(now)?;
        let last = self.last_of(left_out)?;
        // It takes the place of a new one.
        self.quota.allows();
        Some(last)
    }

    fn last_of(&mut self, left_out: u64) -> Option<Diagnostic> {
        let last = self.last.take()?;
        Some(Diagnostic { suppressed: left_out.saturating_sub(1), ..last })
    }
}

/// Hands warnings and errors on to who writes them.
pub struct DiagnosticLayer {
    hear: Box<dyn Fn(Level, String) + Send + Sync>,
}

impl DiagnosticLayer {
    pub(super) fn new(hear: impl Fn(Level, String) + Send + Sync + 'static) -> Self {
        Self { hear: Box::new(hear) }
    }

    /// From now on this one hears, in the whole process. The first one does: a second run in one process (tests) keeps
    /// it.
    pub fn begin(self) {
        drop(tracing::subscriber::set_global_default(tracing_subscriber::registry().with(self)));
    }
}

/// Tells people on standard error, for a command without a log.
pub fn diagnostics_on_stderr() -> DiagnosticLayer {
    let diagnostics = Diagnostics::new();
    DiagnosticLayer::new(move |level, text| {
        for Diagnostic { text, suppressed, .. } in diagnostics.tell(Instant::now(), level, text).into_iter().flatten() {
            let before = if suppressed == 0 { String::new() } else { format!(" (and {suppressed} more before it)") };
            remark(format_args!("{}{before}", safe(&text)));
        }
    })
}

impl<S: tracing::Subscriber> Layer<S> for DiagnosticLayer {
    /// Chatter is not even put into words.
    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::WARN)
    }

    fn on_event(&self, event: &tracing::Event<'_>, _context: Context<'_, S>) {
        let level = match *event.metadata().level() {
            tracing::Level::ERROR => Level::Error,
            tracing::Level::WARN => Level::Warn,
            _ => return,
        };
        let mut text = Text::default();
        event.record(&mut text);
        (self.hear)(level, text.0);
    }
}

#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let separator = if self.0.is_empty() { "" } else { " " };
        let written = match field.name() {
            "message" => write!(self.0, "{separator}{value:?}"),
            name => write!(self.0, "{separator}{name}={value:?}"),
        };
        debug_assert!(written.is_ok(), "writing into a string does not fail");
    }
}
