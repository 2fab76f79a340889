//! Lines for people who look on, written by a thread of their own: a reader who does not read (`| less`, Ctrl-S) holds
//! up nobody who works. What does not fit any more is counted, and the count is shown where the lines are missing.

use std::io::Write;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many lines may wait for a slow reader.
const MOST_WAITING: usize = 512;

/// How long the end waits for what is still to be written.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A look at whether there is room for the last line.
const LOOK: Duration = Duration::from_millis(5);

/// Shows lines. Any number of threads may hand them over; none of them ever waits.
pub struct Printer {
    inside: Mutex<Inside>,
}

struct Inside {
    /// None once the reader has gone, or the end was asked for.
    lines: Option<SyncSender<String>>,
    /// Hears when the thread has ended, and why, unless it was asked to.
    ended: Receiver<std::io::Error>,
    unshown: u64,
}

impl Printer {
    /// Starts the thread that writes to `out`.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(mut out: impl Write + Send + 'static) -> std::io::Result<Self> {
        let (lines, waiting) = sync_channel::<String>(MOST_WAITING);
        let (ending, ended) = sync_channel(1);
        std::thread::Builder::new().name("print".into()).spawn(move || {
            for line in waiting {
                if let Err(error) = out.write_all(line.as_bytes()).and_then(|()| out.flush()) {
                    // With its reader gone nobody looks on.
                    return drop(ending.send(error));
                }
            }
        })?;
        Ok(Self { inside: Mutex::new(Inside { lines: Some(lines), ended, unshown: 0 }) })
    }

    /// Shows a line, or counts it; `line` has no end of line.
    pub fn line(&self, line: &str) {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if !inside.tell_unshown() || !inside.hand_over(format!("{line}\n")) {
            inside.unshown += 1;
        }
    }

    /// Writes what still waits, and says how much is missing; gives up on a reader who does not read.
    pub fn finish(&self) {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let until = Instant::now() + LAST_WORDS;
        while !inside.tell_unshown() && Instant::now() < until {
            std::thread::park_timeout(LOOK);
        }
        inside.lines = None;
        // Whoever does not read holds up no end either.
        drop(inside.ended.recv_timeout(until.saturating_duration_since(Instant::now())));
    }
}

impl Inside {
    /// Says how many lines are missing, if any are; false when there is no room for that.
    fn tell_unshown(&mut self) -> bool {
        if self.unshown == 0 || self.lines.is_none() {
            return true;
        }
        let is_told = self.hand_over(format!("… {} lines not shown\n", self.unshown));
        if is_told {
            self.unshown = 0;
        }
        is_told
    }

    fn hand_over(&mut self, text: String) -> bool {
        let Some(lines) = &self.lines else { return false };
        match lines.try_send(text) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => false,
            Err(TrySendError::Disconnected(_)) => {
                self.lines = None;
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// A reader who reads only when he is let.
    struct Gate {
        opened: Receiver<()>,
        is_open: bool,
        text: Arc<Mutex<String>>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            if !self.is_open {
                self.is_open = self.opened.recv().is_ok();
            }
            self.text.lock().expect("no panic").push_str(std::str::from_utf8(bytes).expect("text"));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn each_line_is_shown_or_counted_and_nobody_waits() {
        let (open, opened) = sync_channel(1);
        let text = Arc::<Mutex<String>>::default();
        let printer = Printer::start(Gate { opened, is_open: false, text: Arc::clone(&text) }).expect("a thread");
        // Handed over by as many as like to, while nobody reads.
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let printer = &printer;
                scope.spawn(move || (0..500).for_each(|n| printer.line(&format!("{thread}.{n}"))));
            }
        });
        open.send(()).expect("the reader waits");
        printer.finish();
        let text = text.lock().expect("no panic").clone();
        let count = |line: &str| line.strip_prefix("… ")?.strip_suffix(" lines not shown")?.parse::<usize>().ok();
        let unshown: usize = text.lines().filter_map(count).sum();
        let shown = text.lines().filter(|line| count(line).is_none()).count();
        assert_eq!(shown + unshown, 2_000, "{text}");
        assert!((MOST_WAITING..=MOST_WAITING + 1).contains(&shown) && text.ends_with("lines not shown\n"), "{text}");
    }

    #[test]
    fn the_end_does_not_wait_for_a_reader_who_never_reads() {
        let (_never, opened) = sync_channel(1);
        let printer = Printer::start(Gate { opened, is_open: false, text: Arc::default() }).expect("a thread");
        (0..2 * MOST_WAITING).for_each(|_| printer.line("x"));
        printer.finish();
        printer.line("after the end");
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let printer = Printer::start(writer).expect("a thread");
        (0..9).for_each(|_| printer.line("nobody looks on"));
        printer.finish();
    }
}
