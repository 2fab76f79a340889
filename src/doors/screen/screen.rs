//! The terminal while it is ours.

use super::{Canvas, Glyphs, Input, Theme};
use std::io;
use std::time::Duration;

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
/// while it is suspended.
pub struct Screen {
    options: ScreenOptions,
}

impl Screen {
    /// Takes the terminal: raw mode, the alternate screen, no cursor.
    ///
    /// # Errors
    ///
    /// There is no terminal, it does not answer, or it is taken already.
    pub fn open(options: ScreenOptions) -> io::Result<Screen> {
        Ok(Screen { options })
    }

    /// How roles look from the next drawing on.
    pub fn set_theme(&mut self, theme: Theme) {
        self.options.theme = theme;
    }

    /// Draws a screen; only what differs from the last one is sent, in one synchronized update. It never waits for a
    /// slow terminal: false says that the terminal has not yet taken the screen before, and nothing was painted; ask
    /// again later.
    ///
    /// # Errors
    ///
    /// The terminal is gone.
    pub fn draw(&mut self, paint: impl FnOnce(&mut Canvas<'_>)) -> io::Result<bool> {
        let _ = paint;
        Ok(true)
    }

    /// What happens next, or `None` when nothing does for so long, or when a signal arrives.
    ///
    /// # Errors
    ///
    /// The terminal is gone.
    pub fn next_input(&mut self, timeout: Duration) -> io::Result<Option<Input>> {
        let _ = timeout;
        Ok(None)
    }

    /// Asks the terminal to put a text onto the clipboard (OSC 52), and tells how many bytes of it were sent: at most
    /// about 100 kB, which is what terminals take. Whether it did so no terminal says.
    ///
    /// # Errors
    ///
    /// The terminal is gone.
    pub fn copy(&mut self, text: &str) -> io::Result<usize> {
        Ok(text.len())
    }

    /// Gives the terminal back and stops the process, until the shell wakes it; then takes the terminal again. False
    /// if no shell is there that could wake it: nothing happened then.
    ///
    /// # Errors
    ///
    /// The terminal could not be given back or taken again.
    pub fn suspend(&mut self) -> io::Result<bool> {
        Ok(true)
    }

    /// Gives the terminal back, and tells what went wrong with that, which dropping cannot.
    ///
    /// # Errors
    ///
    /// The terminal is gone, or does not take what it is sent.
    pub fn close(self) -> io::Result<()> {
        Ok(())
    }
}
