//! Numbers, sizes, spans of time and money, as each language writes them.

use super::words::Texts;
use crate::doors::health::Language;
use crate::logic::monitor::{BucketSize, Counted, LogTally, Percent};
use crate::tools::shown;

/// Between the groups of a French number and before its unit: no line ends there.
const NO_BREAK: char = '\u{a0}';
/// The sign of what falls.
const MINUS: char = '−';
/// More than so many new messages are not counted out.
const MOST_NEW: u64 = 99_000;

const SECOND: i64 = 1;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

impl Texts {
    /// `1,866`, `1 866`.
    pub fn count(&self, number: u64) -> String {
        let grouped = shown::grouped(number);
        match self.language {
            Language::En => grouped,
            Language::Fr => grouped.replace(',', &NO_BREAK.to_string()),
        }
    }

    /// The same, or `–` when it is not known.
    pub fn count_or_unknown(&self, number: Option<u64>) -> String {
        number.map_or_else(|| self.unknown.to_owned(), |number| self.count(number))
    }

    /// `1,866`, or `≥ 4,102,118` while it is being counted.
    pub fn counted(&self, counted: Counted) -> String {
        let count = self.count(counted.count);
        if counted.is_exact { count } else { format!("≥{}{count}", self.space()) }
    }

    /// With so many places: `0.50`, `4,812`, `0,50`, `4 812`.
    pub fn decimal(&self, number: f64, places: usize) -> String {
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

    /// `99.84`, `99,84`: cut, so that 100.00 means all.
    pub fn percent_number(&self, percent: Percent) -> String {
        let hundredths = percent.hundredths();
        format!("{}{}{:02}", hundredths / 100, self.choose('.', ','), hundredths % 100)
    }

    /// `99.84 %`.
    pub fn percent(&self, percent: Percent) -> String {
        format!("{}{}%", self.percent_number(percent), self.space())
    }

    /// `93.3` of 93.33 %: cut, for titles.
    pub fn percent_short(&self, percent: Percent) -> String {
        match percent.hundredths() {
            10_000 => "100".to_owned(),
            hundredths if hundredths >= 9_900 => self.percent_number(percent),
            hundredths => format!("{}{}{}", hundredths / 100, self.choose('.', ','), hundredths % 100 / 10),
        }
    }

    /// `0.50`, `48.1`, `4,812`: messages a second without the unit.
    pub fn rate_number(&self, per_second: f64) -> String {
        let places = match per_second.abs() {
            ..9.995 => 2,
            ..99.95 => 1,
            _ => 0,
        };
        self.decimal(per_second, places)
    }

    /// `0.50/s`.
    pub fn rate(&self, per_second: f64) -> String {
        format!("{}/s", self.rate_number(per_second))
    }

    /// `+12/s`, `−103/s`, with its sign.
    pub fn change(&self, per_second: f64) -> String {
        let places = if per_second.abs() < 9.95 { 1 } else { 0 };
        let number = self.decimal(per_second, places);
        let sign =
            if per_second > 0.0 && number.bytes().any(|digit| (b'1'..=b'9').contains(&digit)) { "+" } else { "" };
        format!("{sign}{number}/s")
    }

    /// `0.5`, `500`, `6 k`, `2 M`: at the marks of an axis.
    pub fn axis(&self, value: f64) -> String {
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
    pub fn milliseconds(&self, milliseconds: f64) -> String {
        let places = if milliseconds.abs() < 999.95 { 1 } else { 0 };
        format!("{}{}ms", self.decimal(milliseconds, places), self.space())
    }

    /// `41 %` of one core, with a place below 10.
    pub fn load_percent(&self, percent: f64) -> String {
        let places = if percent < 9.95 { 1 } else { 0 };
        format!("{}{}%", self.decimal(percent, places), self.space())
    }

    /// `958 B`, `41.2 GB`, `958 o`, `41,2 Go`: powers of ten, as disks are sold.
    pub fn size(&self, bytes: u64) -> String {
        let size = shown::size(bytes);
        match self.language {
            Language::En => size,
            Language::Fr => size.replace(' ', &NO_BREAK.to_string()).replace('.', ",").replace('B', "o"),
        }
    }

    /// `10.1 MB/s`.
    pub fn size_rate(&self, bytes_per_second: f64) -> String {
        format!("{}/s", self.size(bytes_per_second.max(0.0).round() as u64))
    }

    /// `21 MiB`, `21 Mio`: powers of two, as memory is made.
    pub fn memory_size(&self, bytes: u64) -> String {
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
    pub fn money(&self, amount: &str, currency: &str) -> String {
        let (sign, digits) = amount.strip_prefix('-').map_or(("", amount), |digits| ("-", digits));
        let (whole, cents) = digits.split_once('.').unwrap_or((digits, ""));
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_plain(whole) || !is_plain(cents) {
            return format!("{amount}{}{currency}", self.space());
        }
        let whole = whole.parse().map_or_else(|_| whole.to_owned(), |whole| self.count(whole));
        let number = format!("{sign}{whole}{}{cents:0<2}", self.choose('.', ','));
        match (self.language, currency) {
            (Language::En, "EUR") => format!("€{number}"),
            (Language::Fr, "EUR") => format!("{number}{NO_BREAK}€"),
            _ => format!("{number}{}{currency}", self.space()),
        }
    }

    /// The two biggest units: `0.2 s` only below one second; `41 s`, `3m 05s`, `1h 02m`, `3d 04h`;
    /// `41 s`, `3 min 05 s`, `1 h 02 min`, `3 j 04 h`.
    pub fn duration(&self, milliseconds: i64) -> String {
        let seconds = milliseconds.max(0) / 1_000;
        let (big, small, names) = match seconds {
            ..MINUTE => return format!("{seconds}{}s", self.space()),
            MINUTE..HOUR => (seconds / MINUTE, seconds % MINUTE, self.choose(["m", "s"], ["min", "s"])),
            HOUR..DAY => (seconds / HOUR, seconds % HOUR / MINUTE, self.choose(["h", "m"], ["h", "min"])),
            _ => (seconds / DAY, seconds % DAY / HOUR, self.choose(["d", "h"], ["j", "h"])),
        };
        let [big_name, small_name] = names;
        match self.language {
            Language::En => format!("{big}{big_name} {small:02}{small_name}"),
            Language::Fr => {
                format!("{big}{NO_BREAK}{big_name}{NO_BREAK}{small:02}{NO_BREAK}{small_name}")
            }
        }
    }

    /// How long something runs, to the second below a day: `1h 02m 12s`, `34m 20s`.
    pub fn uptime(&self, milliseconds: i64) -> String {
        let seconds = milliseconds.max(0) / 1_000;
        let short = self.duration(milliseconds);
        match (self.language, seconds) {
            (Language::En, HOUR..DAY) => format!("{short} {:02}s", seconds % MINUTE),
            _ => short,
        }
    }

    /// The biggest unit: `41 s`, `12m`, `3h`, `2d`; `41 s`, `12 min`, `3 h`, `2 j`.
    pub fn duration_short(&self, milliseconds: i64) -> String {
        let seconds = milliseconds.max(0) / 1_000;
        let (number, name) = match seconds {
            ..MINUTE => return format!("{seconds}{}s", self.space()),
            MINUTE..HOUR => (seconds / MINUTE, self.choose("m", "min")),
            HOUR..DAY => (seconds / HOUR, "h"),
            _ => (seconds / DAY, self.choose("d", "j")),
        };
        match self.language {
            Language::En => format!("{number}{name}"),
            Language::Fr => format!("{number}{NO_BREAK}{name}"),
        }
    }

    /// `2 s ago`, `12m ago`; `il y a 2 s`, `il y a 12 min`.
    pub fn age(&self, milliseconds: i64) -> String {
        self.ago(&self.duration_short(milliseconds))
    }

    /// `2 s ago`, `12m ago`; `2 s`, `12 min`: where the row says that it is an age, and French has no room to.
    pub fn age_in_row(&self, milliseconds: i64) -> String {
        self.choose(self.age(milliseconds), self.duration_short(milliseconds))
    }

    /// What is not what was expected, behind its number: `bad`, `échecs`.
    pub fn bad_word(&self, count: u64) -> &'static str {
        self.choose("bad", if count < 2 { "échec" } else { "échecs" })
    }

    /// `0.2 s ago`, `2m 14s ago`; `il y a 0,2 s`, `il y a 2 min 14 s`.
    pub fn age_long(&self, milliseconds: i64) -> String {
        if (0..1_000).contains(&milliseconds) {
            let tenths = self.decimal((milliseconds / 100) as f64 / 10.0, 1);
            return self.ago(&format!("{tenths}{}s", self.space()));
        }
        self.ago(&self.duration(milliseconds))
    }

    fn ago(&self, span: &str) -> String {
        match self.language {
            Language::En => format!("{span} ago"),
            Language::Fr => format!("il{NO_BREAK}y{NO_BREAK}a{NO_BREAK}{span}"),
        }
    }

    /// The length of a column: `30 s`, `5 min`.
    pub fn bucket(&self, bucket: BucketSize) -> String {
        let seconds = bucket.span_ms() / 1_000;
        match seconds {
            ..MINUTE => format!("{seconds}{}s", self.space()),
            _ => format!("{}{}min", seconds / MINUTE, self.space()),
        }
    }

    /// `30 s a bar`, `30 s/barre`.
    pub fn a_bar_of(&self, bucket: BucketSize) -> String {
        format!("{}{}", self.bucket(bucket), self.choose(" a bar", "/barre"))
    }

    /// How long a plot reaches back: `16 min`, `2 h`.
    pub fn span(&self, milliseconds: i64) -> String {
        let seconds = milliseconds.max(0) / 1_000;
        match seconds {
            ..180 => format!("{seconds}{}s", self.space()),
            180..10_800 => format!("{}{}min", seconds / MINUTE, self.space()),
            _ => format!("{}{}h", seconds / HOUR, self.space()),
        }
    }

    /// `PAUSED +312 new`, `EN PAUSE +312`.
    pub fn paused_with(&self, new: u64) -> String {
        let number = match new {
            0 => return self.paused.to_owned(),
            1..10_000 => self.count(new),
            _ => format!("{}k", new.min(MOST_NEW) / 1_000),
        };
        format!("{} +{number}{}", self.paused, self.choose(" new", ""))
    }

    /// `131 lines, 3 errors`; `131 lignes, 3 erreurs, 6 illisibles`: of unreadable ones only when there are any.
    pub fn log_title(&self, log: &LogTally) -> String {
        let counted = |number: u64, one: &str, many: &str| {
            format!("{} {}", self.count(number), if number == 1 { one } else { many })
        };
        let lines = counted(log.lines, self.choose("line", "ligne"), self.choose("lines", "lignes"));
        let errors = counted(log.errors, self.choose("error", "erreur"), self.choose("errors", "erreurs"));
        let unreadable = match log.unreadable {
            0 => String::new(),
            count => {
                format!(
                    ", {}",
                    counted(count, self.choose("unreadable", "illisible"), self.choose("unreadable", "illisibles"))
                )
            }
        };
        format!("{lines}, {errors}{unreadable}")
    }

    /// `hit 150 of 186`, `résultat 150 sur 186`; the total may still be counted.
    pub fn hit(&self, at: u64, of: u64, is_counted: bool) -> String {
        let (at, of) = (self.count(at), self.count(of));
        let more = if is_counted { "" } else { "+" };
        match self.language {
            Language::En => format!("hit {at} of {of}{more}"),
            Language::Fr => format!("résultat {at} sur {of}{more}"),
        }
    }

    /// `newest of 4,812/s`: so many come that not all can be shown.
    pub fn newest_of_rate(&self, per_second: f64) -> String {
        format!("{} {}", self.newest_of, self.rate(per_second))
    }

    /// `line 1,501 of 1,866`.
    pub fn line_of(&self, line: u64, of: Option<u64>) -> String {
        let line = self.count(line);
        match of {
            Some(of) => format!("{} {line} {} {}", self.line_word, self.choose("of", "sur"), self.count(of)),
            None => format!("{} {line}", self.line_word),
        }
    }

    /// What stands before a unit.
    pub(in crate::programs::monitor) fn space(&self) -> char {
        self.choose(' ', NO_BREAK)
    }
}
