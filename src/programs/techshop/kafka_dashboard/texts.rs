//! Words, numbers and times on the screen, in English and in French.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::base::language::Language;
use crate::logic::lag::{GroupFigures, ReadBy, Silence, Silent, ToZero, TopicFigures, TopicNote, Trend};

/// What is not known.
pub(in crate::programs::techshop) const UNKNOWN: &str = "–";

/// Between the groups of a French number and before its unit: no line ends there.
const NO_BREAK: &str = "\u{a0}";

/// Every word in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::programs::techshop) struct Texts {
    language: Language,
}

impl Texts {
    pub(in crate::programs::techshop) fn of(language: Language) -> Self {
        Self { language }
    }

    /// The one of the two that is in its language.
    pub(in crate::programs::techshop) fn choose<T>(self, english: T, french: T) -> T {
        self.language.choose(english, french)
    }

    fn unit(self, number: String, unit: &str) -> String {
        format!("{number}{}{unit}", self.language.space())
    }

    /// `48,210`, `−3`.
    pub(in crate::programs::techshop) fn count(self, number: i64) -> String {
        self.language.signed(number)
    }

    /// The same, or `–`.
    pub(in crate::programs::techshop) fn count_or_unknown(self, number: Option<i64>) -> String {
        number.map_or_else(|| UNKNOWN.to_owned(), |number| self.count(number))
    }

    /// `1,000`, `58.1`, `0.50`: by its size.
    pub(in crate::programs::techshop) fn rate(self, per_second: f64) -> String {
        match per_second.abs() {
            ..0.005 => "0".to_owned(),
            _ => self.language.rate_number(per_second),
        }
    }

    /// `▲ +118/s grows`.
    pub(in crate::programs::techshop) fn trend(self, trend: Trend, slope: Option<f64>) -> String {
        let slope = slope.unwrap_or(0.0);
        match trend {
            Trend::Grows => format!("▲ {} {}", self.language.change(slope), self.choose("grows", "monte")),
            Trend::Falls => format!("▼ {} {}", self.language.change(slope), self.choose("falls", "baisse")),
            Trend::Steady => format!("= {}", self.choose("steady", "stable")),
            Trend::Unknown => "…".to_owned(),
        }
    }

    /// `done`, `never`, `4 s`, `> 1 d`, `–`.
    pub(in crate::programs::techshop) fn to_zero(self, to_zero: ToZero) -> String {
        match to_zero {
            ToZero::Done => self.choose("done", "fini").to_owned(),
            ToZero::Never => self.choose("never", "jamais").to_owned(),
            ToZero::Unknown => UNKNOWN.to_owned(),
            ToZero::Seconds(seconds) if seconds > 86_400.0 => self.choose("> 1 d", "> 1 j").to_owned(),
            ToZero::Seconds(seconds) => self.span(seconds),
        }
    }

    /// `≈ 51 s`, `0 s`.
    pub(in crate::programs::techshop) fn behind(self, seconds: Option<f64>) -> String {
        match seconds {
            None => UNKNOWN.to_owned(),
            Some(seconds) if seconds <= 0.0 => self.span(0.0),
            Some(seconds) => format!("≈ {}", self.span(seconds)),
        }
    }

    /// `0.3 s`, `51 s`, `3m 05s`, `2h 10m`.
    pub(in crate::programs::techshop) fn span(self, seconds: f64) -> String {
        if (0.05..9.95).contains(&seconds) {
            return self.unit(self.language.decimal(seconds, 1), "s");
        }
        let whole = seconds.round().min(1e15) as i64;
        if whole < 60 {
            return self.unit(whole.to_string(), "s");
        }
        let (days, hours, minutes) = (whole / 86_400, whole / 3_600, whole / 60);
        match self.language {
            _ if days > 0 => self.unit(self.count(days), self.choose("d", "j")),
            Language::En if hours > 0 => format!("{hours}h {:02}m", minutes % 60),
            Language::En => format!("{minutes}m {:02}s", whole % 60),
            Language::Fr if hours > 0 => format!("{hours}{NO_BREAK}h{NO_BREAK}{:02}", minutes % 60),
            Language::Fr => format!("{minutes}{NO_BREAK}min{NO_BREAK}{:02}{NO_BREAK}s", whole % 60),
        }
    }

    /// How long ago: `6 s`, `3m 05s`.
    pub(in crate::programs::techshop) fn age(self, milliseconds: i64) -> String {
        let seconds = (milliseconds / 1_000).max(0);
        if seconds < 10 { self.unit(seconds.to_string(), "s") } else { self.span(seconds as f64) }
    }

    /// `1 group`, `7 groups`.
    pub(in crate::programs::techshop) fn groups(self, count: usize) -> String {
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} {}{plural}", self.choose("group", "groupe"))
    }

    /// `2 s`, `0.5 s`: as it was asked for.
    pub(in crate::programs::techshop) fn pace(self, every: Duration) -> String {
        let text = format!("{}", every.as_secs_f64());
        self.unit(self.choose(text.clone(), text.replace('.', ",")), "s")
    }

    /// `Empty for 10 s`, `Empty, committing`, `Stable`.
    pub(in crate::programs::techshop) fn state(self, group: &GroupFigures, now_ms: i64) -> String {
        let Some(state) = group.state.as_deref() else { return UNKNOWN.to_owned() };
        if group.read_by == ReadBy::ByHand && state == "Empty" {
            return format!("{state}, {}", self.choose("committing", "publie"));
        }
        match group.state_since_ms {
            Some(since_ms) if state != "Stable" => {
                let age = self.age(now_ms - since_ms);
                format!("{state} {} {age}", self.choose("for", "depuis"))
            }
            _ => state.to_owned(),
        }
    }

    /// What stands in the column of the trend: also why there is none.
    pub(in crate::programs::techshop) fn lag_words(self, group: &GroupFigures) -> String {
        if group.is_gone {
            return self.choose("gone", "disparu").to_owned();
        }
        if group.lag.is_none() {
            let is_deleted = !group.deleted_topics.is_empty();
            return match is_deleted {
                true => self.choose("topic deleted", "topic supprimé").to_owned(),
                false => self.choose("no lag known", "retard inconnu").to_owned(),
            };
        }
        if group.lag.is_some_and(|lag| lag < 0) {
            return self.choose("topic made anew", "topic recréé").to_owned();
        }
        if group.markers > 0 && group.lag == Some(group.markers) {
            return self.choose("markers", "marqueurs").to_owned();
        }
        self.trend(group.trend, group.slope)
    }

    /// A topic's note.
    pub(in crate::programs::techshop) fn note(self, topic: &TopicFigures, now_ms: i64) -> String {
        match topic.note {
            None => String::new(),
            Some(TopicNote::Deleted { since_ms }) => {
                let age = self.age(now_ms - since_ms);
                self.choose(format!("deleted {age}"), format!("supprimé {age}"))
            }
            Some(TopicNote::NoLeader { partitions }) => {
                self.choose(format!("{partitions} no leader"), format!("{partitions} sans leader"))
            }
            Some(TopicNote::UnderReplicated { partitions }) => {
                self.choose(format!("{partitions} not in sync"), format!("{partitions} en retard"))
            }
            Some(TopicNote::OpenTransaction { hidden }) => {
                let hidden = self.count(hidden);
                self.choose(format!("{hidden} in an open transaction"), format!("{hidden} en transaction"))
            }
            Some(TopicNote::Transactional) => self.choose("transactional", "transactionnel").to_owned(),
            Some(TopicNote::Compacted) => self.choose("compacted", "compacté").to_owned(),
            Some(TopicNote::Empty) => self.choose("empty", "vide").to_owned(),
        }
    }

    /// Who did not answer, and why.
    pub(in crate::programs::techshop) fn silence(self, silence: &Silence) -> String {
        let who = match &silence.who {
            Silent::GroupList => {
                self.choose("some brokers did not list their groups", "des groupes manquent").to_owned()
            }
            Silent::Group(group) => {
                self.choose(format!("group {group} did not answer"), format!("le groupe {group} ne répond pas"))
            }
            Silent::Leaders(count) => self.choose(
                format!("the leaders of {count} partitions did not answer"),
                format!("les leaders de {count} partitions ne répondent pas"),
            ),
            Silent::TopicSettings => {
                self.choose("the settings of topics were not told", "réglages des topics inconnus").to_owned()
            }
        };
        format!("{who}: {}", silence.reason)
    }

    /// How many groups a summary leaves out.
    pub(in crate::programs::techshop) fn left_out(self, count: usize, all: usize, lag: i64) -> String {
        self.choose(
            format!("… and {count} groups with lag under {lag} or none known, of {all} (--all)\n"),
            format!("… et {count} groupes avec un retard de moins de {lag} ou inconnu, sur {all} (--all)\n"),
        )
    }

    /// Why a group is behind, and what would help.
    pub(in crate::programs::techshop) fn why(self, group: &GroupFigures) -> String {
        let mut parts = Vec::new();
        if let (Some(come), Some(read)) = (group.in_per_second, group.read_per_second) {
            let (come, read) = (self.rate(come), self.rate(read));
            parts.push(self.choose(
                format!("{come}/s arrive, {read}/s are read."),
                format!("{come}/s arrivent, {read}/s sont lus."),
            ));
        }
        let members = group.members.as_ref().map_or(0, Vec::len);
        let partitions = group.partitions.len();
        if group.is_unread() {
            parts.push(self.choose("Nobody reads.", "Personne ne lit.").to_owned());
        } else if group.falls_behind && members > 0 && members < partitions {
            let more = partitions - members;
            let read = match members {
                1 => self.choose("One member reads", "Un membre lit").to_owned(),
                _ => self.choose(format!("{members} members read"), format!("{members} membres lisent")),
            };
            parts.push(self.choose(
                format!("{read} {partitions} partitions: up to {more} more would help."),
                format!("{read} {partitions} partitions : jusqu’à {more} de plus aideraient."),
            ));
        } else if group.falls_behind && members >= partitions && partitions > 0 {
            parts.push(self.choose(
                "Each partition has a reader: more partitions or a faster reader would help.".to_owned(),
                "Chaque partition a un lecteur : plus de partitions ou un lecteur plus rapide aideraient.".to_owned(),
            ));
        }
        if group.markers > 0 {
            let markers = self.count(group.markers);
            parts.push(self.choose(
                format!("{markers} of the lag are markers of transactions, which nobody reads."),
                format!("{markers} du retard sont des marqueurs de transactions, que personne ne lit."),
            ));
        }
        if group.in_open_transaction > 0 {
            let hidden = self.count(group.in_open_transaction);
            parts.push(
                self.choose(format!("{hidden} in an open transaction."), format!("{hidden} en transaction ouverte.")),
            );
        }
        parts.join(" ")
    }
}

/// The seconds to zero, where they are known.
pub(in crate::programs::techshop) fn to_zero_seconds(to_zero: ToZero) -> Option<f64> {
    match to_zero {
        ToZero::Done => Some(0.0),
        ToZero::Seconds(seconds) => Some(seconds.ceil()),
        ToZero::Never | ToZero::Unknown => None,
    }
}

/// Times of day, in the zone of this machine or in UTC.
#[derive(Clone, Debug)]
pub(in crate::programs::techshop) struct Clock {
    local: TimeZone,
    pub(super) is_utc: bool,
}

impl Clock {
    pub(in crate::programs::techshop) fn of_machine(is_utc: bool) -> Self {
        Self { local: TimeZone::system(), is_utc }
    }

    /// `09:41:07`.
    pub(in crate::programs::techshop) fn second(&self, time_ms: i64) -> String {
        self.written(time_ms, "%H:%M:%S")
    }

    /// `09:41`.
    pub(in crate::programs::techshop) fn minute(&self, time_ms: i64) -> String {
        self.written(time_ms, "%H:%M")
    }

    fn written(&self, time_ms: i64, format: &str) -> String {
        let zone = if self.is_utc { TimeZone::UTC } else { self.local.clone() };
        match Timestamp::from_millisecond(time_ms) {
            Ok(time) => time.to_zoned(zone).strftime(format).to_string(),
            // Beyond the calendar there is no time to write.
            Err(_) => UNKNOWN.to_owned(),
        }
    }
}
