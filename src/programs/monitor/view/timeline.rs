//! Both files on one clock.

use super::View;
use super::footer::keys_text;
use super::header::inside;
use crate::doors::screen::{Area, Canvas, Role, Text};
use crate::programs::monitor::app::App;
use crate::programs::monitor::texts::Texts;
use crate::programs::monitor::timeline::{Moment, TimelineView};

impl View {
    pub(super) fn both_files(
        &self,
        canvas: &mut Canvas<'_>,
        screen: Area,
        timeline: &mut TimelineView,
        app: &mut App,
        texts: &Texts,
    ) {
        let (rest, foot) = screen.split_bottom(1);
        let (left, right) = rest.split_left(rest.width * 2 / 5);
        canvas.rule(left.row(0), &Text::of(Role::Label, "tracker.log"), &Text::new(), false);
        let title = Text::of(Role::Label, texts.do_timeline);
        canvas.rule(right.row(0), &Text::of(Role::Focus, "tracker.events"), &title, true);
        let (left, right) = (left.split_top(1).1, right.split_top(1).1);
        let rows = usize::from(left.height);
        app.overlay_rows = rows;
        let lowest = (timeline.selected + 1).saturating_sub(rows.max(1));
        // Never half empty: the last row stands at the bottom when there are enough.
        timeline.top =
            timeline.top.clamp(lowest, timeline.selected.max(lowest)).min(timeline.moments.len().saturating_sub(rows));
        if let Some(trouble) = &timeline.trouble {
            canvas.put(inside(right), &Text::of(Role::Bad, trouble));
        } else if timeline.moments.is_empty() {
            canvas.put(inside(right), &Text::of(Role::Muted, texts.no_message_yet));
        }
        let both = left.rows().zip(right.rows());
        for (at, (moment, (left, right))) in timeline.moments.iter().skip(timeline.top).zip(both).enumerate() {
            let is_selected = timeline.top + at == timeline.selected;
            let (log, event, beside) = self.moment(moment, left.width, right.width, app, texts);
            canvas.row(left.split_right(1).0, is_selected, &log, &Text::new());
            canvas.row(right, is_selected, &event, &beside);
        }
        if rest.width > 0 {
            let x = right.x.saturating_sub(1);
            canvas.divider(Area { x, y: rest.y, width: 1, height: rest.height });
        }
        match self.prompt(app, foot.width, texts) {
            Some((left, right)) => canvas.put_both(foot, &left, &right),
            None => canvas.put(foot, &keys_text(&texts.timeline_keys(), foot.width)),
        }
    }

    fn moment(&self, moment: &Moment, left: u16, right: u16, app: &App, texts: &Texts) -> (Text, Text, Text) {
        match moment {
            Moment::Lines { time_ms, log, event } => {
                let log = match log {
                    Some(row) => self.log_row(row, app, usize::from(left), texts),
                    None => Text::of(Role::Label, app.clock.second(*time_ms)),
                };
                let (event, beside) = match event {
                    // The time stands on the left already.
                    Some(row) => {
                        let (text, beside) = self.event_row(row, app, usize::from(right), texts);
                        (text.skip(9), beside)
                    }
                    None => (Text::new(), Text::new()),
                };
                (log, event, beside)
            }
            Moment::Calm { count, last_ms, .. } => {
                let until = app.clock.second(*last_ms);
                let left = Text::of(Role::Label, "   ⋮");
                (left, Text::of(Role::Label, format!("    {}", texts.all_fine(*count, &until))), Text::new())
            }
            Moment::Silence { from_ms, to_ms } => {
                let length = texts.duration(to_ms.saturating_sub(*from_ms));
                (
                    Text::of(Role::Label, format!("   ⋮ {length}")),
                    Text::of(Role::Label, format!("──  {}", texts.no_message_for(&length))),
                    Text::new(),
                )
            }
        }
    }
}
