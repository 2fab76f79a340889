//! The languages that people are spoken to in, and figures as each of them writes them.

use clap::ValueEnum;

/// The language of texts for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// French.
    Fr,
}

/// Between the groups of a French number and before its unit: no line ends there.
const NO_BREAK: char = '\u{a0}';
/// The sign of what falls.
const MINUS: char = '−';

const SECOND: i64 = 1;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

impl Language {
    /// The one that fits the language.
    pub fn choose<T>(self, english: T, french: T) -> T {
        match self {
            Self::En => english,
            Self::Fr => french,
        }
    }

    /// `1,866`, `1 866`.
    pub fn count(self, number: u64) -> String {
        let grouped = grouped(number);
        match self {
            Self::En => grouped,
            Self::Fr => grouped.replace(',', &NO_BREAK.to_string()),
        }
    }

    /// The same of a number that may be below zero: `−3`.
    pub fn signed(self, number: i64) -> String {
        let count = self.count(number.unsigned_abs());
        if number < 0 { format!("{MINUS}{count}") } else { count }
    }

    /// With so many places: `0.50`, `4,812`, `0,50`, `4 812`.
    pub fn decimal(self, number: f64, places: usize) -> String {
        let text = format!("{:.places$}", number.abs());
        let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
        // What is too long for a number of messages stays as it is.
        let whole = whole.parse().map_or_else(|_| whole.to_owned(), |whole| self.count(whole));
        let point = self.choose('.', ',');
        let sign = if number < 0.0 && text.bytes().any(|digit| (b'1'..=b'9').contains(&digit)) {
            String::from(MINUS)
        } else {
            String::new()
        };
        if rest.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}{point}{rest}") }
    }

    /// `0.50`, `48.1`, `4,812`: messages a second without the unit.
    pub fn rate_number(self, per_second: f64) -> String {
        let places = match per_second.abs() {
            ..9.995 => 2,
            ..99.95 => 1,
            _ => 0,
        };
        self.decimal(per_second, places)
    }

    /// `0.50/s`.
    pub fn rate(self, per_second: f64) -> String {
        format!("{}/s", self.rate_number(per_second))
    }

    /// `+12/s`, `−103/s`, with its sign.
    pub fn change(self, per_second: f64) -> String {
        let places = if per_second.abs() < 9.95 { 1 } else { 0 };
        let number = self.decimal(per_second, places);
        let sign =
            if per_second > 0.0 && number.bytes().any(|digit| (b'1'..=b'9').contains(&digit)) { "+" } else { "" };
        format!("{sign}{number}/s")
    }

    /// `0.5`, `500`, `6 k`, `2 M`: at the marks of an axis.
    pub fn axis(self, value: f64) -> String {
        let (value, unit) = match value {
            ..1_000.0 => (value, ""),
            ..1_000_000.0 => (value / 1_000.0, "k"),
            _ => (value / 1_000_000.0, "M"),
        };
        let is_whole = (value - value.round()).abs() < 1e-9 && (value >= 2.0 || value == 0.0 || !unit.is_empty());
        let places = match value {
            _ if is_whole => 0,
            ..0.0995 => 2,
            // Half of 0.5.
            _ if (value * 10.0).fract() > 1e-9 && (value * 10.0).fract() < 1.0 - 1e-9 => 2,
            _ => 1,
        };
        let number = self.decimal(value, places);
        if unit.is_empty() { number } else { format!("{number}{}{unit}", self.space()) }
    }

    /// `7.2 ms`.
    pub fn milliseconds(self, milliseconds: f64) -> String {
        let places = if milliseconds.abs() < 999.95 { 1 } else { 0 };
        format!("{}{}ms", self.decimal(milliseconds, places), self.space())
    }

    /// `41 %` of one core, with a place below 10.
    pub fn load_percent(self, percent: f64) -> String {
        let places = if percent < 9.95 { 1 } else { 0 };
        format!("{}{}%", self.decimal(percent, places), self.space())
    }

    /// `958 B`, `41.2 GB`, `958 o`, `41,2 Go`: powers of ten, as disks are sold.
    pub fn size(self, bytes: u64) -> String {
        let size = english_size(bytes);
        match self {
            Self::En => size,
            Self::Fr => size.replace(' ', &NO_BREAK.to_string()).replace('.', ",").replace('B', "o"),
        }
    }

    /// `10.1 MB/s`.
    pub fn size_rate(self, bytes_per_second: f64) -> String {
        format!("{}/s", self.size(bytes_per_second.max(0.0).round() as u64))
    }

    /// `21 MiB`, `21 Mio`: powers of two, as memory is made.
    pub fn memory_size(self, bytes: u64) -> String {
        let units = [("Gi", 1_u64 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)];
        let byte = self.choose("B", "o");
        match units.iter().find(|(_, unit)| bytes >= *unit) {
            Some((name, unit)) => {
                let number = bytes as f64 / *unit as f64;
                let places = if number < 9.95 { 1 } else { 0 };
                format!("{}{}{name}{byte}", self.decimal(number, places), self.space())
            }
            None => format!("{bytes}{}{byte}", self.space()),
        }
    }

    /// `€20.50`, `20,50 €`: two places at least; other currencies by their code. `amount` is a JSON number.
    pub fn money(self, amount: &str, currency: &str) -> String {
        let (sign, digits) = amount.strip_prefix('-').map_or(("", amount), |digits| ("-", digits));
        let (whole, cents) = digits.split_once('.').unwrap_or((digits, ""));
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_plain(whole) || !is_plain(cents) {
            return format!("{amount}{}{currency}", self.space());
        }
        let whole = whole.parse().map_or_else(|_| whole.to_owned(), |whole| self.count(whole));
        let number = format!("{sign}{whole}{}{cents:0<2}", self.choose('.', ','));
        match (self, currency) {
            (Self::En, "EUR") => format!("€{number}"),
            (Self::Fr, "EUR") => format!("{number}{NO_BREAK}€"),
            _ => format!("{number}{}{currency}", self.space()),
        }
    }

    /// The two biggest units: `0.2 s` only below one second; `41 s`, `3m 05s`, `1h 02m`, `3d 04h`;
    /// `41 s`, `3 min 05 s`, `1 h 02 min`, `3 j 04 h`.
    pub fn duration(self, milliseconds: i64) -> String {
        let seconds = milliseconds.max(0) / 1_000;
        let (big, small, names) = match seconds {
            ..MINUTE => return format!("{seconds}{}s", self.space()),
            MINUTE..HOUR => (seconds / MINUTE, seconds % MINUTE, self.choose(["m", "s"], ["min", "s"])),
            HOUR..DAY => (seconds / HOUR, seconds % HOUR / MINUTE, self.choose(["h", "m"], ["h", "min"])),
            _ => (seconds / DAY, seconds % DAY / HOUR, self.choose(["d", "h"], ["j", "h"])),
        };
        let [big_name, small_name] = names;
        match self {
            Self::En => format!("{big}{big_name} {small:02}{small_name}"),
            Self::Fr => {
                format!("{big}{NO_BREAK}{big_name}{NO_BREAK}{small:02}{NO_BREAK}{small_name}")
            }
        }
    }

    /// How long something runs, to the second below a day: `1h 02m 12s`, `34m 20s`.
    pub fn uptime(self, milliseconds: i64) -> String {
        let seconds = milliseconds.max(0) / 1_000;
        let short = self.duration(milliseconds);
        match (self, seconds) {
            (Self::En, HOUR..DAY) => format!("{short} {:02}s", seconds % MINUTE),
            _ => short,
        }
    }

    /// The biggest unit: `41 s`, `12m`, `3h`, `2d`; `41 s`, `12 min`, `3 h`, `2 j`.
    pub fn duration_short(self, milliseconds: i64) -> String {
        let seconds = milliseconds.max(0) / 1_000;
        let (number, name) = match seconds {
            ..MINUTE => return format!("{seconds}{}s", self.space()),
            MINUTE..HOUR => (seconds / MINUTE, self.choose("m", "min")),
            HOUR..DAY => (seconds / HOUR, "h"),
            _ => (seconds / DAY, self.choose("d", "j")),
        };
        match self {
            Self::En => format!("{number}{name}"),
            Self::Fr => format!("{number}{NO_BREAK}{name}"),
        }
    }

    /// `2 s ago`, `12m ago`; `il y a 2 s`, `il y a 12 min`.
    pub fn age(self, milliseconds: i64) -> String {
        self.ago(&self.duration_short(milliseconds))
    }

    /// `0.2 s ago`, `2m 14s ago`; `il y a 0,2 s`, `il y a 2 min 14 s`.
    pub fn age_long(self, milliseconds: i64) -> String {
        if (0..1_000).contains(&milliseconds) {
            let tenths = self.decimal((milliseconds / 100) as f64 / 10.0, 1);
            return self.ago(&format!("{tenths}{}s", self.space()));
        }
        self.ago(&self.duration(milliseconds))
    }

    fn ago(self, span: &str) -> String {
        match self {
            Self::En => format!("{span} ago"),
            Self::Fr => format!("il{NO_BREAK}y{NO_BREAK}a{NO_BREAK}{span}"),
        }
    }

    /// How long a plot reaches back: `16 min`, `2 h`.
    pub fn span(self, milliseconds: i64) -> String {
        let seconds = milliseconds.max(0) / 1_000;
        match seconds {
            ..180 => format!("{seconds}{}s", self.space()),
            180..10_800 => format!("{}{}min", seconds / MINUTE, self.space()),
            _ => format!("{}{}h", seconds / HOUR, self.space()),
        }
    }

    /// What stands before a unit.
    pub fn space(self) -> char {
        self.choose(' ', NO_BREAK)
    }
}

/// `12,480,113`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `812 B`, `20.0 MB`.
fn english_size(bytes: u64) -> String {
    let units = [("TB", 1_000_000_000_000_u64), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match units.iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => format!("{:.1} {name}", bytes as f64 / *unit as f64),
        None => format!("{bytes} B"),
    }
}
