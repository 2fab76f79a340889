//! Decisions, a line each, for people: at most so many a second, and never at the cost of deciding.

use std::io::Write as _;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::logic::shop::Verdict;
use crate::programs::techshop::quota::{Quota, and_more};
use crate::tools::shown::cut;

/// Lines a second.
const MOST_A_SECOND: u32 = 20;

/// Lines that may wait for a slow reader.
const WAITING: usize = 64;

/// How long the last lines may take.
const SECOND: Duration = Duration::from_secs(1);

/// Writes lines on a thread of its own.
pub(super) struct Printer {
    lines: Option<SyncSender<String>>,
    thread: Option<JoinHandle<()>>,
    quota: Quota,
}

impl Printer {
    pub(super) fn start(is_quiet: bool) -> std::io::Result<Self> {
        let (mut lines, mut thread) = (None, None);
        if !is_quiet {
            let (sender, waiting) = sync_channel::<String>(WAITING);
            let spawned = std::thread::Builder::new().name("print".into()).spawn(move || {
                for line in waiting {
                    if writeln!(anstream::stdout(), "{line}").is_err() {
                        // Nobody reads any more.
                        return;
                    }
                }
            })?;
            (lines, thread) = (Some(sender), Some(spawned));
        }
        Ok(Self { lines, thread, quota: Quota::new(MOST_A_SECOND) })
    }

    /// Tells of one decision, if there is room for it this second.
    pub(super) fn decided(&mut self, verdict: Verdict, payload: Option<&[u8]>) {
        if self.lines.is_none() || !self.quota.allows() {
            return;
        }
        let what = match verdict {
            Verdict::Confirmed => "confirmed   ",
            Verdict::OutOfStock => "out of stock",
            Verdict::Invalid => "invalid     ",
            Verdict::Copy => "copy        ",
            Verdict::Restocked => "restocked   ",
        };
        self.line(format!("{what}  {}", gist(payload)));
    }

    /// A new second begins when it is time.
    pub(super) fn tick(&mut self) {
        if let Some(line) = self.quota.turn().and_then(and_more) {
            self.line(line);
        }
    }

    fn line(&mut self, line: String) {
        let Some(lines) = &self.lines else { return };
        match lines.try_send(line) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.quota.leave_out(),
            Err(TrySendError::Disconnected(_)) => self.lines = None,
        }
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        self.lines = None;
        if let Some(thread) = self.thread.take() {
            let end = Instant::now() + SECOND;
            while !thread.is_finished() && Instant::now() < end {
                std::thread::park_timeout(Duration::from_millis(5));
            }
        }
    }
}

/// What a message is of, in a few words.
fn gist(payload: Option<&[u8]>) -> String {
    let fields: serde_json::Value = payload.and_then(|json| serde_json::from_slice(json).ok()).unwrap_or_default();
    let text = |name: &str| match fields.get(name) {
        Some(serde_json::Value::String(text)) => cut(text, 40),
        Some(serde_json::Value::Number(number)) => number.to_string(),
        _ => "?".to_owned(),
    };
    let id = if fields.get("order_id").is_some() { text("order_id") } else { text("restock_id") };
    format!("{id}  {} × {}", text("product_id"), text("quantity"))
}
