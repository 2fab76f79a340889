//! Standard output, which must miss no line, and which nobody may read: lines wait for their reader, a stop does not.

use std::cell::{Cell, OnceCell};
use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::programs::travel::TravelError;
use crate::services::output::OutputError;
use crate::tools::printer::Printer;
use crate::tools::shutdown::Shutdown;
use crate::tools::stderr::remark;

/// Texts that may wait for their reader.
const MOST_WAITING: usize = 4;

/// How long he is waited for once a stop was asked for.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Where lines go.
pub(super) struct Outlet<'a> {
    printer: Printer,
    shutdown: &'a Shutdown,
    /// When it was first seen that a stop was asked for.
    stopped: OnceCell<Instant>,
    /// Whether something is missing at the end, and nothing may follow it.
    is_cut: Cell<bool>,
}

impl<'a> Outlet<'a> {
    /// Starts the thread that writes to `out`.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub(super) fn start(out: impl Write + Send + 'static, shutdown: &'a Shutdown) -> io::Result<Self> {
        let printer = Printer::start(out, MOST_WAITING)?;
        Ok(Self { printer, shutdown, stopped: OnceCell::new(), is_cut: Cell::new(false) })
    }

    /// Prints whole lines, when their reader has read those before.
    ///
    /// # Errors
    /// [`TravelError::Output`] when nobody can read them any more.
    pub(super) fn print(&self, text: String) -> Result<(), TravelError> {
        if self.is_cut.get() || self.printer.print_all(text, |pause| self.is_enough(pause)) {
            return Ok(());
        }
        self.is_cut.set(true);
        self.check()
    }

    /// Whether lines can still be read.
    ///
    /// # Errors
    /// [`TravelError::Output`] when nobody can read them any more.
    pub(super) fn check(&self) -> Result<(), TravelError> {
        self.printer.take_end().map_or(Ok(()), |source| Err(OutputError::from(source).into()))
    }

    /// Waits until all was read, or for a moment after a stop was asked for, and says what it was.
    ///
    /// # Errors
    /// [`TravelError::Output`] when something could not be written.
    pub(super) fn finish(&self) -> Result<(), TravelError> {
        let drained = self.printer.drain(|pause| self.is_enough(pause));
        let is_whole = drained.map_err(OutputError::from)? && !self.is_cut.get();
        if !is_whole {
            remark("stopped before the last lines were read by whoever reads standard output");
        }
        Ok(())
    }

    /// Waits for so long; whether the reader was waited for long enough.
    fn is_enough(&self, pause: Duration) -> bool {
        if !self.shutdown.wait_timeout(pause) {
            return false;
        }
        std::thread::park_timeout(pause);
        self.stopped.get_or_init(Instant::now).elapsed() >= LAST_WORDS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::printer::gate::Gate;

    #[test]
    fn a_stop_does_not_wait_for_who_never_reads_and_leaves_no_hole() {
        let (gate, open, text) = Gate::new();
        let stop = Shutdown::new();
        stop.request();
        let outlet = Outlet::start(gate, &stop).expect("a thread");
        (0..2 * MOST_WAITING).for_each(|n| outlet.print(format!("{n}\n")).expect("it is no failure"));
        open.send(()).expect("the reader waits");
        while !text.lock().expect("no panic").ends_with("\n3\n4\n") {
            std::thread::yield_now();
        }
        outlet.print("behind a hole\n".to_owned()).expect("it is no failure");
        outlet.finish().expect("it is no failure");
        assert_eq!(*text.lock().expect("no panic"), "0\n1\n2\n3\n4\n");
    }

    #[test]
    fn a_reader_who_has_gone_is_noticed() {
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        let stop = Shutdown::new();
        let outlet = Outlet::start(writer, &stop).expect("a thread");
        let gone = (0..).find_map(|_| outlet.print("x\n".to_owned()).err());
        assert!(matches!(gone, Some(TravelError::Output(error)) if error.is_quiet_end()));
    }
}
