//! Every word on the screen, in English and in French, and numbers as each language writes them.
//!
//! `words` is the table, `numbers` and `clock` write figures and times, `verdict` says what is wrong, since
//! when and what to do.

mod clock;
mod numbers;
mod place;
mod states;
mod verdict;
mod words;

pub use clock::Clock;
pub use place::{Medium, Place};
pub use states::{shape, trend_shape};
pub use verdict::Spoken;
pub use words::Texts;

#[cfg(test)]
mod tests;
