//! Counts and spans as the screen tells them; how figures are written at all is `base/language`.

use std::ops::Deref;

use super::words::Texts;
use crate::base::language::Language;
use crate::logic::monitor::{BucketSize, Counted, LogTally, Percent};

/// More than so many new messages are not counted out.
const MOST_NEW: u64 = 99_000;

/// Whoever has the words writes figures in their language.
impl Deref for Texts {
    type Target = Language;

    fn deref(&self) -> &Language {
        &self.language
    }
}

impl Texts {
    /// The same, or `–` when it is not known.
    pub fn count_or_unknown(&self, number: Option<u64>) -> String {
        number.map_or_else(|| self.unknown.to_owned(), |number| self.count(number))
    }

    /// `1,866`, or `≥ 4,102,118` while it is being counted.
    pub fn counted(&self, counted: Counted) -> String {
        let count = self.count(counted.count);
        if counted.is_exact { count } else { format!("≥{}{count}", self.space()) }
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

    /// `2 s ago`, `12m ago`; `2 s`, `12 min`: where the row says that it is an age, and French has no room to.
    pub fn age_in_row(&self, milliseconds: i64) -> String {
        self.choose(self.age(milliseconds), self.duration_short(milliseconds))
    }

    /// What is not what was expected, behind its number: `bad`, `échecs`.
    pub fn bad_word(&self, count: u64) -> &'static str {
        self.choose("bad", if count < 2 { "échec" } else { "échecs" })
    }

    /// The length of a column: `30 s`, `5 min`.
    pub fn bucket(&self, bucket: BucketSize) -> String {
        let seconds = bucket.span_ms() / 1_000;
        match seconds {
            ..60 => format!("{seconds}{}s", self.space()),
            _ => format!("{}{}min", seconds / 60, self.space()),
        }
    }

    /// `30 s a bar`, `30 s/barre`.
    pub fn a_bar_of(&self, bucket: BucketSize) -> String {
        format!("{}{}", self.bucket(bucket), self.choose(" a bar", "/barre"))
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
}
