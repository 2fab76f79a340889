//! The flags that every screen has.

use std::io;

use clap::Args;

use super::glyphs::Glyphs;
use super::role::{Theme, ThemeChoice};
use super::terminal::ScreenOptions;

/// How a screen looks.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScreenArgs {
    /// Colours: auto (by COLORFGBG), dark, light, contrast, none
    #[arg(
        long,
        value_name = "THEME",
        value_enum,
        default_value_t,
        hide_possible_values = true,
        hide_default_value = true
    )]
    pub theme: ThemeChoice,

    /// Draw with ASCII only
    #[arg(long)]
    pub ascii: bool,

    /// Leave the mouse to the terminal, to select text
    #[arg(long)]
    pub no_mouse: bool,

    /// Show UTC, not local time
    #[arg(long)]
    pub utc: bool,
}

impl ScreenArgs {
    /// How the screen is to be opened, by these flags and the environment. Without `--theme` there are colours only where
    /// standard output may have some.
    pub fn options(&self) -> ScreenOptions {
        let variable = |name: &str| std::env::var(name).ok();
        let has_color = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
        let theme = match self.theme {
            ThemeChoice::Auto if !has_color => Theme::NoColor,
            choice => choice.theme(variable),
        };
        ScreenOptions { wants_mouse: !self.no_mouse, theme, glyphs: Glyphs::choose(self.ascii, variable) }
    }
}
