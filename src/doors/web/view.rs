//! What a page shows: named texts, tables and plots, worded and formatted for people.
//!
//! A [`View`] is filled into a page's template when it is loaded, and sent as JSON while it is open: whole first, then
//! only [what changed](View::since). So nothing is formatted or worded in two places, and the page's script only puts
//! texts into theirs. Values are texts and stay texts: nothing here is HTML.

use std::collections::{BTreeMap, BTreeSet};

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

/// What a text means; how that looks is the style sheet's affair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// As it should be.
    Good,
    /// Somebody should look.
    Warn,
    /// Something is wrong.
    Bad,
    /// Of no importance now.
    Muted,
}

impl Tone {
    /// As it stands in attributes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Muted => "muted",
        }
    }
}

/// A text with what goes with it: one of a page's named texts, or a cell of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Piece {
    /// The text itself, as it is shown.
    pub text: String,
    /// What it means.
    pub tone: Option<Tone>,
    /// What is told beside it on demand.
    pub title: Option<String>,
    /// A place on this server that it leads to: begins with one `/`.
    pub href: Option<String>,
    /// A bar beside it, from 0 to 1 of its track.
    pub bar: Option<f64>,
    /// A mark on that bar, from 0 to 1.
    pub mark: Option<f64>,
    /// The points of a small plot beside it, as SVG has them in a box of 60 × 16.
    pub spark: Option<String>,
    /// The moment that the text tells, milliseconds since 1970: browsers show it in their own zone.
    pub at_ms: Option<i64>,
}

impl<T: Into<String>> From<T> for Piece {
    fn from(text: T) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

impl Piece {
    /// With a tone.
    #[must_use]
    pub fn tone(self, tone: Tone) -> Self {
        Self { tone: Some(tone), ..self }
    }

    /// With what is told beside it on demand.
    #[must_use]
    pub fn title(self, title: impl Into<String>) -> Self {
        Self { title: Some(title.into()), ..self }
    }

    /// Leading to a place on this server.
    #[must_use]
    pub fn href(self, href: impl Into<String>) -> Self {
        Self { href: Some(href.into()), ..self }
    }

    /// With a bar of `part` from 0 to 1.
    #[must_use]
    pub fn bar(self, part: f64) -> Self {
        Self { bar: Some(part.clamp(0.0, 1.0)), ..self }
    }

    /// With a mark on the bar.
    #[must_use]
    pub fn mark(self, part: f64) -> Self {
        Self { mark: Some(part.clamp(0.0, 1.0)), ..self }
    }

    /// With a small plot of `values`, the oldest first.
    #[must_use]
    pub fn spark(self, values: &[f64]) -> Self {
        Self { spark: spark(values), ..self }
    }

    /// The moment `at_ms`, as `text` tells it in UTC.
    #[must_use]
    pub fn at(self, at_ms: i64) -> Self {
        Self { at_ms: Some(at_ms), ..self }
    }
}

/// The points of a line in a box of 60 × 16, at most one each unit of width; `None` for less than two values.
fn spark(values: &[f64]) -> Option<String> {
    let shown = values.get(values.len().saturating_sub(61)..)?;
    let steps = shown.len().checked_sub(1).filter(|steps| *steps > 0)?;
    let top = shown.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let point = |(index, value): (usize, &f64)| {
        format!("{:.1},{:.1}", 60.0 * index as f64 / steps as f64, 15.5 - 15.0 * (value / top).clamp(0.0, 1.0))
    };
    Some(shown.iter().enumerate().map(point).collect::<Vec<_>>().join(" "))
}

/// A plain text when there is nothing else to tell, else an object.
impl Serialize for Piece {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { text, tone, title, href, bar, mark, spark, at_ms } = self;
        let is_plain = tone.is_none()
            && title.is_none()
            && href.is_none()
            && bar.is_none()
            && mark.is_none()
            && spark.is_none()
            && at_ms.is_none();
        if is_plain {
            return serializer.serialize_str(text);
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("text", text)?;
        if let Some(tone) = tone {
            map.serialize_entry("tone", tone)?;
        }
        for (name, value) in [("title", title), ("href", href), ("spark", spark)] {
            if let Some(value) = value {
                map.serialize_entry(name, value)?;
            }
        }
        for (name, value) in [("bar", bar), ("mark", mark)] {
            if let Some(value) = value {
                map.serialize_entry(name, &((value * 1_000.0).round() / 1_000.0))?;
            }
        }
        if let Some(at_ms) = at_ms {
            map.serialize_entry("at_ms", at_ms)?;
        }
        map.end()
    }
}

/// A row of a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Row {
    /// What tells it from the others of its table, and stays the same while its cells change.
    pub key: String,
    /// What the whole row means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tone: Option<Tone>,
    /// The place on this server that the row leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
    /// As many as the table has columns.
    pub cells: Vec<Piece>,
}

impl Row {
    /// A row of `cells`, known by `key`.
    pub fn new(key: impl Into<String>, cells: impl IntoIterator<Item = Piece>) -> Self {
        Self { key: key.into(), tone: None, href: None, cells: cells.into_iter().collect() }
    }

    /// Leading to a place on this server.
    #[must_use]
    pub fn href(self, href: impl Into<String>) -> Self {
        Self { href: Some(href.into()), ..self }
    }
}

/// The points of a chart.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Plot {
    /// Seconds since 1970, rising.
    pub x: Vec<i64>,
    /// For each line as many values as `x` has; `None` where nothing is known.
    pub y: Vec<Vec<Option<f64>>>,
    /// A value that should not be exceeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// From where to where its axis reaches, when that is not from nothing to what fits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<(f64, f64)>,
}

/// Everything that a page shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct View {
    /// How many things it tells of were seen so far, for "312 new".
    pub total: u64,
    /// By name.
    pub texts: BTreeMap<&'static str, Piece>,
    /// By name.
    pub tables: BTreeMap<&'static str, Vec<Row>>,
    /// By name.
    pub plots: BTreeMap<&'static str, Plot>,
}

impl View {
    /// Sets a text.
    pub fn text(&mut self, name: &'static str, text: impl Into<Piece>) {
        self.texts.insert(name, text.into());
    }

    /// Sets a table.
    pub fn table(&mut self, name: &'static str, rows: impl IntoIterator<Item = Row>) {
        self.tables.insert(name, rows.into_iter().collect());
    }

    /// What is other than in `before`, to be put into a page that shows it.
    pub fn since<'a>(&'a self, before: &'a Self) -> Changes<'a> {
        fn other<'a, T: PartialEq>(
            now: &'a BTreeMap<&'static str, T>,
            before: &'a BTreeMap<&'static str, T>,
        ) -> impl Iterator<Item = (&'static str, &'a T, Option<&'a T>)> {
            let with_old = now.iter().map(|(name, value)| (*name, value, before.get(name)));
            with_old.filter(|(_, value, old)| *old != Some(*value))
        }
        let mut texts: BTreeMap<_, _> =
            other(&self.texts, &before.texts).map(|(name, text, _)| (name, Some(text))).collect();
        let gone = before.texts.keys().filter(|name| !self.texts.contains_key(*name));
        texts.extend(gone.map(|name| (*name, None)));
        Changes {
            total: self.total,
            texts,
            tables: other(&self.tables, &before.tables)
                .map(|(name, rows, old)| (name, TableChange::between(rows, old)))
                .collect(),
            plots: other(&self.plots, &before.plots)
                .map(|(name, plot, old)| (name, PlotChange::between(plot, old)))
                .collect(),
        }
    }
}

/// What changed between two views.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Changes<'a> {
    total: u64,
    /// One that is gone is an empty text.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", serialize_with = "texts")]
    texts: BTreeMap<&'static str, Option<&'a Piece>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tables: BTreeMap<&'static str, TableChange<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    plots: BTreeMap<&'static str, PlotChange<'a>>,
}

impl Changes<'_> {
    /// Whether nothing that is shown changed.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.tables.is_empty() && self.plots.is_empty()
    }
}

fn texts<S: Serializer>(texts: &BTreeMap<&'static str, Option<&Piece>>, serializer: S) -> Result<S::Ok, S::Error> {
    let empty = Piece::default();
    serializer.collect_map(texts.iter().map(|(name, text)| (name, text.unwrap_or(&empty))))
}

/// A table that changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
enum TableChange<'a> {
    /// All of it.
    Whole(&'a [Row]),
    /// Rows that replace those of their keys, or come to the top in this order when their keys are new; then only the
    /// first `keep` stay.
    Part { part: bool, keep: usize, rows: Vec<&'a Row> },
}

impl<'a> TableChange<'a> {
    fn between(now: &'a [Row], before: Option<&'a Vec<Row>>) -> Self {
        let Some(before) = before else { return Self::Whole(now) };
        let old: BTreeMap<&str, &Row> = before.iter().map(|row| (row.key.as_str(), row)).collect();
        let keys: BTreeSet<&str> = now.iter().map(|row| row.key.as_str()).collect();
        // Rows that share a key cannot be told apart.
        if old.len() < before.len() || keys.len() < now.len() {
            return Self::Whole(now);
        }
        let rows: Vec<&Row> = now.iter().filter(|row| old.get(row.key.as_str()) != Some(row)).collect();
        let new = rows.iter().map(|row| row.key.as_str()).filter(|key| !old.contains_key(key));
        let after: Vec<&str> = new.chain(before.iter().map(|row| row.key.as_str())).take(now.len()).collect();
        // Only where that leads to the same table: rows may have changed their places.
        let leads_to_the_same = after.into_iter().eq(now.iter().map(|row| row.key.as_str()));
        if rows.len() < now.len() && leads_to_the_same {
            Self::Part { part: true, keep: now.len(), rows }
        } else {
            Self::Whole(now)
        }
    }
}

/// A plot that changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
enum PlotChange<'a> {
    /// All of it.
    Whole(&'a Plot),
    /// Points that replace those of the same moment, or come behind them; then only the last `keep` stay.
    Part { part: bool, keep: usize, x: Vec<i64>, y: Vec<Vec<Option<f64>>> },
}

impl<'a> PlotChange<'a> {
    fn between(now: &'a Plot, before: Option<&'a Plot>) -> Self {
        let column = |plot: &Plot, at: usize| -> Vec<Option<f64>> {
            plot.y.iter().map(|line| line.get(at).copied().flatten()).collect()
        };
        let Some(before) = before
            .filter(|before| before.y.len() == now.y.len() && before.limit == now.limit && before.range == now.range)
        else {
            return Self::Whole(now);
        };
        let old: BTreeMap<i64, Vec<Option<f64>>> =
            before.x.iter().enumerate().map(|(at, x)| (*x, column(before, at))).collect();
        let changed: Vec<usize> =
            (0..now.x.len()).filter(|at| now.x.get(*at).and_then(|x| old.get(x)) != Some(&column(now, *at))).collect();
        let all: BTreeSet<i64> = before.x.iter().chain(&now.x).copied().collect();
        let last = all.iter().rev().take(now.x.len()).rev();
        // Pages put new points behind all others, and nowhere else.
        let end = before.x.last().copied().unwrap_or(i64::MIN);
        let is_behind = |x: &i64| old.contains_key(x) || *x > end;
        if changed.len() < now.x.len() && last.eq(now.x.iter()) && now.x.iter().all(is_behind) {
            let pick = |line: &Vec<Option<f64>>| changed.iter().map(|at| line.get(*at).copied().flatten()).collect();
            let x = changed.iter().filter_map(|at| now.x.get(*at).copied()).collect();
            Self::Part { part: true, keep: now.x.len(), x, y: now.y.iter().map(pick).collect() }
        } else {
            Self::Whole(now)
        }
    }
}
