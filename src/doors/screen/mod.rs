//! The terminal: the only room that names ratatui.
//!
//! What a program needs to be a terminal screen, and nothing about what it shows: [`Screen`] takes the terminal and
//! gives it back whatever happens, [`Input`] is what people do, [`Canvas`] is what is drawn on, [`Text`] is what is
//! written there, always harmless, and [`Role`] says what a piece of text means, which [`Theme`] turns into a look.

mod area;
mod args;
mod canvas;
mod glyphs;
mod input;
mod keys;
mod life;
mod line;
mod live;
mod painter;
mod plots;
mod rendered;
mod role;
mod terminal;
mod text;

pub use area::Area;
pub use args::ScreenArgs;
pub use canvas::Canvas;
pub use glyphs::Glyphs;
pub use input::{Input, Key};
pub use line::InputLine;
pub use live::{Done, Effect, LiveScreen};
pub use plots::{Bars, Curve, Mark, PlotLayout, sparkline};
pub use rendered::{Rendered, rendered};
pub use role::{Role, Theme, ThemeChoice};
pub use terminal::{Screen, ScreenOptions};
pub use text::Text;

#[cfg(test)]
mod tests;
