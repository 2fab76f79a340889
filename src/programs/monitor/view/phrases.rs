//! Sentences that are made of words and figures, in both languages.

use crate::base::language::Language;
use crate::logic::monitor::{Lag, Trend};
use crate::programs::monitor::app::Notice;
use crate::programs::monitor::record::{Field, Form};
use crate::programs::monitor::texts::{Clock, Texts, trend_shape};

impl Texts {
    fn is_french(&self) -> bool {
        self.language == Language::Fr
    }

    /// That a list does not follow any more.
    pub(super) fn scrolled(&self) -> &'static str {
        if self.is_french() { "G pour suivre" } else { "G follows again" }
    }

    /// A word on the axis of a share that begins at `floor` percent.
    pub(super) fn share_axis(&self, value: f64, floor: f64) -> String {
        let text = match floor {
            99.5.. => format!("{value:.2}"),
            98.0.. => format!("{value:.1}"),
            _ => format!("{value:.0}"),
        };
        if self.is_french() { text.replace('.', ",") } else { text }
    }

    /// `0.50/s`, `0,50`: in the title of the plot, whose French name says the unit.
    pub(super) fn plot_rate(&self, per_second: f64) -> String {
        self.choose(self.rate(per_second), self.rate_number(per_second))
    }

    /// `3 partitions`.
    pub(super) fn partition_count(&self, count: usize) -> String {
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} partition{plural}")
    }

    /// `318 offsets`.
    pub(super) fn offset_count(&self, offsets: u64) -> String {
        format!("{} {}", self.count(offsets), self.offsets_word)
    }

    /// `+3 more`.
    pub(super) fn more(&self, hidden: usize) -> String {
        self.choose(format!("+{hidden} more"), format!("+{hidden} autres"))
    }

    /// `256 records, all ok, until 09:37:31`.
    pub(super) fn all_fine(&self, count: usize, until: &str) -> String {
        self.choose(
            format!("{count} records, all ok, until {until}"),
            format!("{count} messages, tous ok, jusqu'à {until}"),
        )
    }

    /// `no message for 41 s`.
    pub(super) fn no_message_for(&self, length: &str) -> String {
        self.choose(format!("no message for {length}"), format!("aucun message pendant {length}"))
    }

    /// `Same order or correlation_id: 2 other records`.
    pub(super) fn related(&self, count: u64) -> String {
        let count = self.count(count);
        self.choose(
            format!("Same order or correlation_id: {count} other"),
            format!("Même commande ou correlation_id : {count} autres"),
        )
    }

    /// `Same customer: 186 records (Enter)`.
    pub(super) fn customer_records(&self, count: u64) -> String {
        let count = self.count(count);
        self.choose(
            format!("same customer: {count} records (Enter)"),
            format!("même client : {count} messages (Entrée)"),
        )
    }

    /// `yes, within the first 1,866 lines`.
    pub(super) fn sealed_up_to(&self, lines: u64) -> String {
        let lines = self.count(lines);
        self.choose(format!("yes, within the first {lines} lines"), format!("oui, dans les {lines} premières lignes"))
    }

    /// Whether a record is sealed, and how to prove it.
    pub(in crate::programs::monitor) fn is_sealed(&self, message: Option<&str>) -> String {
        match message.map(|message| format!("audit prove --offset {message}")) {
            Some(proof) => self.choose(format!("yes; proof: {proof}"), format!("oui ; preuve : {proof}")),
            None => self.yes.to_owned(),
        }
    }

    /// That only the beginning of a line is shown.
    pub(in crate::programs::monitor) fn only_beginning(&self, bytes: u64) -> String {
        let bytes = self.size(bytes);
        self.choose(
            format!("only the beginning of {bytes} is shown; audit show gives all"),
            format!("seul le début de {bytes} est montré ; audit show donne tout"),
        )
    }

    /// What a field of a record is called.
    pub(in crate::programs::monitor) fn field(&self, field: Field) -> &'static str {
        match field {
            Field::Received => self.received_at,
            Field::KafkaTime => self.kafka_time,
            Field::Key => self.key,
            Field::Size => self.size_word,
            Field::Epoch => self.epoch,
            Field::GapBefore => self.gap_before,
            Field::Error => self.error,
            Field::Warning => self.warnings,
            Field::Level => self.status,
            Field::Message => "Message",
            Field::Gap => self.gaps,
        }
    }

    /// How a payload is shown.
    pub(in crate::programs::monitor) fn form(&self, form: Form) -> &'static str {
        match form {
            Form::Pretty => self.view_pretty,
            Form::Raw => self.view_raw,
            Form::Hex => self.view_hex,
        }
    }

    /// A short word on what was just done.
    pub(super) fn notice(&self, notice: &Notice) -> String {
        let say = |english: &str, french: &str| self.choose(english, french).to_owned();
        match notice {
            Notice::Copied { bytes, is_cut } => {
                let bytes = self.size(*bytes as u64);
                match is_cut {
                    false => self.choose(
                        format!("copied {bytes} to the clipboard (OSC 52)"),
                        format!("{bytes} au presse-papiers (OSC 52)"),
                    ),
                    true => self.choose(
                        format!("copied only the first {bytes} (OSC 52)"),
                        format!("seul le début copié : {bytes} (OSC 52)"),
                    ),
                }
            }
            Notice::Wrapped { to_the_top: true } => self.from_the_top.to_owned(),
            Notice::Wrapped { to_the_top: false } => self.from_the_end.to_owned(),
            Notice::NothingFound => self.nothing_there.to_owned(),
            Notice::FilterCleared => say("the filter hid it, and is off now", "le filtre la cachait : il est levé"),
            Notice::NoError => say("no such line in this list", "aucune ligne de ce genre ici"),
            Notice::NothingToCopy => say("no row is there to copy", "aucune ligne à copier"),
            Notice::Saved { lines, path } => {
                let (count, path) = (self.count(*lines), path.display());
                let line = match lines {
                    1 => self.choose("line", "ligne"),
                    _ => self.choose("lines", "lignes"),
                };
                self.choose(format!("{count} {line} saved in {path}"), format!("{count} {line} dans {path}"))
            }
            Notice::NothingToSave => say("nothing is looked for: / or F first", "rien à enregistrer : d'abord / ou F"),
            Notice::NoOrder => say("this row holds no order to follow", "cette ligne ne porte aucune commande"),
            Notice::PlacesAreVoid => {
                say("file cut or made anew: here is its end", "fichier coupé ou recréé : voici sa fin")
            }
            Notice::Trouble(reason) => reason.clone(),
        }
    }

    /// `= steady`, `▼ −103/s`.
    pub(in crate::programs::monitor) fn lag_way(&self, lag: &Lag) -> String {
        let Some(trend) = lag.trend else { return String::new() };
        let way = match (trend, lag.per_second) {
            (Trend::Growing | Trend::Shrinking, Some(per_second)) => self.change(per_second),
            _ => self.trend(trend).to_owned(),
        };
        format!("{} {way}", trend_shape(trend, false))
    }

    /// `disk 41.2 GB free`.
    pub(in crate::programs::monitor) fn disk_is_free(&self, bytes: u64) -> String {
        let size = self.size(bytes);
        self.choose(format!("disk {size} free"), format!("disque {size} libres"))
    }

    /// `for 1h 08m`, `pour 1 h`: how long the disk lasts.
    pub(in crate::programs::monitor) fn lasts(&self, left_ms: i64) -> String {
        self.choose(format!("for {}", self.duration(left_ms)), format!("pour {}", self.duration_short(left_ms)))
    }

    /// `standby 4242`, `rempl. 4242`: who waits.
    pub(super) fn standby_pid(&self, pid: u32) -> String {
        self.choose(format!("standby {pid}"), format!("rempl. {pid}"))
    }

    /// `as of 09:39:03`, with the day alone when it was another one.
    pub(super) fn as_of_time(&self, clock: &Clock, at_ms: i64, now_ms: i64) -> String {
        let is_today = clock.day(at_ms) == clock.day(now_ms);
        match is_today {
            true => format!("{} {}", self.as_of, clock.second(at_ms)),
            false => format!("{} {}", self.choose("as of", "du"), clock.day(at_ms)),
        }
    }

    /// The short name of a partition's column.
    pub(super) fn partition_short(&self) -> &'static str {
        "P"
    }

    /// `+784 ms`, `+2m 03s`: since the step before.
    pub(super) fn plus(&self, length_ms: i64) -> String {
        let sign = if length_ms < 0 { '−' } else { '+' };
        let length_ms = length_ms.saturating_abs();
        match length_ms {
            ..10_000 => format!("{sign}{} ms", self.count(length_ms.unsigned_abs())),
            _ => format!("{sign}{}", self.duration(length_ms)),
        }
    }
}
