//! What a piece of text means, and how each theme shows it.

use clap::ValueEnum;
use ratatui::style::{Color, Modifier, Style};

/// What a piece of text means. How it looks is for the [`Theme`] to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A value, or text as such.
    Value,
    /// What a value is called; the words of an axis.
    Label,
    /// Lines between panels; never words.
    Rule,
    /// A value that stands out.
    Strong,
    /// All is well.
    Good,
    /// Worth a look.
    Warn,
    /// Wrong.
    Bad,
    /// A badge that says that all is well.
    BadgeGood,
    /// A badge that asks for a look.
    BadgeWarn,
    /// A badge that says what is wrong.
    BadgeBad,
    /// A badge that judges nothing.
    BadgeNeutral,
    /// The title of the panel that has the focus.
    Focus,
    /// The selected row.
    Selected,
    /// What a search found.
    Hit,
    /// A value that is no longer fresh.
    Muted,
    /// Bars of a plot.
    Bar,
    /// The line of a plot.
    Line,
    /// The name of a member of a JSON object.
    JsonKey,
    /// A number of a JSON document.
    JsonNumber,
}

impl Role {
    /// All of them.
    pub const ALL: [Role; 19] = [
        Role::Value,
        Role::Label,
        Role::Rule,
        Role::Strong,
        Role::Good,
        Role::Warn,
        Role::Bad,
        Role::BadgeGood,
        Role::BadgeWarn,
        Role::BadgeBad,
        Role::BadgeNeutral,
        Role::Focus,
        Role::Selected,
        Role::Hit,
        Role::Muted,
        Role::Bar,
        Role::Line,
        Role::JsonKey,
        Role::JsonNumber,
    ];
}

/// How roles look. Only the 16 colours that the terminal itself defines are used, and the background of plain text
/// is never set, so the terminal's own theme rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Theme {
    /// For a dark background.
    #[default]
    Dark,
    /// For a light background.
    Light,
    /// For eyes that need more contrast, on any background.
    HighContrast,
    /// No colour at all: bold, underlined, dim and reversed.
    NoColor,
}

/// What a flag asks for; the environment decides the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, ValueEnum)]
pub enum ThemeChoice {
    /// As the environment says: `NO_COLOR`, `TERM=dumb`, `COLORFGBG`; dark when it says nothing.
    #[default]
    Auto,
    /// For a dark background, whatever the environment says, as all that follow.
    Dark,
    /// For a light background.
    Light,
    /// The strongest contrast.
    Contrast,
    /// No colour at all.
    None,
}

impl ThemeChoice {
    /// The theme, with `variable` telling the value of a variable of the environment.
    pub fn theme(self, variable: impl Fn(&str) -> Option<String>) -> Theme {
        match self {
            ThemeChoice::Auto => {}
            ThemeChoice::Dark => return Theme::Dark,
            ThemeChoice::Light => return Theme::Light,
            ThemeChoice::Contrast => return Theme::HighContrast,
            ThemeChoice::None => return Theme::NoColor,
        }
        // https://no-color.org: present and not empty, whatever its value.
        if variable("NO_COLOR").is_some_and(|value| !value.is_empty()) {
            return Theme::NoColor;
        }
        if variable("TERM").is_some_and(|value| value == "dumb") {
            return Theme::NoColor;
        }
        // Foreground and background as numbers of ANSI colours, sometimes with a third field between: `0;15`.
        let background = variable("COLORFGBG").and_then(|value| value.rsplit(';').next().map(str::to_owned));
        match background.as_deref() {
            Some("7" | "15") => Theme::Light,
            _ => Theme::Dark,
        }
    }
}

impl Theme {
    /// The one after it, and after the last the first.
    pub fn next(self) -> Theme {
        match self {
            Theme::Dark => Theme::Light,
            Theme::Light => Theme::HighContrast,
            Theme::HighContrast => Theme::NoColor,
            Theme::NoColor => Theme::Dark,
        }
    }

    /// What `--theme` calls it.
    pub fn name(self) -> &'static str {
        match self {
            Theme::Dark => "dark",
            Theme::Light => "light",
            Theme::HighContrast => "contrast",
            Theme::NoColor => "none",
        }
    }

    pub(super) fn style(self, role: Role) -> Style {
        match self {
            Theme::Dark => dark(role),
            Theme::Light => light(role),
            Theme::HighContrast => high_contrast(role),
            Theme::NoColor => no_color(role),
        }
    }
}

impl Theme {
    /// How the half blocks at both ends of a badge look, so that they continue its ground; `None` if it is no badge.
    pub(super) fn edge(self, role: Role) -> Option<Style> {
        let is_badge = matches!(role, Role::BadgeGood | Role::BadgeWarn | Role::BadgeBad | Role::BadgeNeutral);
        let ground = self.style(role).bg;
        is_badge.then(|| ground.map_or_else(plain, fg))
    }
}

fn plain() -> Style {
    Style::new()
}

fn fg(color: Color) -> Style {
    Style::new().fg(color)
}

fn on(foreground: Color, background: Color) -> Style {
    Style::new().fg(foreground).bg(background)
}

fn dark(role: Role) -> Style {
    match role {
        Role::Value => plain(),
        Role::Label | Role::Muted => fg(Color::Gray),
        // 2.8:1 on black: enough for a line, not for a word.
        Role::Rule => fg(Color::DarkGray),
        Role::Strong => plain().add_modifier(Modifier::BOLD),
        Role::Good => fg(Color::LightGreen),
        Role::Warn => fg(Color::LightYellow),
        Role::Bad => fg(Color::LightRed),
        Role::BadgeGood => on(Color::Black, Color::LightGreen),
        Role::BadgeWarn => on(Color::Black, Color::LightYellow),
        Role::BadgeBad => on(Color::Black, Color::LightRed),
        Role::BadgeNeutral | Role::Selected => plain().add_modifier(Modifier::REVERSED),
        Role::Focus => fg(Color::LightCyan).add_modifier(Modifier::BOLD),
        Role::Hit => on(Color::Black, Color::Yellow),
        Role::Bar | Role::JsonKey => fg(Color::LightCyan),
        Role::Line | Role::JsonNumber => fg(Color::LightMagenta),
    }
}

fn light(role: Role) -> Style {
    match role {
        Role::Value | Role::Label | Role::Muted => plain(),
        Role::Rule => fg(Color::DarkGray),
        // Green on white is 2.2:1; weight and shape say it instead.
        Role::Strong | Role::Good => plain().add_modifier(Modifier::BOLD),
        // Yellow on white is 1.7:1.
        Role::Warn | Role::BadgeWarn | Role::Hit => on(Color::Black, Color::Yellow),
        Role::Bad => fg(Color::Red).add_modifier(Modifier::BOLD),
        Role::BadgeGood => on(Color::Black, Color::Green),
        Role::BadgeBad => on(Color::White, Color::Red),
        Role::BadgeNeutral | Role::Selected => plain().add_modifier(Modifier::REVERSED),
        Role::Focus => fg(Color::Blue).add_modifier(Modifier::BOLD),
        Role::Bar | Role::JsonKey => fg(Color::Blue),
        Role::Line | Role::JsonNumber => fg(Color::Magenta),
    }
}

fn high_contrast(role: Role) -> Style {
    match role {
        Role::Label | Role::Rule | Role::Muted | Role::Bar | Role::Line | Role::JsonNumber => plain(),
        Role::Value | Role::Strong | Role::JsonKey => plain().add_modifier(Modifier::BOLD),
        Role::Good => fg(Color::LightGreen).add_modifier(Modifier::BOLD),
        Role::Warn => on(Color::Black, Color::LightYellow),
        Role::Bad | Role::BadgeBad => on(Color::White, Color::Red).add_modifier(Modifier::BOLD),
        Role::BadgeGood => on(Color::Black, Color::Green).add_modifier(Modifier::BOLD),
        Role::BadgeWarn => on(Color::Black, Color::Yellow).add_modifier(Modifier::BOLD),
        Role::BadgeNeutral | Role::Focus => plain().add_modifier(Modifier::REVERSED | Modifier::BOLD),
        Role::Selected => plain().add_modifier(Modifier::REVERSED),
        Role::Hit => on(Color::Black, Color::LightYellow).add_modifier(Modifier::UNDERLINED),
    }
}

fn no_color(role: Role) -> Style {
    let modifier = match role {
        Role::Value | Role::Label | Role::Muted | Role::Good => Modifier::empty(),
        Role::Bar | Role::Line | Role::JsonNumber => Modifier::empty(),
        Role::Rule => Modifier::DIM,
        Role::Strong | Role::Warn | Role::Focus | Role::JsonKey => Modifier::BOLD,
        Role::Bad | Role::BadgeGood | Role::BadgeWarn | Role::BadgeBad | Role::BadgeNeutral => {
            Modifier::BOLD | Modifier::REVERSED
        }
        Role::Selected => Modifier::REVERSED,
        Role::Hit => Modifier::BOLD | Modifier::UNDERLINED,
    };
    plain().add_modifier(modifier)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEMES: [Theme; 4] = [Theme::Dark, Theme::Light, Theme::HighContrast, Theme::NoColor];

    #[test]
    fn no_role_is_invisible() {
        for (theme, role) in THEMES.into_iter().flat_map(|theme| Role::ALL.map(|role| (theme, role))) {
            let style = theme.style(role);
            let case = format!("{theme:?} {role:?} {style:?}");
            // Both or the foreground alone: a ground without its own writing may be the writing's colour.
            assert!(style.bg.is_none() || style.fg.is_some(), "{case}");
            assert!(style.fg.is_none() || style.fg != style.bg, "{case}");
            assert!(!style.add_modifier.contains(Modifier::HIDDEN), "{case}");
            let is_word = role != Role::Rule;
            assert!(!is_word || style.fg != Some(Color::DarkGray), "{case}: too dark for words");
            // Writing without a ground must be readable on the ground that the theme is for, or on any.
            let unreadable: &[Color] = match theme {
                Theme::Dark => &[Color::Black, Color::Blue],
                Theme::Light => &[Color::White, Color::Gray, Color::Yellow, Color::LightYellow, Color::Green],
                Theme::HighContrast | Theme::NoColor => &[],
            };
            assert!(style.bg.is_some() || style.fg.is_none_or(|fg| !unreadable.contains(&fg)), "{case}");
        }
    }

    #[test]
    fn without_colour_there_is_none_and_what_is_wrong_still_stands_out() {
        for role in Role::ALL {
            let style = Theme::NoColor.style(role);
            assert_eq!((style.fg, style.bg, style.underline_color), (None, None, None), "{role:?}");
        }
        let plain = Theme::NoColor.style(Role::Value);
        for role in [Role::Warn, Role::Bad, Role::BadgeGood, Role::Focus, Role::Selected, Role::Hit] {
            assert_ne!(Theme::NoColor.style(role), plain, "{role:?}");
        }
    }

    fn chosen(flag: &str, variables: &[(&str, &str)]) -> Theme {
        let find = |name: &str| variables.iter().find(|(one, _)| *one == name).map(|(_, value)| (*value).to_owned());
        ThemeChoice::from_str(flag, false).unwrap().theme(find)
    }

    #[test]
    fn a_flag_rules_then_the_environment_does() {
        for theme in THEMES {
            assert_eq!(chosen(theme.name(), &[("NO_COLOR", "1"), ("COLORFGBG", "0;15")]), theme);
        }
        assert!(ThemeChoice::from_str("bright", false).is_err());
        assert_eq!(chosen("auto", &[]), Theme::Dark);
        assert_eq!(chosen("auto", &[("NO_COLOR", "1"), ("COLORFGBG", "0;15")]), Theme::NoColor);
        assert_eq!(chosen("auto", &[("NO_COLOR", ""), ("TERM", "xterm")]), Theme::Dark);
        assert_eq!(chosen("auto", &[("TERM", "dumb")]), Theme::NoColor);
        for (told, theme) in
            [("0;15", Theme::Light), ("0;default;7", Theme::Light), ("15;0", Theme::Dark), ("", Theme::Dark)]
        {
            assert_eq!(chosen("auto", &[("COLORFGBG", told)]), theme, "{told}");
        }
    }

    #[test]
    fn the_next_theme_comes_round() {
        let four = std::iter::successors(Some(Theme::Dark), |theme| Some(theme.next()));
        assert_eq!(four.take(5).collect::<Vec<_>>(), [&THEMES[..], &[Theme::Dark]].concat());
    }
}
