//! The last rows: what is being typed or was just done, and the keys.

use super::View;
use super::key_texts::Keys;
use crate::doors::screen::{Area, Canvas, Role, Text};
use crate::programs::monitor::app::{App, PromptKind};
use crate::programs::monitor::texts::Texts;

impl View {
    pub(super) fn footer(&self, canvas: &mut Canvas<'_>, area: Area, app: &App, texts: &Texts) {
        if area.is_empty() {
            return;
        }
        let (prompt, keys) = area.split_bottom(1);
        if prompt.is_empty() {
            // On a small screen a prompt takes the row of the keys.
            match self.prompt(app, area.width, texts) {
                Some((left, right)) => canvas.put_both(keys, &left, &right),
                None => canvas.put(keys, &keys_text(&texts.main_keys(app.frozen.is_some()), area.width)),
            }
            return;
        }
        if let Some((left, right)) = self.prompt(app, area.width, texts) {
            canvas.put_both(prompt, &left, &right);
        }
        canvas.put(keys, &keys_text(&texts.main_keys(app.frozen.is_some()), area.width));
    }

    /// What stands above the keys, if anything does.
    pub(super) fn prompt(&self, app: &App, width: u16, texts: &Texts) -> Option<(Text, Text)> {
        if let Some(prompt) = &app.prompt {
            let sign = match prompt.kind {
                PromptKind::Search => " /",
                PromptKind::Go => " :",
                PromptKind::Filter => " F ",
            };
            let right = match (&prompt.complaint, prompt.kind) {
                (Some(complaint), _) => Text::of(Role::Bad, complaint),
                (None, PromptKind::Search) => Text::of(Role::Label, texts.find_prompt),
                (None, PromptKind::Go) => Text::of(Role::Label, texts.go_help()),
                (None, PromptKind::Filter) => Text::of(Role::Label, texts.filter_help()),
            };
            let room = usize::from(width).saturating_sub(right.width() + 6).max(16);
            return Some((Text::of(Role::Strong, sign).join(prompt.line.view(room)), right));
        }
        if let Some(notice) = app.notice() {
            return Some((Text::of(Role::Value, format!(" {}", texts.notice(notice))), Text::new()));
        }
        if let Some(search) = &app.search {
            let left = Text::of(Role::Value, format!(" /{}", search.pattern.text()));
            return Some((left, Text::of(Role::Label, texts.search_keys())));
        }
        let filter = app.filter.as_ref()?;
        Some((Text::of(Role::Value, format!(" F {filter}")), Text::of(Role::Label, texts.filter_keys())))
    }
}

/// Keys stand out from what they do: `q quit  ? help`; as many as fit whole.
pub(super) fn keys_text(keys: &Keys, width: u16) -> Text {
    let mut all = Text::new();
    for (key, meaning) in keys {
        let more = Text::of(Role::Value, " ").and(Role::Strong, key).label(format!(" {meaning} "));
        // The blank at the end may be cut.
        if all.width() + more.width() > usize::from(width) + 1 {
            break;
        }
        all = all.join(more);
    }
    all
}
