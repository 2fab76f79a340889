//! What people do at the terminal.

/// What people do, or what happens to the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// A key was pressed.
    Key(Key),
    /// The left button was pressed on this cell.
    Click {
        /// The column, from 0.
        x: u16,
        /// The row, from 0.
        y: u16,
    },
    /// A second click on the same cell soon after a [`Input::Click`].
    DoubleClick {
        /// The column, from 0.
        x: u16,
        /// The row, from 0.
        y: u16,
    },
    /// The wheel was turned over this cell.
    Wheel {
        /// The column, from 0.
        x: u16,
        /// The row, from 0.
        y: u16,
        /// Away from the hand, towards what is above.
        is_up: bool,
    },
    /// The terminal has another size, or was somebody else's for a while: draw again.
    Resized,
    /// Ctrl-Z, or SIGTSTP: the answer is `Screen::suspend`.
    Suspend,
}

/// A key that means something to us; others are not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A character, capital or not as typed.
    Char(char),
    /// A small letter together with Ctrl.
    Ctrl(char),
    /// Return.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift and Tab.
    BackTab,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// What takes away the character before.
    Backspace,
    /// What takes away the character after.
    Delete,
}
