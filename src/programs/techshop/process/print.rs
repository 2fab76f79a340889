//! Decisions, a line each, for people: at most so many a second, and never at the cost of deciding.

use std::time::Instant;

use crate::logic::shop::Verdict;
use crate::tools::printer;
use crate::tools::quota::{Quota, and_more};
use crate::tools::shown::cut;

/// Lines a second.
const MOST_A_SECOND: u32 = 20;

/// Lines that may wait for a slow reader.
const MOST_WAITING: usize = 64;

/// Tells of decisions.
pub(super) struct Printer {
    /// None when nobody wants to know.
    printer: Option<printer::Printer>,
    quota: Quota,
}

impl Printer {
    pub(super) fn start(is_quiet: bool) -> std::io::Result<Self> {
        let start = || printer::Printer::start(anstream::stdout(), MOST_WAITING);
        let printer = if is_quiet { None } else { Some(start()?) };
        Ok(Self { printer, quota: Quota::new(MOST_A_SECOND, Instant::now()) })
    }

    /// Tells of one decision, if there is room for it this second.
    pub(super) fn decided(&mut self, verdict: Verdict, payload: Option<&[u8]>) {
        if self.printer.is_none() || !self.quota.allows() {
            return;
        }
        let what = match verdict {
            Verdict::Confirmed => "confirmed   ",
            Verdict::OutOfStock => "out of stock",
            Verdict::Invalid => "invalid     ",
            Verdict::Copy => "copy        ",
            Verdict::Restocked => "restocked   ",
        };
        self.show(format!("{what}  {}\n", gist(payload)), 1);
    }

    /// A new second begins when it is time.
    pub(super) fn tick(&mut self) {
        if let Some(left_out) = self.quota.turn(Instant::now())
            && let Some(line) = and_more(left_out)
        {
            self.show(line + "\n", left_out);
        }
    }

    /// Shows a line that tells of so many decisions, or counts them.
    fn show(&mut self, line: String, decisions: u64) {
        if self.printer.as_ref().is_some_and(|printer| !printer.try_print(line)) {
            self.quota.leave_out(decisions);
        }
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        // Whether somebody looked on to the end is nobody's trouble.
        drop(self.printer.as_ref().map(|printer| printer.finish(None)));
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
