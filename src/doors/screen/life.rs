//! Taking the terminal and giving it back, whatever happens between.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::termios::{OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcsetattr, ttyname};
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

/// How long a terminal may take to be entered or left; then it is stuck, and the end must not wait for it.
const PATIENCE: Duration = Duration::from_secs(1);

/// After the end of whatever was broken off in the middle: the alternate screen, no cursor, and pastes that look like
/// keys.
const ENTER: &[u8] = b"\x1b\\\x1b[?1049h\x1b[?2004l\x1b[?25l\x1b[0m\x1b[2J";
/// Buttons and wheel, told with numbers of any size; not each movement.
const MOUSE: &[u8] = b"\x1b[?1000h\x1b[?1006h";
/// After the end of whatever was broken off in the middle.
const NO_MOUSE: &[u8] = b"\x1b\\\x1b[?1006l\x1b[?1000l";
/// All of it back, also what a stuck terminal may have missed, and blank: the Linux console has no other screen to
/// return to.
const LEAVE: &[u8] = b"\x1b\\\x1b[?2026l\x1b[?1006l\x1b[?1000l\x1b[0m\x1b[2J\x1b[H\x1b[?25h\x1b[?1049l";

/// The one terminal that is taken; the panic hook finds it here.
static TAKEN: Mutex<Option<Arc<Life>>> = Mutex::new(None);

/// A terminal that is ours, or was.
#[derive(Debug)]
pub(super) struct Life {
    terminal: File,
    before: Termios,
    wants_mouse: bool,
    is_ours: AtomicBool,
}

impl Life {
    /// Takes the terminal.
    pub(super) fn begin(wants_mouse: bool) -> io::Result<Arc<Life>> {
        let terminal = open()?;
        let before = tcgetattr(&terminal)?;
        let life = Arc::new(Life { terminal, before, wants_mouse, is_ours: AtomicBool::new(false) });
        {
            let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
            if taken.is_some() {
                return Err(io::Error::other("the terminal is taken already"));
            }
            *taken = Some(Arc::clone(&life));
        }
        hook_panics();
        match life.enter() {
            Ok(()) => Ok(life),
            Err(error) => {
                // What was done of it is undone; the first error is the one to tell.
                life.end().ok();
                Err(error)
            }
        }
    }

    /// Takes the terminal again, in whatever state somebody else left it.
    pub(super) fn enter(&self) -> io::Result<()> {
        self.is_ours.store(true, Ordering::SeqCst);
        let mut raw = self.before.clone();
        raw.make_raw();
        tcsetattr(&self.terminal, OptionalActions::Now, &raw)?;
        self.write_all(ENTER)?;
        if self.wants_mouse { self.write_all(MOUSE) } else { Ok(()) }
    }

    /// Gives the terminal back, once however often it is asked for. All of it is tried whatever fails.
    pub(super) fn leave(&self) -> io::Result<()> {
        if !self.is_ours.swap(false, Ordering::SeqCst) {
            return Ok(());
        }
        // First the modes, then the screen: who sees the shell's screen may type, and all of that is the shell's.
        let quiet = if self.wants_mouse { self.silence_mouse() } else { Ok(()) };
        let modes = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
        let written = self.write_last(LEAVE);
        quiet.and(modes.map_err(io::Error::from)).and(written)
    }

    /// No more clicks, and those that are still on their way are not typed into the shell.
    fn silence_mouse(&self) -> io::Result<()> {
        self.write_last(NO_MOUSE)?;
        Ok(tcflush(&self.terminal, QueueSelector::IFlush)?)
    }

    /// Gives the terminal back for good.
    pub(super) fn end(&self) -> io::Result<()> {
        let left = self.leave();
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) = None;
        left
    }

    /// An error once the terminal was given back, as by a thread that panicked.
    pub(super) fn check(&self) -> io::Result<()> {
        match self.is_ours.load(Ordering::SeqCst) {
            true => Ok(()),
            false => Err(io::Error::other("the terminal was given back")),
        }
    }

    /// Columns and rows. A terminal that does not know has 80×24, as the first ones had.
    pub(super) fn size(&self) -> (u16, u16) {
        match terminal_size::terminal_size_of(&self.terminal) {
            Some((columns, rows)) => (columns.0, rows.0),
            None => (80, 24),
        }
    }

    /// Sends as much as the terminal takes now, and tells how much that was.
    pub(super) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut sent = 0;
        while let Some(rest) = bytes.get(sent..).filter(|rest| !rest.is_empty()) {
            // A short write is what is wanted: nobody waits here.
            match rustix::io::write(&self.terminal, rest) {
                Ok(0) | Err(Errno::WOULDBLOCK) => break,
                Ok(count) => sent += count,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(sent)
    }

    /// Reads what is there; `None` if nothing is.
    pub(super) fn receive(&self, room: &mut [u8]) -> io::Result<Option<usize>> {
        match rustix::io::read(&self.terminal, room) {
            Ok(0) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the terminal is gone")),
            Ok(count) => Ok(Some(count)),
            Err(Errno::WOULDBLOCK | Errno::INTR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until there is something to read, or, if wanted, room to write; or until a signal, or for so long.
    pub(super) fn wait(&self, for_room: bool, timeout: Duration) -> io::Result<()> {
        let wanted = if for_room { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
        self.poll(wanted, timeout)
    }

    fn poll(&self, wanted: PollFlags, timeout: Duration) -> io::Result<()> {
        let timeout = Timespec::try_from(timeout).map_err(|_| io::Error::other("that is too long"))?;
        match poll(&mut [PollFd::new(&self.terminal, wanted)], Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes what must reach a terminal that is stuck now and may come back: what it has not taken yet gives way.
    fn write_last(&self, bytes: &[u8]) -> io::Result<()> {
        match self.write_all(bytes) {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                tcflush(&self.terminal, QueueSelector::OFlush)?;
                self.write_all(bytes)
            }
            written => written,
        }
    }

    fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        let end = Instant::now() + PATIENCE;
        let mut rest = bytes;
        loop {
            let sent = self.send(rest)?;
            rest = rest.get(sent..).unwrap_or_default();
            let left = end.saturating_duration_since(Instant::now());
            if rest.is_empty() {
                return Ok(());
            }
            if left.is_zero() {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the terminal does not take what it is sent"));
            }
            self.poll(PollFlags::OUT, left)?;
        }
    }
}

/// The terminal once more, so that not waiting for it is our own matter: a flag on standard output would be seen by
/// the shell that shares it.
fn open() -> io::Result<File> {
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let named = ttyname(io::stdin(), Vec::new()).or_else(|_| ttyname(io::stdout(), Vec::new()));
    let opened = named.and_then(|name| rustix::fs::open(name.as_c_str(), flags, Mode::empty()));
    // The name may lie in another mount, or belong to who was here before `su`.
    let opened = opened.or_else(|_| rustix::fs::open("/dev/tty", flags, Mode::empty()));
    opened.map(File::from).map_err(|error| {
        let why = io::Error::from(error);
        io::Error::new(why.kind(), format!("there is no terminal: {why}"))
    })
}

/// A panic gives the terminal back before it tells about itself, or nobody could read it.
fn hook_panics() {
    static HOOKED: Once = Once::new();
    HOOKED.call_once(|| {
        let earlier = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(life) = taken {
                // Who panics has something worse to tell.
                life.leave().ok();
            }
            earlier(info);
        }));
    });
}
