//! The first page: the shop at a glance.

use super::super::state::State;
use super::super::words::{UNKNOWN, milliseconds, minute, money, percent};
use super::Now;
use super::orders::short_row;
use super::series::{Minute, hour};
use super::stock;
use crate::base::language::Language;
use crate::base::money::Sum;
use crate::doors::web::{Piece, Plot, Row, Tone, View};
use crate::logic::shopfold::{Breakdown, Figures, Histogram};

/// A decision should take less, milliseconds.
const LIMIT_MS: u64 = 100;

/// Rows of lists that may be long.
const MOST_ROWS: usize = 12;

/// The last orders that are shown.
const LAST: usize = 20;

pub(super) fn fill(state: &State, now: &Now, language: Language, view: &mut View) {
    let figures = state.figures();
    let minutes = hour(&figures, now.at_ms);
    tiles(language, &figures, &minutes, view);
    plots(language, &minutes, view);
    let total = figures.sales.all.revenue;
    view.table(
        "regions",
        ranked(language, &figures.sales.regions, |counted, revenue| {
            let share = percent(language, counted.revenue.to_f64(), total.to_f64());
            vec![revenue, share.into(), language.count(counted.orders).into()]
        }),
    );
    view.table(
        "products",
        ranked(language, &figures.sales.products, |counted, revenue| {
            vec![revenue, language.count(counted.pieces).into()]
        }),
    );
    view.table("categories", ranked(language, &figures.sales.categories, |_, revenue| vec![revenue]));
    view.table("vip", customers(language, &figures));
    let last = figures.recent.iter().rev().take(LAST);
    view.table("last_orders", last.map(|order| short_row(language, order)));
    drop(figures);
    view.text("stock.context", stock::context(language, &now.levels));
    view.table("stock", now.levels.iter().take(MOST_ROWS).map(|level| stock::short_row(language, level)));
}

fn tiles(language: Language, figures: &Figures, minutes: &[Minute], view: &mut View) {
    let (sales, refusals) = (&figures.sales, &figures.refusals);
    let all = sales.all.orders + refusals.all;
    let count = |number: u64| language.count(number);
    view.text("orders.all", count(all));
    view.text(
        "orders.context",
        language.choose(
            format!("{} ok · {} refused", count(sales.all.orders), count(refusals.all)),
            format!("{} ok · {} refusées", count(sales.all.orders), count(refusals.all)),
        ),
    );
    view.text("revenue.all", money(language, sales.all.revenue));
    let each = sales.all.revenue.cents() / i128::from(sales.all.orders.max(1));
    let each = money(language, Sum::from_cents(each));
    view.text("revenue.context", language.choose(format!("{each} an order"), format!("{each} par commande")));
    view.text("errors.all", count(refusals.all));
    view.text("errors.share", percent(language, refusals.all as f64, all as f64));
    view.text(
        "errors.context",
        language.choose(
            format!("{} stock · {} invalid", count(refusals.out_of_stock), count(refusals.invalid)),
            format!("{} rupture · {} invalides", count(refusals.out_of_stock), count(refusals.invalid)),
        ),
    );
    let mut latency = Histogram::default();
    minutes.iter().for_each(|minute| latency.merge(&minute.latency));
    let part = |part: f64| latency.within(part);
    let shown = |part: Option<u64>| part.map_or_else(|| UNKNOWN.to_owned(), |part| language.count(part));
    let p99 = part(0.99);
    view.text("latency.p99", p99.map_or_else(|| UNKNOWN.to_owned(), |p99| milliseconds(language, p99 as i64)));
    view.text(
        "latency.limit",
        match p99 {
            None => Piece::default(),
            Some(..LIMIT_MS) => Piece::from(language.choose("under 100", "sous 100")).tone(Tone::Good),
            Some(_) => Piece::from(language.choose("over 100", "plus de 100")).tone(Tone::Bad),
        },
    );
    view.text(
        "latency.context",
        language.choose(
            format!("p50 {} · p95 {}, last hour", shown(part(0.5)), shown(part(0.95))),
            format!("p50 {} · p95 {}, dernière heure", shown(part(0.5)), shown(part(0.95))),
        ),
    );
    let (now, before) = (minutes.last(), minutes.iter().rev().nth(1));
    view.text("pace.now", count(now.map_or(0, Minute::orders)));
    let peak = minutes.iter().max_by_key(|minute| minute.orders()).filter(|minute| minute.orders() > 0);
    let peak = peak.map(|peak| {
        let at = minute(peak.at_ms()).text;
        language.choose(
            format!(" · peak {} at {at}", count(peak.orders())),
            format!(" · pointe {} à {at}", count(peak.orders())),
        )
    });
    let before = count(before.map_or(0, Minute::orders));
    view.text(
        "pace.context",
        format!(
            "{}{}",
            language.choose(format!("{before} the minute before"), format!("{before} la minute d’avant")),
            peak.unwrap_or_default()
        ),
    );
}

fn plots(language: Language, minutes: &[Minute], view: &mut View) {
    let orders: u64 = minutes.iter().map(Minute::orders).sum();
    let none = language.choose("No order in the last hour", "Pas de commande depuis une heure");
    for (name, caption) in [
        ("plot.orders.caption", orders_caption(language, minutes)),
        ("plot.revenue.caption", revenue_caption(language, minutes)),
        ("plot.latency.caption", latency_caption(language, minutes)),
    ] {
        view.text(name, if orders == 0 { none.to_owned() } else { caption });
    }
    let x: Vec<i64> = minutes.iter().map(|minute| minute.minute * 60).collect();
    let line = |value: &dyn Fn(&Minute) -> Option<f64>| minutes.iter().map(value).collect::<Vec<_>>();
    let plot = |y: Vec<Vec<Option<f64>>>, limit| Plot { x: x.clone(), y, limit, range: None };
    let within = |part: f64| line(&move |minute| minute.latency.within(part).map(|value| value as f64));
    view.plots.insert(
        "orders",
        plot(
            vec![line(&|minute| Some(minute.confirmed.orders as f64)), line(&|minute| Some(minute.refused as f64))],
            None,
        ),
    );
    view.plots.insert("revenue", plot(vec![line(&|minute| Some(minute.confirmed.revenue.to_f64()))], None));
    view.plots.insert("latency", plot(vec![within(0.5), within(0.95), within(0.99)], Some(LIMIT_MS as f64)));
    let rows = |cells: &dyn Fn(&Minute) -> Vec<Piece>| {
        let row = |one: &Minute| {
            let mut all = vec![minute(one.at_ms())];
            all.extend(cells(one));
            Row::new((one.minute * 60).to_string(), all)
        };
        minutes.iter().rev().map(row).collect::<Vec<_>>()
    };
    let count = |number: u64| Piece::from(language.count(number));
    view.table("plot.orders", rows(&|one| vec![count(one.confirmed.orders), count(one.refused)]));
    view.table("plot.revenue", rows(&|one| vec![money(language, one.confirmed.revenue).into()]));
    view.table(
        "plot.latency",
        rows(&|one| {
            let part = |part: f64| one.latency.within(part).map_or_else(|| UNKNOWN.into(), count);
            vec![part(0.5), part(0.95), part(0.99)]
        }),
    );
}

fn orders_caption(language: Language, minutes: &[Minute]) -> String {
    let last = |count: usize| language.count(minutes.iter().rev().take(count).map(Minute::orders).sum());
    language.choose(
        format!("{} in this minute, {} in 15 min, {} in an hour", last(1), last(15), last(60)),
        format!("{} dans cette minute, {} en 15 min, {} en une heure", last(1), last(15), last(60)),
    )
}

fn revenue_caption(language: Language, minutes: &[Minute]) -> String {
    let last = |count: usize| {
        let mut sum = Sum::default();
        minutes.iter().rev().take(count).for_each(|minute| sum.add_sum(minute.confirmed.revenue));
        money(language, sum)
    };
    language.choose(
        format!("{} in this minute, {} in an hour", last(1), last(60)),
        format!("{} dans cette minute, {} en une heure", last(1), last(60)),
    )
}

fn latency_caption(language: Language, minutes: &[Minute]) -> String {
    let last = minutes.iter().rev().find_map(|minute| minute.latency.within(0.99));
    let last = last.map_or_else(|| UNKNOWN.to_owned(), |last| language.count(last));
    language.choose(format!("p99 {last} of {LIMIT_MS} ms"), format!("p99 {last} sur {LIMIT_MS} ms"))
}

/// The names that brought most, each with its bar.
fn ranked(
    language: Language,
    names: &Breakdown,
    cells: impl Fn(crate::logic::shopfold::Counted, Piece) -> Vec<Piece>,
) -> Vec<Row> {
    let ranked = names.ranked();
    let top = ranked.first().map_or(0.0, |(_, counted)| counted.revenue.to_f64()).max(f64::MIN_POSITIVE);
    let row = |(name, counted): &(&str, crate::logic::shopfold::Counted)| {
        let revenue = Piece::from(money(language, counted.revenue)).bar(counted.revenue.to_f64() / top);
        let mut all = vec![Piece::from(super::super::words::or_unknown(name)).title(*name)];
        all.extend(cells(*counted, revenue));
        Row::new(*name, all)
    };
    ranked.iter().take(MOST_ROWS).map(row).collect()
}

fn customers(language: Language, figures: &Figures) -> Vec<Row> {
    let total = figures.sales.all.revenue.to_f64();
    let row = |key: &str, name: &str, counted: crate::logic::shopfold::Counted| {
        let part = if total > 0.0 { counted.revenue.to_f64() / total } else { 0.0 };
        let revenue = Piece::from(money(language, counted.revenue)).bar(part);
        Row::new(key, [name.into(), revenue, percent(language, counted.revenue.to_f64(), total).into()])
    };
    if figures.sales.all.orders == 0 {
        return Vec::new();
    }
    let others = language.choose("Others", "Autres");
    vec![row("vip", "VIP", figures.sales.vip), row("others", others, figures.sales.not_vip())]
}
