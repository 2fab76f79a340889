//! Lines for people who look on, written by a thread of their own: a reader who does not read (`| less`, Ctrl-S) holds
//! up nobody who works. What does not fit any more is counted, and the count is shown where the lines are missing.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long the end waits for what is still to be written.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A look at whether there is room again.
const LOOK: Duration = Duration::from_millis(1);

/// Shows lines. Any number of threads may hand them over.
pub struct Printer {
    inside: Mutex<Inside>,
}

struct Inside {
    /// None once the reader has gone, or the end was asked for.
    texts: Option<SyncSender<String>>,
    /// Hears when the thread has ended, and why.
    ended: Receiver<io::Result<()>>,
    /// Whether the reader was slower than somebody's patience, and has not caught up since.
    is_behind: bool,
    unshown: u64,
}

impl Printer {
    /// Starts the thread that writes to `out`; `most_waiting` texts may wait for a slow reader.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(mut out: impl Write + Send + 'static, most_waiting: usize) -> io::Result<Self> {
        let (texts, waiting) = sync_channel::<String>(most_waiting);
        let (ending, ended) = sync_channel(1);
        std::thread::Builder::new().name("print".into()).spawn(move || {
            let mut write = |text: String| out.write_all(text.as_bytes()).and_then(|()| out.flush());
            // With nobody left to hear the outcome it does not matter.
            drop(ending.send(waiting.iter().try_for_each(&mut write)));
        })?;
        Ok(Self { inside: Mutex::new(Inside { texts: Some(texts), ended, is_behind: false, unshown: 0 }) })
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows a line, or counts it, and never waits; `line` has no end of line.
    pub fn line(&self, line: &str) {
        let mut inside = self.lock();
        if !inside.tell_unshown() || inside.hand_over(format!("{line}\n")).is_err() {
            inside.unshown += 1;
        }
    }

    /// Hands whole lines over at once, for who counts what is not shown; false when there is no room for them.
    pub fn try_print(&self, text: String) -> bool {
        self.lock().hand_over(text).is_ok()
    }

    /// The same, waiting for room; false when there is no room for them within
    /// `patience`, or nobody reads any more. A reader who was slower than that is not waited for again before he has
    /// caught up. `wait` waits for so long, and says whether that is enough, as when a stop is asked for.
    pub fn print(&self, text: String, patience: Duration, wait: impl Fn(Duration) -> bool) -> bool {
        let patience = if self.lock().is_behind { Duration::ZERO } else { patience };
        self.hand_over(text, Some(Instant::now() + patience), || wait(LOOK))
    }

    /// The same for what must not be missing: waits for room for as long as it takes. After a false nothing may follow.
    pub fn print_all(&self, text: String, wait: impl Fn(Duration) -> bool) -> bool {
        self.hand_over(text, None, || wait(LOOK))
    }

    /// `wait` waits a moment, and says whether that is enough. Others may hand over meanwhile.
    fn hand_over(&self, text: String, until: Option<Instant>, wait: impl Fn() -> bool) -> bool {
        let mut waiting = text;
        loop {
            let mut inside = self.lock();
            match inside.hand_over(waiting) {
                Ok(()) => {
                    inside.is_behind = false;
                    return true;
                }
                Err(_) if inside.texts.is_none() => return false,
                Err(_) if until.is_some_and(|until| Instant::now() >= until) => {
                    inside.is_behind = true;
                    return false;
                }
                Err(back) => waiting = back,
            }
            drop(inside);
            if wait() {
                return false;
            }
        }
    }

    /// Why nothing is shown any more, told once: a closed pipe, or a disk that is full.
    pub fn take_end(&self) -> Option<io::Error> {
        self.lock().ended.try_recv().ok().and_then(Result::err)
    }

    /// Writes what still waits, how much is missing, and `last` at the very end. False when a reader who does not read
    /// was given up.
    ///
    /// # Errors
    /// Why nothing more could be written, a closed pipe too, unless [`Printer::take_end`] has told.
    pub fn finish(&self, last: Option<String>) -> io::Result<bool> {
        let until = Instant::now() + LAST_WORDS;
        let moment = || {
            std::thread::park_timeout(LOOK);
            false
        };
        while !self.lock().tell_unshown() && Instant::now() < until {
            moment();
        }
        let is_taken = last.is_none_or(|text| self.hand_over(text, Some(until), moment));
        let is_written = self.end(|| Instant::now() >= until || moment())?;
        Ok(is_taken && is_written)
    }

    /// Writes what still waits, however long that takes. False when `wait` said before that it is enough; it waits for so
    /// long.
    ///
    /// # Errors
    /// As [`Printer::finish`].
    pub fn drain(&self, wait: impl Fn(Duration) -> bool) -> io::Result<bool> {
        self.end(|| wait(LOOK))
    }

    /// Takes nothing more, and waits for the thread's end.
    fn end(&self, wait: impl Fn() -> bool) -> io::Result<bool> {
        self.lock().texts = None;
        loop {
            let found = self.lock().ended.try_recv();
            match found {
                Ok(outcome) => return outcome.map(|()| true),
                // It was told before, or the thread panicked: nobody reads.
                Err(TryRecvError::Disconnected) => return Ok(false),
                Err(TryRecvError::Empty) if wait() => return Ok(false),
                Err(TryRecvError::Empty) => {}
            }
        }
    }
}

impl Inside {
    /// Says how many lines are missing, if any are; false when there is no room for that.
    fn tell_unshown(&mut self) -> bool {
        if self.unshown == 0 || self.texts.is_none() {
            return true;
        }
        let is_told = self.hand_over(format!("… {} lines not shown\n", self.unshown)).is_ok();
        if is_told {
            self.unshown = 0;
        }
        is_told
    }

    /// Gives the text back when it is not taken.
    fn hand_over(&mut self, text: String) -> Result<(), String> {
        let Some(texts) = &self.texts else { return Err(text) };
        texts.try_send(text).map_err(|error| match error {
            TrySendError::Full(text) => text,
            TrySendError::Disconnected(text) => {
                self.texts = None;
                text
            }
        })
    }
}

/// Readers for tests.
#[cfg(test)]
pub(crate) mod gate {
    use std::sync::Arc;

    use super::*;

    /// A reader who reads only when he is let, as a pipe that nobody reads.
    pub(crate) struct Gate {
        opened: Receiver<()>,
        is_open: bool,
        text: Arc<Mutex<String>>,
    }

    impl Gate {
        /// What lets him read, once, and where it then stands.
        pub(crate) fn new() -> (Self, SyncSender<()>, Arc<Mutex<String>>) {
            let ((open, opened), text) = (sync_channel(1), Arc::<Mutex<String>>::default());
            (Self { opened, is_open: false, text: Arc::clone(&text) }, open, text)
        }
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if !self.is_open {
                self.is_open = self.opened.recv().is_ok();
            }
            self.text.lock().expect("no panic").push_str(std::str::from_utf8(bytes).expect("text"));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::gate::Gate;
    use super::*;

    const WAITING: usize = 64;

    #[test]
    fn each_line_is_shown_or_counted_and_nobody_waits() {
        let (gate, open, text) = Gate::new();
        let printer = Printer::start(gate, WAITING).expect("a thread");
        // Handed over by as many as like to, while nobody reads.
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let printer = &printer;
                scope.spawn(move || (0..500).for_each(|n| printer.line(&format!("{thread}.{n}"))));
            }
        });
        open.send(()).expect("the reader waits");
        assert!(printer.finish(None).expect("written"));
        let text = text.lock().expect("no panic").clone();
        let count = |line: &str| line.strip_prefix("… ")?.strip_suffix(" lines not shown")?.parse::<usize>().ok();
        let unshown: usize = text.lines().filter_map(count).sum();
        let shown = text.lines().filter(|line| count(line).is_none()).count();
        assert_eq!(shown + unshown, 2_000, "{text}");
        assert!((WAITING..=WAITING + 1).contains(&shown) && text.ends_with("lines not shown\n"), "{text}");
    }

    #[test]
    fn a_slow_reader_is_waited_for_once() {
        let (gate, open, text) = Gate::new();
        let printer = Printer::start(gate, WAITING).expect("a thread");
        let patience = Duration::from_millis(100);
        let wait = |pause| {
            std::thread::park_timeout(pause);
            false
        };
        let began = Instant::now();
        let taken = (0..10 * WAITING).filter(|_| printer.print("x\n".into(), patience, wait)).count();
        assert!((WAITING..=WAITING + 1).contains(&taken), "{taken}");
        assert!(began.elapsed() >= patience && began.elapsed() < 10 * patience, "{:?}", began.elapsed());
        open.send(()).expect("the reader waits");
        assert!(printer.finish(Some("last\n".into())).expect("written"));
        let text = text.lock().expect("no panic").clone();
        assert_eq!((text.lines().count(), text.lines().last()), (taken + 1, Some("last")), "his count is the caller's");
    }

    #[test]
    fn what_must_not_be_missing_waits_for_its_reader_and_no_longer_than_is_allowed() {
        let (gate, open, text) = Gate::new();
        let printer = Printer::start(gate, 1).expect("a thread");
        let looks = std::cell::Cell::new(0);
        // Whoever reads begins late.
        let wait = |_| {
            looks.set(looks.get() + 1);
            if looks.get() == 100 {
                open.send(()).expect("the reader waits");
            }
            std::thread::yield_now();
            false
        };
        assert!((0..1_000).all(|n| printer.print_all(format!("{n}\n"), wait)), "all of it, in its order");
        assert!(printer.drain(wait).expect("written"));
        let expected: String = (0..1_000).map(|n| format!("{n}\n")).collect();
        assert_eq!(*text.lock().expect("no panic"), expected);
        let (gate, _never, _) = Gate::new();
        let printer = Printer::start(gate, 1).expect("a thread");
        assert!(!(0..4).all(|_| printer.print_all("x\n".into(), |_| true)));
        assert!(!printer.drain(|_| true).expect("no failure"), "and that is said");
    }

    #[test]
    fn the_end_does_not_wait_for_a_reader_who_never_reads() {
        let (gate, _never, _) = Gate::new();
        let printer = Printer::start(gate, WAITING).expect("a thread");
        (0..2 * WAITING).for_each(|_| printer.line("x"));
        assert!(!printer.finish(Some("last\n".into())).expect("no failure"), "and that is said");
        printer.line("after the end");
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        let printer = Printer::start(writer, WAITING).expect("a thread");
        printer.line("nobody looks on");
        let end = loop {
            match printer.take_end() {
                Some(error) => break error.kind(),
                None => std::thread::yield_now(),
            }
        };
        assert_eq!(end, io::ErrorKind::BrokenPipe);
        assert!(!printer.finish(None).expect("told before"));
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a device");
        let printer = Printer::start(full, WAITING).expect("a thread");
        assert!(printer.finish(Some("last\n".into())).is_err());
    }
}
