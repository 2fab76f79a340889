//! Each order in a readable block, for people who watch; what does not fit any more is counted instead.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::config::Printing;
use crate::base::message::Message;
use crate::services::output::is_quiet_end;
use crate::tools::printer;
use crate::tools::quota::Quota;
use crate::tools::shown::cut;
use crate::tools::shutdown::Shutdown;
use crate::words::order::{self, Order};

/// How many blocks may wait for a slow reader.
const WAITING_BLOCKS: usize = 4096;

/// How long a full queue is waited for, once, before orders are counted instead.
const PATIENCE: Duration = Duration::from_millis(100);

/// Prints orders, at most so many a second when asked to.
pub(super) struct Printer {
    printer: printer::Printer,
    printing: Printing,
    quota: Quota,
}

impl Printer {
    /// Starts the thread that writes to `out`.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub(super) fn start(out: impl Write + Send + 'static, printing: Printing, now: Instant) -> io::Result<Self> {
        let most_a_second = match printing {
            Printing::Nothing => 0,
            Printing::Some(limit) => limit,
            Printing::Everything => u32::MAX,
        };
        let printer = printer::Printer::start(out, WAITING_BLOCKS)?;
        Ok(Self { printer, printing, quota: Quota::new(most_a_second, now) })
    }

    /// Whether anything is ever shown.
    pub(super) fn is_on(&self) -> bool {
        self.printing != Printing::Nothing
    }

    /// Shows a message that is an order, or counts it.
    pub(super) fn order(&mut self, now: Instant, message: &Message<'_>, stop: &Shutdown) {
        if !self.is_on() {
            return;
        }
        self.look_at_the_clock(now);
        if !self.quota.allows() {
            return;
        }
        let text = message.payload.and_then(|payload| std::str::from_utf8(payload).ok());
        // Read once more, which is little beside showing it.
        let Some(Ok(order)) = text.map(order::read) else { return };
        if !self.printer.print(block(message, &order), PATIENCE, |pause| stop.wait_timeout(pause)) {
            self.quota.leave_out(1);
        }
    }

    /// Once the second is over: says how many were not shown, and shows again.
    pub(super) fn look_at_the_clock(&mut self, now: Instant) {
        if let Some(left_out) = self.quota.turn(now) {
            self.tell(left_out);
        }
    }

    fn tell(&mut self, left_out: u64) {
        if left_out > 0 && !self.printer.try_print(format!("… and {left_out} more orders\n")) {
            self.quota.leave_out(left_out);
        }
    }

    /// Writes what is left and `last`, a line for scripts; gives up on a reader who does not read.
    ///
    /// # Errors
    /// When standard output could not be written, other than because its reader has gone.
    pub(super) fn finish(mut self, last: Option<String>) -> io::Result<()> {
        let left_out = self.quota.rest();
        self.tell(left_out);
        let is_awaited = last.is_some();
        match self.printer.finish(last.map(|line| line + "\n")) {
            Err(error) if !is_quiet_end(&error) => Err(error),
            Ok(false) if is_awaited => Err(io::Error::other("nobody reads it")),
            _ => Ok(()),
        }
    }
}

fn block(message: &Message<'_>, order: &Order<'_>) -> String {
    let mut text = String::with_capacity(512);
    let customer = &order.customer_info;
    let head = format!("── order #{} {} ", order.sequence, harmless(&order.order_id));
    let place = format!(" partition {} offset {} ──", message.partition, message.offset);
    let dashes = 78_usize.saturating_sub(head.chars().count() + place.chars().count());
    let mut line = |line: std::fmt::Arguments<'_>| {
        let written = writeln!(text, "{line}");
        debug_assert!(written.is_ok(), "writing into a string does not fail");
    };
    line(format_args!("{head}{}{place}", "─".repeat(dashes)));
    line(format_args!("  customer  {} <{}>", harmless(&customer.name), harmless(&customer.email)));
    for item in &order.items {
        let product = format!("{} × {}", item.quantity, harmless(&item.item_name));
        line(format_args!("  item      {product:<40} {:>12}", item.total_price));
    }
    line(format_args!("  {:<50} {:>12}", "tax", order.tax));
    line(format_args!("  {:<50} {:>12}", "shipping", order.shipping_fee));
    line(format_args!("  {:<50} {:>12} {}", "total", order.total, harmless(&order.currency)));
    text
}

/// What a stranger wrote must not drive the terminal.
fn harmless(text: &str) -> String {
    cut(text, 60)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, sync_channel};

    use super::*;

    #[test]
    fn control_characters_and_turned_text_never_reach_the_terminal() {
        assert_eq!(harmless("a\u{1b}[31mb\n\u{9b}\u{202e}c"), "a·[31mb···c");
        assert_eq!(harmless(&"x".repeat(61)).chars().count(), 60);
        assert!(harmless(&"x".repeat(61)).ends_with('…'));
    }

    /// A reader who never reads.
    struct Stuck(Receiver<()>);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // Ends when the test does.
            let _ended = self.0.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_who_does_not_read_stops_nobody() {
        let (_hold, held) = sync_channel(0);
        let printer = Printer::start(Stuck(held), Printing::Everything, Instant::now()).expect("a thread");
        let stop = Shutdown::new();
        let sent = (0..WAITING_BLOCKS + 100)
            .filter(|_| printer.printer.print("x".into(), PATIENCE, |pause| stop.wait_timeout(pause)))
            .count();
        assert!((WAITING_BLOCKS..=WAITING_BLOCKS + 1).contains(&sent), "{sent}");
        assert!(printer.finish(Some("last".into())).is_err(), "and it is said that the last line was not read");
    }

    #[test]
    fn output_that_fails_is_told_and_a_closed_pipe_is_not() {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a device");
        let printer = Printer::start(full, Printing::Nothing, Instant::now()).expect("a thread");
        assert!(printer.finish(Some("last".into())).is_err());
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        let printer = Printer::start(writer, Printing::Nothing, Instant::now()).expect("a thread");
        assert!(printer.finish(Some("last".into())).is_ok());
    }
}
