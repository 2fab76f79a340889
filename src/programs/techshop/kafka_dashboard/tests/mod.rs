//! The screen with a shop's cluster behind it, at the sizes that people have.

mod keys;
mod screens;
mod stage;
