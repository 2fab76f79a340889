//! Standard output, written by a thread of its own.
//!
//! A reader that stops reading blocks whoever writes. Orders, signals and the end must not hang on
//! it: they hand over pieces of whole lines, wait a little while there is no room, and then count.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use crate::tools::shutdown::Shutdown;

/// A piece is written at once. A pipe has room again page by page, so a slow reader is seen to read
/// at each of them.
pub(super) const PIECE_BYTES: usize = 4 * 1024;

/// How many pieces may wait: 4 MiB, some 30,000 orders, which is more than are ever in flight.
const MOST_PIECES: usize = 1_024;

/// Beyond so many waiting pieces, messages no longer try to stand after the orders before them.
const FEW_PIECES: usize = 4;

/// How long a message, or a reader that stopped before the end, is waited for.
const SHORTLY: Duration = Duration::from_millis(100);

/// How a run that has to end deals with a reader, and how long a full queue is waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// With a full queue, before lines are counted instead of printed.
    pub(super) full: Duration,
    /// At the end, without the reader taking anything.
    pub(super) idle: Duration,
    /// In all, once a stop was asked for: with a full queue, and again at the end, however steadily the reader reads.
    pub(super) stopping: Duration,
}

impl Patience {
    /// For readers, who may have stopped.
    pub(super) const READER: Self =
        Self { full: Duration::from_secs(1), idle: Duration::from_secs(1), stopping: Duration::from_secs(3) };

    /// For files: only a disk can stall, and it comes back.
    pub(super) const FILE: Self =
        Self { full: Duration::from_secs(30), idle: Duration::from_secs(30), stopping: Duration::from_secs(30) };
}

/// Some whole lines.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    /// How many orders its lines tell of.
    pub(super) orders: u64,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Piece>,
    /// The thread has taken a piece that it has not written yet.
    is_writing: bool,
    /// How many pieces were written.
    written: u64,
    /// What was `written` when somebody waited in vain; until it grows nobody waits again.
    stuck_at: Option<u64>,
    /// How long a full queue was waited for since a stop was asked for.
    waited_stopping: Duration,
    /// Orders that were counted instead of printed.
    unprinted: u64,
    /// To be taken out of the way of a line on the same terminal.
    bar: Option<ProgressBar>,
    /// Why standard output takes nothing more.
    end: Option<Arc<io::Error>>,
    is_closed: bool,
}

impl State {
    fn is_idle(&self) -> bool {
        self.end.is_some() || (self.waiting.is_empty() && !self.is_writing)
    }

    fn is_full(&self) -> bool {
        self.end.is_none() && self.waiting.len() >= MOST_PIECES
    }

    /// Says where lines are missing, before the next that is printed.
    fn tell_unprinted(&mut self) {
        if self.unprinted > 0 {
            let bytes = format!("… and {} more orders\n", self.unprinted).into_bytes();
            self.unprinted = 0;
            self.waiting.push_back(Piece { bytes, orders: 0 });
        }
    }

    fn push(&mut self, piece: Piece) {
        self.tell_unprinted();
        self.waiting.push_back(piece);
    }
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Pieces came, or the end.
    came: Condvar,
    /// A piece was written, or nothing can be.
    went: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits while `busy`, at most `timeout`.
    fn wait_while<'a>(
        &self,
        state: MutexGuard<'a, State>,
        timeout: Duration,
        busy: impl Fn(&State) -> bool,
    ) -> MutexGuard<'a, State> {
        let waited = self.went.wait_timeout_while(state, timeout, |state| busy(state));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// The printing thread.
    fn print(&self, mut out: impl Write, shutdown: &Shutdown) {
        loop {
            let state = self.lock();
            let nothing = |state: &mut State| state.waiting.is_empty() && !state.is_closed;
            let mut state = self.came.wait_while(state, nothing).unwrap_or_else(PoisonError::into_inner);
            let Some(piece) = state.waiting.pop_front() else { return };
            state.is_writing = true;
            let bar = state.bar.clone();
            drop(state);
            let mut write = || out.write_all(&piece.bytes).and_then(|()| out.flush());
            let written = match bar {
                Some(bar) => bar.suspend(write),
                None => write(),
            };
            let mut state = self.lock();
            state.is_writing = false;
            state.written += 1;
            state.stuck_at = None;
            if let Err(error) = written {
                state.end = Some(Arc::new(error));
                state.waiting.clear();
                // Nobody reads what is delivered any more: no more orders, but those sent are seen home.
                shutdown.request();
            }
            self.went.notify_all();
            if state.end.is_some() {
                return;
            }
        }
    }
}

/// The handing end. The thread ends with it, unless its reader does not read: then with the process.
pub(super) struct Printer {
    shared: Arc<Shared>,
    patience: Patience,
    shutdown: Shutdown,
}

impl Printer {
    pub(super) fn new(out: Box<dyn Write + Send>, patience: Patience, shutdown: &Shutdown) -> Self {
        let shared = Arc::new(Shared::default());
        let (theirs, stop) = (Arc::clone(&shared), shutdown.clone());
        let thread = std::thread::Builder::new().name("printer".into()).spawn(move || theirs.print(out, &stop));
        if let Err(error) = thread {
            shared.lock().end = Some(Arc::new(error));
            shutdown.request();
        }
        Self { shared, patience, shutdown: shutdown.clone() }
    }

    /// Why standard output takes nothing more.
    pub(super) fn end(&self) -> Option<Arc<io::Error>> {
        self.shared.lock().end.clone()
    }

    /// Which bar stands on the terminal that is printed on.
    pub(super) fn set_bar(&self, bar: Option<ProgressBar>) {
        self.shared.lock().bar = bar;
    }

    /// Hands lines over. While there is no room it waits a little, then counts their orders instead.
    pub(super) fn print(&self, piece: Piece) {
        let mut state = self.shared.lock();
        if state.is_full() && state.stuck_at.is_none() {
            let began = Instant::now();
            let is_stopping = self.shutdown.is_requested();
            // Else a slow reader would keep the last reports from being heard within the flush timeout.
            let left = self.patience.stopping.saturating_sub(state.waited_stopping);
            let timeout = if is_stopping { left.min(self.patience.full) } else { self.patience.full };
            state = self.shared.wait_while(state, timeout, State::is_full);
            if is_stopping {
                state.waited_stopping += began.elapsed();
            }
        }
        if state.end.is_some() {
            return;
        }
        if state.is_full() {
            state.stuck_at = Some(state.written);
            state.unprinted += piece.orders;
            return;
        }
        state.push(piece);
        self.shared.came.notify_one();
    }

    /// Lets the printed lines come before a message that is about to be written elsewhere.
    pub(super) fn catch_up(&self) {
        let state = self.shared.lock();
        if state.stuck_at.is_some() || state.waiting.len() > FEW_PIECES {
            return;
        }
        let mut state = self.shared.wait_while(state, SHORTLY, |state| !state.is_idle());
        if !state.is_idle() {
            state.stuck_at = Some(state.written);
        }
    }

    /// Waits until all is printed: as long as the reader reads, and no longer than is fit once a stop
    /// was asked for. What is not printed then is counted.
    pub(super) fn settle(&self) {
        let mut state = self.shared.lock();
        let (mut seen, mut since, mut stopping) = (state.written, Instant::now(), None);
        while !state.is_idle() {
            let now = Instant::now();
            if state.written != seen {
                (seen, since) = (state.written, now);
            }
            let end = if self.shutdown.is_requested() {
                *stopping.get_or_insert_with(|| now + self.patience.stopping)
            } else {
                now + self.patience.idle
            };
            if now >= end || now.duration_since(since) >= self.patience.idle {
                let given_up: u64 = state.waiting.drain(..).map(|piece| piece.orders).sum();
                state.unprinted += given_up;
                state.stuck_at = Some(state.written);
                return;
            }
            state = self.shared.wait_while(state, Duration::from_millis(50), |state| !state.is_idle());
        }
    }

    /// The last line of all, which is printed if anything still is.
    pub(super) fn last_line(&self, line: &str) {
        let mut state = self.shared.lock();
        let is_stuck = state.stuck_at.is_some();
        state.push(Piece { bytes: format!("{line}\n").into_bytes(), orders: 0 });
        self.shared.came.notify_one();
        if is_stuck {
            // All the time there is was spent in `settle`; this is for a reader that comes back now.
            drop(self.shared.wait_while(state, SHORTLY, |state| !state.is_idle()));
        } else {
            drop(state);
            self.settle();
        }
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.came.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::SyncSender;

    use super::*;
    use crate::tools::printer::gate::Gate;

    fn gated(patience: Patience) -> (Printer, SyncSender<()>, Arc<Mutex<String>>, Shutdown) {
        let ((gate, open, text), shutdown) = (Gate::new(), Shutdown::new());
        (Printer::new(Box::new(gate), patience, &shutdown), open, text, shutdown)
    }

    fn line(number: usize) -> Piece {
        Piece { bytes: format!("{number}\n").into_bytes(), orders: 1 }
    }

    #[test]
    fn a_reader_that_stops_costs_one_wait_and_its_lines_are_counted() {
        let (printer, open, text, _) = gated(Patience::READER);
        let began = Instant::now();
        (0..10_000).for_each(|number| printer.print(line(number)));
        let waited = began.elapsed();
        assert!(waited >= Patience::READER.full && waited < 3 * Patience::READER.full, "{waited:?}");
        open.send(()).unwrap();
        printer.settle();
        printer.last_line("sent=10000");
        let text = text.lock().unwrap().clone();
        let mut lines = text.lines().rev();
        assert_eq!(lines.next(), Some("sent=10000"));
        let unprinted = lines.next().and_then(|line| line.split(' ').nth(2)).and_then(|n| n.parse::<usize>().ok());
        assert_eq!(unprinted, Some(10_000 - lines.count()), "each is printed or counted");
    }

    #[test]
    fn a_reader_that_keeps_up_gets_every_line() {
        let (printer, open, text, _) = gated(Patience::READER);
        open.send(()).unwrap();
        (0..50_000).for_each(|number| printer.print(line(number)));
        printer.settle();
        printer.last_line("end");
        let expected: String = (0..50_000).map(|number| format!("{number}\n")).collect();
        assert!(*text.lock().unwrap() == expected + "end\n");
    }

    #[test]
    fn the_end_does_not_wait_for_a_reader_that_has_stopped() {
        let (printer, _open, text, shutdown) = gated(Patience::READER);
        printer.print(line(1));
        shutdown.request();
        let began = Instant::now();
        printer.settle();
        printer.last_line("end");
        let waited = began.elapsed();
        assert!(waited >= Patience::READER.idle && waited < Duration::from_secs(3), "{waited:?}");
        assert!(printer.end().is_none(), "nobody has gone");
        assert_eq!(*text.lock().unwrap(), "");
    }
}
