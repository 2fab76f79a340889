//! The screen as people see it and use it, without a terminal.

mod keys;
mod screens;
mod stage;
