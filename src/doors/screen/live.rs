//! A screen that lives. A program turns a wheel with it: it waits for an input, answers all that there are, looks at
//! what it shows, and draws what changed.

use super::{Canvas, Input, Screen};
use std::io;
use std::time::{Duration, Instant};

/// At most ten frames a second; and how long an input is waited for before the program looks again.
const FRAME: Duration = Duration::from_millis(100);

/// What the terminal has to do for an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    Nothing,
    /// This is the end.
    Quit,
    /// The terminal is the shell's until that wakes the program.
    Suspend,
    /// A text goes onto the clipboard.
    Copy(String),
    /// The next theme.
    NextTheme,
}

/// What the program has to do once the terminal has done its part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// Nothing.
    Nothing,
    /// End.
    Quit,
    /// Say what was copied.
    Copied {
        /// How much of it.
        bytes: usize,
        /// Whether that is not all.
        is_cut: bool,
    },
}

/// Where a turn of the wheel stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Begins,
    GoesOn,
    /// The screen has another size: it is drawn before anything else is answered, which may be about places on it.
    Ends,
}

/// A screen that lives.
#[derive(Debug)]
pub struct LiveScreen {
    screen: Screen,
    turn: Turn,
    /// Whether what is on it is not what should be.
    is_stale: bool,
    drawn: Option<Instant>,
}

impl LiveScreen {
    /// Nothing is on it yet.
    pub fn new(screen: Screen) -> Self {
        Self { screen, turn: Turn::Begins, is_stale: true, drawn: None }
    }

    /// How long an input may be waited for: until the next frame when one is due, else for a tenth of a second.
    pub fn wait(&self) -> Duration {
        match self.is_stale {
            true => self.drawn.map_or(Duration::ZERO, |drawn| FRAME.saturating_sub(drawn.elapsed())),
            false => FRAME,
        }
    }

    /// What happens next in this turn, of which the first input is waited for, for so long at most; `None` at its end.
    /// So everything that was typed meanwhile is answered before the next frame.
    ///
    /// # Errors
    ///
    /// The terminal is gone.
    pub fn next_input(&mut self, wait: Duration) -> io::Result<Option<Input>> {
        let input = match self.turn {
            Turn::Begins => self.screen.next_input(wait)?,
            Turn::GoesOn => self.screen.next_input(Duration::ZERO)?,
            Turn::Ends => None,
        };
        self.turn = match input {
            None => Turn::Begins,
            Some(Input::Resized) => Turn::Ends,
            Some(_) => Turn::GoesOn,
        };
        self.is_stale |= input.is_some();
        Ok(input)
    }

    /// Does what an input asks of the terminal.
    ///
    /// # Errors
    ///
    /// The terminal is gone, or was not given back or taken again.
    pub fn carry_out(&mut self, effect: Effect) -> io::Result<Done> {
        match effect {
            Effect::Nothing => {}
            Effect::Quit => return Ok(Done::Quit),
            Effect::Suspend => {
                self.screen.suspend()?;
            }
            Effect::Copy(text) => {
                let bytes = self.screen.copy(&text)?;
                return Ok(Done::Copied { bytes, is_cut: bytes < text.len() });
            }
            Effect::NextTheme => self.screen.set_theme(self.screen.theme().next()),
        }
        Ok(Done::Nothing)
    }

    /// What it shows has changed.
    pub fn changed(&mut self) {
        self.is_stale = true;
    }

    /// Draws what changed, unless the last frame was just drawn; whether this one was begun. What a slow terminal does not
    /// take yet is drawn later.
    ///
    /// # Errors
    ///
    /// The terminal is gone.
    pub fn draw(&mut self, paint: impl FnOnce(&mut Canvas<'_>)) -> io::Result<bool> {
        if !self.is_stale || self.drawn.is_some_and(|drawn| drawn.elapsed() < FRAME) {
            return Ok(false);
        }
        self.is_stale = !self.screen.draw(paint)?;
        self.drawn = Some(Instant::now());
        Ok(true)
    }

    /// Gives the terminal back, as [`Screen::close`] does.
    ///
    /// # Errors
    ///
    /// The terminal is gone.
    pub fn close(self) -> io::Result<()> {
        self.screen.close()
    }
}
