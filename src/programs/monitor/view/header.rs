//! The first row: is it healthy? And below it, when it is not, why, since when, and what to do.

use super::View;
use crate::doors::screen::{Area, Canvas, Glyphs, Role, Text};
use crate::logic::monitor::{Cause, Figures, FileState, Sign, Verdict};
use crate::programs::monitor::app::App;
use crate::programs::monitor::layout::{Layout, Size};
use crate::programs::monitor::texts::{Texts, shape};

impl View {
    /// How many rows say why it is not well.
    pub(super) fn reason_rows(&self, app: &App, texts: &Texts) -> u16 {
        let told = self.figures.as_ref().map(|figures| texts.verdict(figures, app.place()));
        match told {
            Some(told) if !told.advice.is_empty() => 1,
            _ => 0,
        }
    }

    pub(super) fn header(
        &self,
        canvas: &mut Canvas<'_>,
        layout: &Layout,
        app: &App,
        figures: &Figures,
        texts: &Texts,
        now_ms: i64,
    ) {
        let told = texts.verdict(figures, app.place());
        let badge = Text::new()
            .badge(badge_role(&figures.verdict), format!("{} {}", sign(canvas, figures.verdict.sign), told.word));
        if layout.size == Size::Word {
            let word = format!("{} {}", sign(canvas, figures.verdict.sign), told.word);
            canvas.put(layout.header, &Text::of(sign_role(figures.verdict.sign), word));
            return;
        }
        let mut left = badge;
        if layout.size <= Size::TwoLines {
            canvas.put(layout.header, &left.join(in_one_line(figures, texts)));
            let below = if told.reason.is_empty() { received_in_one_line(figures, texts) } else { told.reason };
            canvas.put(layout.reason, &Text::of(Role::Value, format!(" {below}")));
            return;
        }
        // Beside a grave cause the score says nothing, and takes the room of the reason.
        let is_scored = matches!(figures.verdict.cause, Cause::Health { .. });
        if let Some(quality) = figures.quality.as_ref().filter(|_| is_scored) {
            let score = if layout.size == Size::Compact {
                format!(" {}", quality.score)
            } else {
                format!(" {}/100", quality.score)
            };
            left = left.and(Role::Strong, score);
        }
        left = if told.reason.is_empty() {
            left.join(self.about(figures, layout.size, texts))
        } else {
            left.value(format!("  {}", told.reason))
        };
        canvas.put_both(layout.header, &left, &self.state_badge(layout.size, app, figures, texts, now_ms));
        if !told.advice.is_empty() {
            canvas.put(layout.reason.row(0), &Text::of(Role::Value, format!("  {}", told.advice)));
        }
    }

    /// What it is about: the topic, the group, how long it has been up.
    fn about(&self, figures: &Figures, size: Size, texts: &Texts) -> Text {
        let tracker = &figures.tracker;
        let mut parts: Vec<String> = Vec::new();
        parts.extend(tracker.topic.clone());
        if size >= Size::Wide {
            parts.extend(tracker.group.as_ref().map(|group| format!("{} {group}", texts.group)));
        }
        if let (true, count @ 1..) = (size == Size::Huge, figures.partitions.len()) {
            parts.push(texts.partition_count(count));
        }
        if size > Size::Compact {
            let up = if size >= Size::Wide { texts.up } else { texts.up_short };
            parts.extend(tracker.up_ms.map(|up_ms| format!("{up} {}", texts.uptime(up_ms))));
        }
        let blanks = if size > Size::Compact { "   " } else { "  " };
        Text::of(Role::Label, format!("{blanks}{}", parts.join(" · ")))
    }

    /// LIVE, PAUSED, STALE, FILTER, and the time.
    fn state_badge(&self, size: Size, app: &App, figures: &Figures, texts: &Texts, now_ms: i64) -> Text {
        let mut text = Text::new();
        if app.filter.is_some() {
            text = text.badge(Role::BadgeNeutral, texts.filter.to_uppercase()).value(" ");
        }
        text = match app.frozen {
            Some(frozen) => text.badge(Role::BadgeWarn, texts.paused_with(frozen.new_lines)),
            None if is_stale(figures) => text.badge(Role::BadgeWarn, texts.stale),
            None => text.badge(Role::BadgeNeutral, texts.live),
        };
        match size {
            Size::Compact => text,
            Size::Huge => text.value(format!(" {}", app.clock.full(now_ms))),
            _ => text.value(format!(" {}", app.clock.second(now_ms))),
        }
    }
}

/// The rate, the lag and what is bad, as short as they can be said.
fn in_one_line(figures: &Figures, texts: &Texts) -> Text {
    let mut text = Text::new();
    if let Some(rate) = figures.throughput.per_second {
        text = text.value(format!(" {}", texts.rate(rate)));
    }
    if let Some(lag) = &figures.lag {
        text = text.value(format!("  {} {}", texts.lag_word, texts.count(lag.messages)));
    }
    if let Some(counts) = &figures.counts {
        text = text.value(format!("  {} {}", texts.count(counts.invalid.count), texts.bad_word(counts.invalid.count)));
    }
    text
}

/// How many there are, and how old the newest is.
fn received_in_one_line(figures: &Figures, texts: &Texts) -> String {
    let received = figures.counts.map_or_else(|| "–".to_owned(), |counts| texts.counted(counts.received));
    let age = figures.last_message_age_ms.map(|age| format!(" · {}", texts.age(age))).unwrap_or_default();
    format!("{} {received}{age}", texts.received)
}

/// Whether nothing new comes. Where there never was a trail there is nothing that could be old.
pub(super) fn is_stale(figures: &Figures) -> bool {
    let is_dead =
        matches!(figures.verdict.cause, Cause::NoSignOfLife { .. } | Cause::Stopped { .. } | Cause::Failed { .. });
    figures.events_file.is_lost() || (is_dead && figures.events_file != FileState::Missing)
}

/// The shape that stands before a word.
pub(super) fn sign(canvas: &Canvas<'_>, sign: Sign) -> &'static str {
    shape(sign, canvas.glyphs() == Glyphs::Ascii)
}

/// How a shape and its word look.
pub(super) fn sign_role(sign: Sign) -> Role {
    match sign {
        Sign::Good => Role::Good,
        Sign::Warn => Role::Warn,
        Sign::Bad => Role::Bad,
        Sign::Pending | Sign::Neutral => Role::Label,
    }
}

fn badge_role(verdict: &Verdict) -> Role {
    match verdict.sign {
        Sign::Good => Role::BadgeGood,
        Sign::Warn => Role::BadgeWarn,
        Sign::Bad => Role::BadgeBad,
        Sign::Pending | Sign::Neutral => Role::BadgeNeutral,
    }
}

/// An area without its first column, where rows do not touch the panel's edge.
pub(super) fn inside(area: Area) -> Area {
    area.split_left(1).1
}

/// The time of a row; a row without one keeps the place.
pub(super) fn time(app: &App, time_ms: Option<i64>) -> String {
    time_ms.map_or_else(|| "--:--:--".to_owned(), |time_ms| app.clock.second(time_ms))
}

/// What of a pane may be written on: the last column is left to the line beside it, except at the screen's edge.
pub(super) fn apart(canvas: &Canvas<'_>, area: Area) -> Area {
    if area.right() < canvas.area().right() { area.split_right(1).0 } else { area }
}
