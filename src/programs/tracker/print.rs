//! Each order in a readable block, for people who watch.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::config::Printing;
use crate::base::message::Message;
use crate::tools::config::is_quiet_end;
use crate::words::order::Order;

/// Prints orders, at most so many a second when asked to.
pub(super) struct Printer<W> {
    out: W,
    printing: Printing,
    second: Instant,
    printed: u32,
    unprinted: u64,
}

impl<W: Write> Printer<W> {
    pub(super) fn new(out: W, printing: Printing, now: Instant) -> Self {
        Self { out, printing, second: now, printed: 0, unprinted: 0 }
    }

    /// Shows an order, or counts it.
    pub(super) fn order(&mut self, now: Instant, message: &Message<'_>, order: &Order<'_>) {
        match self.printing {
            Printing::Nothing => return,
            Printing::Everything => {}
            Printing::Some(limit) => {
                self.look_at_the_clock(now);
                if self.printed >= limit {
                    self.unprinted += 1;
                    return;
                }
                self.printed += 1;
            }
        }
        self.write(&block(message, order));
    }

    /// Once the second is over: says how many were not shown, and shows again.
    pub(super) fn look_at_the_clock(&mut self, now: Instant) {
        if now.duration_since(self.second) >= Duration::from_secs(1) {
            self.second = now;
            self.printed = 0;
            self.tell_unprinted();
        }
    }

    /// Says how many were not shown, if any.
    pub(super) fn tell_unprinted(&mut self) {
        if self.unprinted > 0 {
            let text = format!("… and {} more orders\n", self.unprinted);
            self.unprinted = 0;
            self.write(&text);
        }
    }

    /// One line for scripts, printed whatever else is.
    pub(super) fn line(&mut self, line: &str) {
        self.write(&format!("{line}\n"));
    }

    fn write(&mut self, text: &str) {
        if let Err(error) = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()) {
            // Whoever read has gone, or the terminal has: the trail does not depend on it.
            self.printing = Printing::Nothing;
            if !is_quiet_end(&error) {
                tracing::warn!(%error, "cannot print orders");
            }
        }
    }
}

fn block(message: &Message<'_>, order: &Order<'_>) -> String {
    let mut text = String::with_capacity(512);
    let customer = &order.customer_info;
    let head = format!("── order #{} {} ", order.sequence, safe(&order.order_id));
    let place = format!(" partition {} offset {} ──", message.partition, message.offset);
    let dashes = 78_usize.saturating_sub(head.chars().count() + place.chars().count());
    let mut line = |line: std::fmt::Arguments<'_>| {
        let written = writeln!(text, "{line}");
        debug_assert!(written.is_ok(), "writing into a string does not fail");
    };
    line(format_args!("{head}{}{place}", "─".repeat(dashes)));
    line(format_args!("  customer  {} <{}>", safe(&customer.name), safe(&customer.email)));
    for item in &order.items {
        let product = format!("{} × {}", item.quantity, safe(&item.item_name));
        line(format_args!("  item      {product:<40} {:>12}", item.total_price));
    }
    line(format_args!("  {:<50} {:>12}", "tax", order.tax));
    line(format_args!("  {:<50} {:>12}", "shipping", order.shipping_fee));
    line(format_args!("  {:<50} {:>12} {}", "total", order.total, safe(&order.currency)));
    text
}

/// What a stranger wrote must not drive the terminal.
fn safe(text: &str) -> String {
    let shown = |character: char| if character.is_control() { '␛' } else { character };
    let mut safe: String = text.chars().take(60).map(shown).collect();
    if text.chars().nth(60).is_some() {
        safe.push('…');
    }
    safe
}

/// Where program output goes when it is not asked for.
pub(super) fn standard_output() -> impl Write {
    io::stdout()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_never_reach_the_terminal() {
        assert_eq!(safe("a\u{1b}[31mb\n\u{9b}"), "a␛[31mb␛␛");
        assert_eq!(safe(&"x".repeat(61)).chars().count(), 61);
        assert!(safe(&"x".repeat(61)).ends_with('…'));
    }
}
