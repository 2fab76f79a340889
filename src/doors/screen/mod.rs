//! The terminal: the only room that names ratatui.
