//! Each order in a readable block, for people who watch.
//!
//! A thread of its own writes, so that a reader who stops reading (a stopped pager, Ctrl-S) stops
//! neither the trail nor the end of the program: what does not fit any more is counted instead.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use super::config::Printing;
use crate::base::message::Message;
use crate::tools::config::is_quiet_end;
use crate::tools::shutdown::Shutdown;
use crate::words::order::{self, Order};

/// How many blocks may wait for a slow reader.
const WAITING_BLOCKS: usize = 4096;

/// How long a full queue is waited for, once, before orders are counted instead.
const PATIENCE: Duration = Duration::from_millis(100);

/// How long the end waits for what is still to be written.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Prints orders, at most so many a second when asked to.
pub(super) struct Printer {
    // `None` once the reader has gone.
    texts: Option<SyncSender<String>>,
    ended: Receiver<io::Result<()>>,
    printing: Printing,
    /// Whether the reader was slower than the patience, and has not caught up since.
    is_behind: bool,
    second: Instant,
    printed: u32,
    unprinted: u64,
}

impl Printer {
    /// Starts the thread that writes to `out`.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub(super) fn start(out: impl Write + Send + 'static, printing: Printing, now: Instant) -> io::Result<Self> {
        let (texts, incoming) = sync_channel::<String>(WAITING_BLOCKS);
        let (ending, ended) = sync_channel(1);
        std::thread::Builder::new().name("print".into()).spawn(move || {
            // With nobody left to hear the outcome it does not matter.
            drop(ending.send(write_texts(out, &incoming)));
        })?;
        Ok(Self { texts: Some(texts), ended, printing, is_behind: false, second: now, printed: 0, unprinted: 0 })
    }

    /// Whether anything is ever shown.
    pub(super) fn is_on(&self) -> bool {
        self.printing != Printing::Nothing
    }

    /// Shows a message that is an order, or counts it.
    pub(super) fn order(&mut self, now: Instant, message: &Message<'_>, stop: &Shutdown) {
        match self.printing {
            Printing::Nothing => return,
            Printing::Everything => {}
            Printing::Some(limit) => {
                self.look_at_the_clock(now, stop);
                if self.printed >= limit {
                    self.unprinted += 1;
                    return;
                }
                self.printed += 1;
            }
        }
        let text = message.payload.and_then(|payload| std::str::from_utf8(payload).ok());
        // Read once more, which is little beside showing it.
        let Some(Ok(order)) = text.map(order::read) else { return };
        if !self.send(block(message, &order), stop, PATIENCE) {
            self.unprinted += 1;
        }
    }

    /// Once the second is over: says how many were not shown, and shows again.
    pub(super) fn look_at_the_clock(&mut self, now: Instant, stop: &Shutdown) {
        if now.duration_since(self.second) >= Duration::from_secs(1) {
            self.second = now;
            self.printed = 0;
            self.tell_unprinted(stop);
        }
    }

    fn tell_unprinted(&mut self, stop: &Shutdown) {
        if self.unprinted > 0 {
            let text = format!("… and {} more orders\n", self.unprinted);
            if self.send(text, stop, Duration::ZERO) {
                self.unprinted = 0;
            }
        }
    }

    /// Whether the text will be written.
    fn send(&mut self, text: String, stop: &Shutdown, patience: Duration) -> bool {
        let Some(texts) = &self.texts else { return false };
        let deadline = Instant::now() + if self.is_behind { Duration::ZERO } else { patience };
        let mut waiting = text;
        loop {
            match texts.try_send(waiting) {
                Ok(()) => {
                    self.is_behind = false;
                    return true;
                }
                Err(TrySendError::Disconnected(_)) => {
                    self.texts = None;
                    return false;
                }
                Err(TrySendError::Full(_)) if Instant::now() >= deadline => {
                    self.is_behind = true;
                    return false;
                }
                Err(TrySendError::Full(back)) => waiting = back,
            }
            stop.wait_timeout(Duration::from_millis(1));
        }
    }

    /// Writes what is left and `last`, a line for scripts; gives up on a reader who does not read.
    ///
    /// # Errors
    /// When standard output could not be written, other than because its reader has gone.
    pub(super) fn finish(mut self, last: Option<String>) -> io::Result<()> {
        // A stop was asked for already, so waits must not listen to it.
        let stop = Shutdown::new();
        self.tell_unprinted(&stop);
        self.is_behind = false;
        let is_awaited = last.is_some();
        if let Some(line) = last {
            // Not taken now means not written below, which is told there.
            self.send(format!("{line}\n"), &stop, LAST_WORDS);
        }
        self.texts = None;
        match self.ended.recv_timeout(LAST_WORDS) {
            Ok(Err(error)) if is_quiet_end(&error) => Ok(()),
            Ok(outcome) => outcome,
            Err(RecvTimeoutError::Disconnected) => Err(io::Error::other("its thread panicked")),
            Err(RecvTimeoutError::Timeout) if is_awaited => Err(io::Error::other("nobody reads it")),
            Err(RecvTimeoutError::Timeout) => Ok(()),
        }
    }
}

fn write_texts(mut out: impl Write, incoming: &Receiver<String>) -> io::Result<()> {
    while let Ok(text) = incoming.recv() {
        out.write_all(text.as_bytes())?;
        out.flush()?;
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_never_reach_the_terminal() {
        assert_eq!(safe("a\u{1b}[31mb\n\u{9b}"), "a␛[31mb␛␛");
        assert_eq!(safe(&"x".repeat(61)).chars().count(), 61);
        assert!(safe(&"x".repeat(61)).ends_with('…'));
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
        let mut printer = Printer::start(Stuck(held), Printing::Everything, Instant::now()).expect("a thread");
        let stop = Shutdown::new();
        let sent = (0..WAITING_BLOCKS + 100).filter(|_| printer.send("x".into(), &stop, Duration::ZERO)).count();
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
