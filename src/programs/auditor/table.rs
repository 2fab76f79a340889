//! Records as a table: one a line, numbers right, cut to the width of the terminal.

use std::io::{self, Write};

use serde::Deserialize;
use std::borrow::Cow;

use super::context::Terminal;
use crate::tools::shown::{cut, grouped, second, size, width};
use crate::words::order;
use crate::words::record::{AuditLine, EventType};

/// The widest that the place of a record is shown.
const WIDEST_PLACE: usize = 28;

/// `999.9 kB`.
const SIZE_WIDTH: usize = 8;

/// From this width on, what is told of an order begins with its id.
const WITH_ID: usize = 32;

/// A table whose columns were fixed before its first row.
pub(super) struct Table {
    /// With the space behind it; 0 for no numbers.
    number_width: usize,
    time_width: usize,
    place_width: usize,
    /// Room for what was ordered, by whom, for how much; or for why it is no order.
    about_width: usize,
    /// Whether what is too long is cut.
    is_cut: bool,
    color: bool,
    is_begun: bool,
}

/// What a table shows of an order, whatever else it holds.
#[derive(Deserialize)]
struct Glance<'a> {
    #[serde(borrow, default)]
    order_id: Option<Cow<'a, str>>,
}

impl Table {
    /// A table for a trail that ends at about `last_line`, of `topic`.
    pub(super) fn new(last_line: u64, topic: &str, terminal: Terminal) -> Self {
        Self::with(grouped(last_line).len().max(4) + 2, topic, terminal)
    }

    /// A table of lines whose numbers are not known.
    pub(super) fn without_numbers(topic: &str, terminal: Terminal) -> Self {
        Self::with(0, topic, terminal)
    }

    fn with(number_width: usize, topic: &str, terminal: Terminal) -> Self {
        let place_width = (width(topic) + 10).min(WIDEST_PLACE);
        let columns = terminal.stdout_is_terminal.then(|| terminal.columns.unwrap_or(80));
        // A narrow terminal does without the year.
        let time_width = if columns.is_some_and(|columns| columns < 100) { 14 } else { 19 };
        let used = number_width + time_width + 2 + place_width + 2 + 3 + 2 + 2 + SIZE_WIDTH;
        let about_width = columns.map_or(44, |columns| columns.saturating_sub(used).clamp(8, 60));
        let is_cut = columns.is_some();
        Self { number_width, time_width, place_width, about_width, is_cut, color: terminal.color, is_begun: false }
    }

    /// Adds a row, and the names of the columns before the first.
    pub(super) fn row(&mut self, out: &mut dyn Write, number: impl Into<Option<u64>>, line: &[u8]) -> io::Result<()> {
        if !self.is_begun {
            self.is_begun = true;
            let names = ["LINE", "RECEIVED (UTC)", "WHERE", "", "ABOUT", "SIZE"].map(str::to_owned);
            self.write(out, names, None)?;
        }
        let number = number.into().map_or_else(String::new, grouped);
        let Ok(record) = AuditLine::parse(line) else {
            let texts = ["", "", "■", "no line of a trail: see audit verify", ""].map(str::to_owned);
            let [time, place, sign, about, size] = texts;
            return self.write(out, [number, time, place, sign, about, size], Some("31"));
        };
        let place = format!("{}/{}@{}", record.kafka_topic, record.kafka_partition, record.kafka_offset);
        let (sign, color) = match record.event_type {
            EventType::Received => ("ok", "32"),
            EventType::Invalid => ("BAD", "33"),
            EventType::Gap => ("GAP", "31"),
        };
        let is_gap = record.event_type == EventType::Gap;
        let bytes = if is_gap { String::new() } else { size(record.message_size) };
        let cells = [number, second(&record.timestamp), place, sign.to_owned(), self.about(&record), bytes];
        self.write(out, cells, Some(color))
    }

    fn about(&self, record: &AuditLine<'_>) -> String {
        if let Some(error) = &record.error {
            return error.clone().into_owned();
        }
        if let (Some(_), Ok(order)) = (record.order_full, order::read(&record.raw_message)) {
            let id: String = order.order_id.chars().take(8).collect();
            let total = match order.currency.as_ref() {
                "EUR" => format!("€{}", order.total),
                currency => format!("{} {currency}", order.total),
            };
            let who = &order.customer_info.customer_id;
            // The sum stands right, so that sums stand below each other.
            let left = if self.about_width < WITH_ID {
                format!("#{} {who}", order.sequence)
            } else {
                format!("#{} {id} {who}", order.sequence)
            };
            let left = cut(&left, self.about_width.saturating_sub(width(&total) + 1));
            let room = self.about_width.saturating_sub(width(&left) + width(&total));
            return format!("{left}{}{total}", " ".repeat(room));
        }
        let id = serde_json::from_str::<Glance<'_>>(&record.raw_message).ok().and_then(|glance| glance.order_id);
        match id {
            Some(id) => id.into_owned(),
            None if record.payload_null => "a tombstone".to_owned(),
            None => record.raw_message.trim().to_owned(),
        }
    }

    fn write(&self, out: &mut dyn Write, cells: [String; 6], color: Option<&str>) -> io::Result<()> {
        let [number, time, place, sign, about, size] = cells;
        let about_width = if self.is_cut { self.about_width } else { self.about_width.max(width(&about)) };
        // The end of `2026-11-21 09:41:05` is what differs; the names of the columns are cut at the end.
        let time = match time.len().checked_sub(self.time_width) {
            Some(year) if time.starts_with(|first: char| first.is_ascii_digit()) => {
                time.get(year..).unwrap_or_default()
            }
            _ => &time,
        };
        let (place, about) =
            (pad(&cut(&place, self.place_width), self.place_width), pad(&cut(&about, about_width), about_width));
        let sign = match color.filter(|_| self.color) {
            Some(color) => format!("\u{1b}[{color}m{sign:<3}\u{1b}[0m"),
            None => format!("{sign:<3}"),
        };
        let digits = self.number_width.saturating_sub(2);
        let number = if digits == 0 { String::new() } else { format!("{number:>digits$}  ") };
        let time_width = self.time_width;
        let row = format!("{number}{time:<time_width$}  {place}  {sign}  {about}  {size:>SIZE_WIDTH$}");
        writeln!(out, "{}", row.trim_end())
    }
}

/// Filled up with spaces, whatever the characters' widths.
fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}
