//! The screen as people see it and use it, without a terminal.

mod keys;
mod regressions;
mod screens;
pub(super) mod stage;
