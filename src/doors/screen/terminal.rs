//! The terminal while it is ours.

use super::keys::Keys;
use super::life::Life;
use super::painter::Painter;
use super::{Canvas, Glyphs, Input, Key, Theme};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ratatui::crossterm::style::force_color_output;
use rustix::process::{Signal, getpgrp, getsid, kill_current_process_group};
use signal_hook::SigId;
use signal_hook::consts::{SIGCONT, SIGTSTP, SIGWINCH};
use signal_hook::low_level::{emulate_default_handler, unregister};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What follows an Escape within this time belongs to it. Longer than a terminal or a network takes between the
/// bytes of one key, shorter than a person between two keys.
const ESCAPE: Duration = Duration::from_millis(50);

/// Bytes of text that are copied: the strictest terminals take 100,000 bytes of sequence, and as base64 this is 99,992.
const MOST_COPIED: usize = 74_994;

/// How a screen is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScreenOptions {
    /// Whether clicks and the wheel are told; the terminal's own selecting of text needs Shift then.
    pub wants_mouse: bool,
    /// How roles look.
    pub theme: Theme,
    /// Which characters may be drawn.
    pub glyphs: Glyphs,
}

/// The terminal while it is ours. It is given back, as it was, when this is dropped, when the program panics, and
/// while it is suspended. Only one can be open at a time.
#[derive(Debug)]
pub struct Screen {
    options: ScreenOptions,
    life: Arc<Life>,
    painter: Painter,
    keys: Keys,
    /// When the last byte came.
    last_byte: Instant,
    /// What the terminal has not taken yet.
    unsent: Vec<u8>,
    /// What the last `Input::Resized` told, or the beginning.
    size: (u16, u16),
    signals: Signals,
}

/// Signals that concern the terminal, as flags.
#[derive(Debug)]
struct Signals {
    stop: Arc<AtomicBool>,
    woken: Arc<AtomicBool>,
    ids: Vec<SigId>,
}

impl Signals {
    fn listen() -> io::Result<Signals> {
        let mut signals = Signals { stop: Arc::default(), woken: Arc::default(), ids: Vec::new() };
        for (signal, flag) in [(SIGTSTP, &signals.stop), (SIGCONT, &signals.woken)] {
            signals.ids.push(signal_hook::flag::register(signal, Arc::clone(flag))?);
        }
        // Its flag is not looked at: that it interrupts the wait for input is enough, and sizes are compared.
        signals.ids.push(signal_hook::flag::register(SIGWINCH, Arc::default())?);
        Ok(signals)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.ids.drain(..) {
            unregister(id);
        }
    }
}

impl Screen {
    /// Takes the terminal: raw mode, the alternate screen, no cursor.
    ///
    /// # Errors
    ///
    /// There is no terminal, it does not answer, or it is taken already.
    pub fn open(options: ScreenOptions) -> io::Result<Screen> {
        let signals = Signals::listen()?;
        let life = Life::begin(options.wants_mouse)?;
        // The theme decides about colours, and it has looked at NO_COLOR where that was wanted.
        force_color_output(true);
        let size = life.size();
        Ok(Screen {
            options,
            life,
            painter: Painter::default(),
            keys: Keys::default(),
            last_byte: Instant::now(),
            unsent: Vec::new(),
            size,
            signals,
        })
    }

    /// How roles look from the next drawing on.
    pub fn set_theme(&mut self, theme: Theme) {
        self.options.theme = theme;
    }

    /// How roles look.
    pub fn theme(&self) -> Theme {
        self.options.theme
    }

    /// Draws a screen; only what differs from the last one is sent, in one synchronized update. It never waits for a
    /// slow terminal: false says that the terminal has not yet taken the screen before, and nothing was painted; ask
    /// again later.
    ///
    /// # Errors
    ///
    /// The terminal is gone.
    pub fn draw(&mut self, paint: impl FnOnce(&mut Canvas<'_>)) -> io::Result<bool> {
        self.life.check()?;
        self.send()?;
        if !self.unsent.is_empty() {
            return Ok(false);
        }
        let ScreenOptions { theme, glyphs, .. } = self.options;
        self.unsent = self.painter.next(self.life.size(), theme, glyphs, paint)?;
        self.send()?;
        Ok(true)
    }

    /// What happens next, or `None` when nothing does for so long, or when a signal arrives.
    ///
    /// # Errors
    ///
    /// The terminal is gone.
    pub fn next_input(&mut self, timeout: Duration) -> io::Result<Option<Input>> {
        let end = Instant::now() + timeout;
        loop {
            self.life.check()?;
            self.read()?;
            let now = Instant::now();
            if let Some(input) = self.news(now)? {
                return Ok(Some(input));
            }
            let left = end.saturating_duration_since(now);
            if left.is_zero() {
                return Ok(None);
            }
            let is_torn = self.keys.is_waiting();
            let wait = if is_torn { left.min(ESCAPE) } else { left };
            self.life.wait(!self.unsent.is_empty(), wait)?;
            self.send()?;
            // A signal ends the wait early, and who called may have been sent it.
            if !is_torn && self.unsent.is_empty() && !self.read()? {
                return self.news(Instant::now());
            }
        }
    }

    /// What has happened by now.
    fn news(&mut self, now: Instant) -> io::Result<Option<Input>> {
        if self.signals.stop.load(Ordering::SeqCst) {
            return Ok(Some(Input::Suspend));
        }
        if self.signals.woken.swap(false, Ordering::SeqCst) {
            // Stopped by a signal that nobody can catch; the shell has had the terminal since.
            self.take_again()?;
            return Ok(Some(Input::Resized));
        }
        let size = self.life.size();
        if size != self.size {
            self.size = size;
            return Ok(Some(Input::Resized));
        }
        let is_over = now.duration_since(self.last_byte) >= ESCAPE;
        Ok(self.keys.next(is_over, now).map(|input| match input {
            Input::Key(Key::Ctrl('z')) => Input::Suspend,
            input => input,
        }))
    }

    /// Reads what is there; whether anything was.
    fn read(&mut self) -> io::Result<bool> {
        let mut room = [0; 4_096];
        let count = self.life.receive(&mut room)?.unwrap_or(0);
        if count > 0 {
            self.keys.feed(room.get(..count).unwrap_or_default());
            self.last_byte = Instant::now();
        }
        Ok(count > 0)
    }

    fn send(&mut self) -> io::Result<()> {
        let sent = self.life.send(&self.unsent)?;
        self.unsent.drain(..sent);
        Ok(())
    }

    /// Asks the terminal to put a text onto the clipboard (OSC 52), and tells how many bytes of it were sent: at most
    /// 74,994, which every terminal takes that can do it. Whether it did so no terminal says.
    ///
    /// # Errors
    ///
    /// The terminal is gone.
    pub fn copy(&mut self, text: &str) -> io::Result<usize> {
        self.life.check()?;
        let part = text.get(..text.floor_char_boundary(MOST_COPIED)).unwrap_or_default();
        self.unsent.extend_from_slice(b"\x1b]52;c;");
        self.unsent.extend_from_slice(STANDARD.encode(part).as_bytes());
        self.unsent.extend_from_slice(b"\x1b\\");
        self.send()?;
        Ok(part.len())
    }

    /// Gives the terminal back and stops the process, until the shell wakes it; then takes the terminal again, to be
    /// drawn wholly. False if no shell is there that could wake it: nothing happened then.
    ///
    /// # Errors
    ///
    /// The terminal could not be given back or taken again.
    pub fn suspend(&mut self) -> io::Result<bool> {
        let was_told = self.signals.stop.swap(false, Ordering::SeqCst);
        // In the group of the session's leader there is no shell above us that knows of jobs.
        if getsid(None).is_ok_and(|session| session == getpgrp()) {
            return Ok(false);
        }
        self.life.check()?;
        self.life.leave()?;
        if !was_told {
            // The terminal would have sent it to the whole group: a script or `cargo run` around us must stop, too,
            // or the shell goes on waiting for it.
            kill_current_process_group(Signal::TSTP)?;
        }
        emulate_default_handler(SIGTSTP)?;
        // Somebody has woken us.
        self.signals.stop.store(false, Ordering::SeqCst);
        self.signals.woken.store(false, Ordering::SeqCst);
        self.take_again()?;
        Ok(true)
    }

    fn take_again(&mut self) -> io::Result<()> {
        self.unsent.clear();
        self.painter.forget();
        self.life.enter()?;
        self.size = self.life.size();
        Ok(())
    }

    /// Gives the terminal back, and tells what went wrong with that, which dropping cannot. That the terminal takes
    /// nothing any more is not told: who tried to print it there would wait for ever.
    ///
    /// # Errors
    ///
    /// The terminal is gone.
    pub fn close(self) -> io::Result<()> {
        match self.life.end() {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Ok(()),
            ended => ended,
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Nobody is left to be told; `close` is for who wants to know.
        self.life.end().ok();
    }
}
