//! One order followed.

use super::View;
use super::footer::keys_text;
use super::header::inside;
use crate::doors::screen::{Area, Canvas, Role, Text};
use crate::logic::monitor::Figures;
use crate::programs::monitor::app::App;
use crate::programs::monitor::order::OrderView;
use crate::programs::monitor::texts::Texts;

impl View {
    pub(super) fn order_story(
        &self,
        canvas: &mut Canvas<'_>,
        screen: Area,
        order: &mut OrderView,
        app: &mut App,
        figures: &Figures,
        texts: &Texts,
    ) {
        let (head, rest) = screen.split_top(1);
        let (rest, foot) = rest.split_bottom(1);
        let story = &order.story;
        let short: String = story.order_id.chars().take(8).collect();
        let mut title = Text::of(Role::Focus, format!("{} {short}", texts.order));
        for part in [
            story.sequence.map(|number| format!("#{number}")).unwrap_or_default(),
            story.customer.clone(),
            texts.money(&story.total, &story.currency),
        ] {
            if !part.is_empty() {
                title = title.and(Role::Focus, format!(" · {part}"));
            }
        }
        canvas.rule(head, &title, &Text::of(Role::Label, format!("Esc {}", texts.do_back)), true);
        let steps = self.steps(order, app, figures, texts);
        let (top, rest) = rest.split_top(u16::try_from(steps.len()).unwrap_or(u16::MAX));
        canvas.put_lines(inside(top), &steps);
        let bill = bill(order, texts);
        let (top, rest) = rest.split_top(u16::try_from(bill.len()).unwrap_or(u16::MAX).min(rest.height / 2));
        if let Some((head, lines)) = bill.split_first()
            && !top.is_empty()
        {
            canvas.rule(top.row(0), head, &Text::new(), false);
            canvas.put_lines(inside(top.split_top(1).1), lines);
        }
        let (head, body) = rest.split_top(1);
        let right = match (&order.trouble, order.is_busy()) {
            (Some(trouble), _) => trouble.clone(),
            (None, true) => texts.searching.to_owned(),
            (None, false) => texts.customer_records(order.same_customer),
        };
        canvas.rule(
            head,
            &Text::of(Role::Label, texts.related(order.related_count)),
            &Text::of(Role::Label, right),
            false,
        );
        if order.related.is_empty() && !order.is_busy() {
            canvas.put(inside(body), &Text::of(Role::Muted, texts.same_key_only));
        }
        let rows = usize::from(body.height);
        app.overlay_rows = rows;
        order.top = order.top.clamp((order.selected + 1).saturating_sub(rows.max(1)), order.selected);
        for (at, (row, area)) in order.related.iter().skip(order.top).zip(body.rows()).enumerate() {
            let (left, right) = self.event_row(row, app, usize::from(area.width), texts);
            canvas.row(area, order.top + at == order.selected, &left, &right);
        }
        match self.prompt(app, foot.width, texts) {
            Some((left, right)) => canvas.put_both(foot, &left, &right),
            None => canvas.put(foot, &keys_text(&texts.order_keys(), foot.width)),
        }
    }

    /// What happened to it, each with the time since the step before.
    fn steps(&self, order: &OrderView, app: &App, figures: &Figures, texts: &Texts) -> Vec<Text> {
        let story = &order.story;
        let by_broker = if story.is_broker_time { "LogAppendTime" } else { "CreateTime" };
        let kafka = format!("{}, {by_broker}", story.place);
        let recorded = format!("tracker.events, {}", texts.size(story.size_bytes));
        let sealed = figures.sealed.map(|sealed| texts.sealed_up_to(sealed.lines)).unwrap_or_default();
        let all = [
            (story.created_ms, texts.created(), story.created_by.clone()),
            (story.kafka_ms, texts.in_kafka(), kafka),
            (story.recorded_ms, texts.recorded(), recorded),
        ];
        let mut before: Option<i64> = None;
        let mut steps = Vec::new();
        for (time_ms, name, about) in all {
            let clock = time_ms.map_or_else(|| "–".to_owned(), |time_ms| app.clock.millisecond(time_ms));
            let since = time_ms
                .zip(before)
                .map(|(time_ms, before)| texts.plus(time_ms.saturating_sub(before)))
                .unwrap_or_default();
            steps.push(
                Text::new()
                    .padded(Role::Value, clock, 14)
                    .padded_left(Role::Label, since, 10)
                    .value("  ")
                    .padded(Role::Strong, name, 12)
                    .value(about),
            );
            before = time_ms.or(before);
        }
        // When exactly nobody wrote down.
        let seal = match order.is_sealed {
            Some(true) => sealed,
            Some(false) => texts.not_yet.to_owned(),
            None => texts.unknown.to_owned(),
        };
        steps.push(
            Text::new().padded(Role::Value, "", 26).padded(Role::Strong, texts.sealed.to_lowercase(), 12).value(seal),
        );
        if let Some(id) = &story.correlation_id {
            steps.push(Text::of(Role::Label, format!("correlation_id {id}")));
        }
        steps
    }
}

/// What was ordered and what it costs; the title first.
fn bill(order: &OrderView, texts: &Texts) -> Vec<Text> {
    let story = &order.story;
    let money = |amount: &str| if amount.is_empty() { String::new() } else { texts.money(amount, &story.currency) };
    let mut lines = vec![Text::of(Role::Label, texts.items())];
    for item in &story.items {
        lines.push(
            Text::new()
                .padded(Role::Value, &item.name, 28)
                .padded_left(Role::Value, format!("{} ×", item.quantity), 8)
                .padded_left(Role::Value, money(&item.unit_price), 12)
                .padded_left(Role::Value, money(&item.total_price), 12),
        );
    }
    let [sub_total, tax, shipping] = &story.sums;
    for (name, amount) in [("sub_total", sub_total), ("tax", tax), ("shipping_fee", shipping), ("total", &story.total)]
    {
        lines.push(Text::new().padded(Role::Label, name, 48).padded_left(Role::Value, money(amount), 12));
    }
    lines
}
