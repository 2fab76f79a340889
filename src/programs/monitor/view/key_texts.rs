//! The keys of each screen with what they do, and the help.

use crate::programs::monitor::texts::Texts;

/// A key, and what it does.
pub(super) type Keys = Vec<(&'static str, String)>;

/// A part of a line of help: whether it is a key, and its text.
pub(super) type Part = (bool, String);

/// Columns of the keys in each column of the help, and of what they do, on a terminal of 80 columns.
const KEY_COLUMNS: [usize; 3] = [9, 7, 7];
const MEANING_COLUMNS: [usize; 3] = [15, 20, 20];

/// Below so many columns the help has one column.
const THREE_COLUMNS_FROM: usize = 79;

impl Texts {
    /// The keys of the main screen, as many as fit, the most needed first.
    pub(super) fn main_keys(&self, is_frozen: bool) -> Keys {
        let freeze = if is_frozen { self.do_resume } else { self.do_freeze };
        keys([
            ("q", self.do_quit),
            ("?", self.do_help),
            ("Tab", self.do_pane),
            (self.enter_key, self.do_record),
            ("/", self.do_find),
            ("f", freeze),
            ("e E", self.do_error),
            ("o", self.do_order),
            ("t", self.do_timeline),
            ("F", self.do_filter),
            ("g G", self.do_ends),
            ("y", self.do_copy),
            ("+ −", self.do_zoom),
        ])
    }

    /// The keys of one record.
    pub(super) fn record_keys(&self) -> Keys {
        keys([
            (self.escape_key, self.do_back),
            ("v", self.do_view),
            ("[ ]", self.do_before_after),
            ("e E", self.do_error),
            ("y", self.do_copy),
            ("o", self.do_order),
            ("↑↓", self.do_scroll),
        ])
    }

    /// The keys of an order that is followed.
    pub(super) fn order_keys(&self) -> Keys {
        keys([
            (self.escape_key, self.do_back),
            (self.enter_key, self.same_customer),
            ("↑↓", self.do_scroll),
            ("y", self.do_copy),
        ])
    }

    /// The keys of both files on one clock.
    pub(super) fn timeline_keys(&self) -> Keys {
        keys([
            (self.escape_key, self.do_back),
            (self.enter_key, self.do_record),
            ("↑↓", self.do_scroll),
            ("g G", self.do_ends),
        ])
    }

    /// What goes with a search that was made.
    pub(super) fn search_keys(&self) -> String {
        format!("n {}  N {}  {} {}", self.do_next, self.do_previous, self.escape_key, self.do_clear)
    }

    /// What goes with a filter that is set.
    pub(super) fn filter_keys(&self) -> String {
        format!("F {}  {} {}", self.do_filter, self.escape_key, self.do_clear)
    }

    /// What a filter's prompt takes.
    pub(super) fn filter_help(&self) -> &'static str {
        self.choose(
            "bad, gap, partition = 1, customer = …, text; joined by and",
            "bad, gap, partition = 1, customer = …, texte ; joints par and",
        )
    }

    /// What a `:` prompt takes.
    pub(super) fn go_help(&self) -> &'static str {
        self.choose(
            "505, orders/1@505, 09:41 as 2026-11-21T09:41, 30 min ago",
            "505, orders/1@505, 2026-11-21T09:41, 30 min ago",
        )
    }

    /// What was ordered.
    pub(super) fn items(&self) -> &'static str {
        self.choose("Items", "Articles")
    }

    /// The name of an event in an order's story.
    pub(super) fn created(&self) -> &'static str {
        self.choose("created", "créée")
    }

    /// The same.
    pub(super) fn in_kafka(&self) -> &'static str {
        self.choose("in Kafka", "dans Kafka")
    }

    /// The same.
    pub(super) fn recorded(&self) -> &'static str {
        self.choose("recorded", "écrite")
    }

    /// The help: its lines, each of parts.
    pub(super) fn help_lines(&self, width: usize) -> Vec<Vec<Part>> {
        let columns_of = [self.first_column(), self.second_column(), self.third_column()];
        let mut lines: Vec<Vec<Part>> = Vec::new();
        if width >= THREE_COLUMNS_FROM {
            let height = columns_of.iter().map(Vec::len).max().unwrap_or(0);
            // What is left on a wider terminal goes to what the keys do.
            let more = ((width - THREE_COLUMNS_FROM) / 3).min(12);
            for row in 0..height {
                let columns = columns_of.iter().zip(KEY_COLUMNS.into_iter().zip(MEANING_COLUMNS));
                lines.push(
                    columns.flat_map(|(column, (key, meaning))| parts(column.get(row), key, meaning + more)).collect(),
                );
            }
        } else {
            let [key, ..] = KEY_COLUMNS;
            let meaning = width.saturating_sub(key + 1);
            lines.extend(columns_of.iter().flatten().map(|entry| parts(Some(entry), key, meaning)));
        }
        lines.push(Vec::new());
        lines.push(vec![(true, self.help_words.to_owned())]);
        // The view puts a blank before each.
        let room = width.saturating_sub(1);
        let words = self.words_of_states();
        lines.extend(words.iter().flat_map(|line| folded(line, room)).map(|line| vec![(false, line)]));
        lines
    }

    fn first_column(&self) -> Vec<(&'static str, &'static str)> {
        vec![
            ("", self.help_move),
            ("↑ ↓ j k", self.help_line),
            ("← → h l", self.help_sideways),
            ("PgUp/Dn", self.help_page),
            ("Ctrl-u d", self.help_half_page),
            ("g Home", self.help_oldest),
            ("G End", self.help_newest),
            ("Tab ⇧Tab", self.help_next_pane),
            ("1 2 3 4", self.help_pane_by_number),
            ("", self.help_hold),
            ("f Space", self.help_freeze),
            ("↑", self.help_scroll_up),
            ("G", self.help_follow_again),
        ]
    }

    fn second_column(&self) -> Vec<(&'static str, &'static str)> {
        vec![
            ("", self.help_find),
            ("/", self.help_search),
            ("n N", self.help_hits),
            ("e E", self.help_errors),
            ("w W", self.help_warnings),
            ("d D", self.help_gaps),
            (":", self.help_go),
            ("", self.help_go_span),
            ("F", self.help_filter),
            ("", self.help_filter_more),
            ("", self.help_mouse),
            (self.choose("wheel", "roue"), self.help_wheel),
            (self.choose("click", "clic"), self.help_click),
            (self.choose("twice", "2 fois"), self.help_twice),
        ]
    }

    fn third_column(&self) -> Vec<(&'static str, &'static str)> {
        vec![
            ("", self.help_see),
            (self.enter_key, self.help_record),
            ("t", self.help_timeline),
            ("o", self.help_order),
            ("v", self.help_view),
            ("z", self.help_full),
            ("c", self.help_columns),
            ("u", self.help_utc),
            ("+ − =", self.help_zoom),
            ("", self.help_other),
            ("y", self.help_copy),
            ("x", self.help_save),
            ("T L", self.help_theme),
            (self.escape_key, self.do_back),
            ("q", self.do_quit),
        ]
    }

    fn words_of_states(&self) -> Vec<String> {
        let number = |text: &'static str| self.choose(text.to_owned(), text.replace('.', ","));
        let below = self.below;
        vec![
            format!(
                "{:<15}● {} ≥ 95 %    ▲ {} ≥ 80 %    ■ {} {below}",
                self.success_short, self.excellent, self.good, self.critical
            ),
            format!(
                "{:<15}● {} {}    ▲ {} {}    ■ {} {below}",
                self.throughput_short,
                self.normal,
                number("≥ 0.3/s"),
                self.low_throughput,
                number("≥ 0.1/s"),
                self.no_throughput
            ),
            format!(
                "{:<15}● {} {}    ▲ {} {}    ■ {} {}",
                self.errors,
                self.no_errors,
                self.for_5_min,
                self.recent_errors,
                self.over_1_min,
                self.active_errors,
                self.within_1_min
            ),
            format!(
                "{:<15}▲ {}   ▼ {}   = {}   · {}   {}",
                self.lag, self.grows, self.falls, self.steady, self.idle, self.help_worst
            ),
            self.help_counts.to_owned(),
        ]
    }
}

fn keys<const N: usize>(keys: [(&'static str, &'static str); N]) -> Keys {
    keys.into_iter().map(|(key, meaning)| (key, meaning.to_owned())).collect()
}

/// One entry in its columns: a title when it has no key and stands for itself.
fn parts(entry: Option<&(&'static str, &'static str)>, keys: usize, meaning: usize) -> Vec<Part> {
    let Some((key, text)) = entry else { return vec![(false, " ".repeat(keys + meaning))] };
    let is_title = key.is_empty() && text.chars().all(|character| !character.is_lowercase());
    if is_title {
        return vec![(true, padded(text, keys + meaning))];
    }
    vec![(true, padded(key, keys)), (false, padded(text, meaning))]
}

/// A line in as many rows as it needs: its cells, which blanks part, stay whole where they can.
fn folded(line: &str, columns: usize) -> Vec<String> {
    const INDENT: &str = "  ";
    let width = crate::tools::shown::width;
    if width(line) <= columns {
        return vec![line.to_owned()];
    }
    let mut rows: Vec<String> = Vec::new();
    for cell in line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()) {
        // Each cell begins a row; what follows the first one belongs to it.
        let mut row = if rows.is_empty() { String::new() } else { INDENT.to_owned() };
        let mut is_begun = false;
        for word in cell.split(' ') {
            if is_begun && width(&row) + 1 + width(word) > columns {
                rows.push(std::mem::replace(&mut row, INDENT.to_owned()));
                is_begun = false;
            }
            row.push_str(if is_begun { " " } else { "" });
            row.push_str(word);
            is_begun = true;
        }
        rows.push(row);
    }
    rows
}

fn padded(text: &str, columns: usize) -> String {
    let text = crate::tools::shown::cut(text, columns.saturating_sub(1));
    let missing = columns.saturating_sub(crate::tools::shown::width(&text));
    format!("{text}{}", " ".repeat(missing))
}
