//! A line of the log in one row: its figures, where they say more than its text.

use serde_json::Value;

use crate::base::language::Language;
use crate::programs::monitor::rows::LogRow;
use crate::programs::monitor::texts::Texts;

/// What a line of the log says in one row of so many columns.
pub(in crate::programs::monitor) fn log_message(row: &LogRow, room: usize, texts: &Texts) -> String {
    let details = Details { row, room, texts };
    let said = details.of_event().unwrap_or_default();
    // The Go program's lines, and what has no figures, speak for themselves.
    match (said.is_empty(), &row.error) {
        (false, Some(error)) if !said.contains(error.as_str()) => format!("{said}: {error}"),
        (false, _) => said,
        (true, Some(error)) => format!("{}: {error}", row.message),
        (true, None) => row.message.clone(),
    }
}

/// The figures of a line, in one language.
struct Details<'a> {
    row: &'a LogRow,
    /// Columns that there are.
    room: usize,
    texts: &'a Texts,
}

impl Details<'_> {
    fn value(&self, key: &str) -> Option<&Value> {
        self.row.metadata.get(key)
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.value(key)?.as_str()
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.value(key)?.as_u64()
    }

    fn count(&self, key: &str) -> Option<String> {
        self.number(key).map(|number| self.texts.count(number))
    }

    fn seconds(&self, key: &str) -> Option<String> {
        let seconds = self.value(key)?.as_f64()?;
        Some(match seconds {
            ..10.0 => format!("{}\u{a0}s", self.texts.decimal(seconds, 1)),
            _ => self.texts.duration((seconds * 1_000.0) as i64),
        })
    }

    /// `orders/1`, or with its offset.
    fn place(&self) -> Option<String> {
        let partition = self.value("kafka_partition")?.as_i64()?;
        let topic = self.text("kafka_topic").map(|topic| format!("{topic}/")).unwrap_or_default();
        let offset = self.count("kafka_offset").map(|offset| format!("@{offset}")).unwrap_or_default();
        Some(format!("{topic}{partition}{offset}"))
    }

    fn is_french(&self) -> bool {
        self.texts.language == Language::Fr
    }

    fn choose(&self, english: String, french: String) -> String {
        if self.is_french() { french } else { english }
    }

    /// The first that fits, else the last.
    fn fitting<const N: usize>(&self, says: [String; N]) -> String {
        let mut says = says.into_iter().peekable();
        while let Some(said) = says.next() {
            if says.peek().is_none() || crate::tools::shown::width(&said) <= self.room {
                return said;
            }
        }
        String::new()
    }

    fn of_event(&self) -> Option<String> {
        // The Go program names no event, but its metrics have the same keys.
        if self.value("messages_per_second").is_some() && self.number("messages_received").is_some() {
            return self.metrics();
        }
        match self.row.event.as_str() {
            "tracker.started" => {
                Some(format!("{}, {}, {}", self.text("version")?, self.text("brokers")?, self.text("topic")?))
            }
            "tracker.subscribed" => {
                let partitions = self.value("partitions")?.as_array()?.len();
                let from = self.text("from")?;
                Some(format!("{}: {partitions} partitions, {from}", self.text("topic")?))
            }
            "audit.recovered" => self.recovered(),
            "message.invalid" => self.place(),
            "audit.gap" => {
                let kind = self.text("kind")?;
                let lost = self.number("to").zip(self.number("from")).map(|(to, from)| to.saturating_sub(from));
                let lost = lost
                    .filter(|lost| *lost > 0)
                    .map(|lost| format!(", {} {}", self.texts.count(lost), self.texts.offsets_word));
                Some(format!("{}: {kind}{}", self.place()?, lost.unwrap_or_default()))
            }
            "broker.lost" => self.text("brokers").map(str::to_owned),
            "broker.back" => {
                let (brokers, away) = (self.text("brokers")?, self.seconds("away_seconds")?);
                let long = self.choose(
                    format!("{brokers} after {away}, nothing lost"),
                    format!("{brokers} de retour après {away}, rien de perdu"),
                );
                let short = self.choose(format!("after {away}, nothing lost"), format!("après {away}, rien de perdu"));
                Some(self.fitting([long, short]))
            }
            "disk.full" => {
                let free = self.texts.size(self.number("free_bytes")?);
                Some(self.choose(format!("paused, {free} free"), format!("en pause, {free} libres")))
            }
            "disk.ok" => {
                let paused = self.seconds("paused_seconds")?;
                Some(self.choose(format!("resumed after {paused}"), format!("reprise après {paused}")))
            }
            "tracker.standby" => {
                let holder = self.text("holder")?;
                Some(self.choose(format!("waits for pid {holder}"), format!("attend le pid {holder}")))
            }
            "tracker.stopped" => {
                let received = self.count("total_messages_received")?;
                Some(self.choose(format!("cleanly, {received} received"), format!("proprement, {received} reçus")))
            }
            _ => None,
        }
    }

    fn metrics(&self) -> Option<String> {
        let received = self.count("messages_received")?;
        let rate = self.text("interval_messages_per_second").or_else(|| self.text("messages_per_second"))?;
        let success = self.text("success_rate_percent").unwrap_or("–");
        let received_word = self.choose(format!("{received} received"), format!("{received} reçus"));
        let figures = format!("{rate}/s, {success} %");
        let figures = if self.is_french() { figures.replace('.', ",").replace(", ", " · ") } else { figures };
        let lag = self.count("lag").map(|lag| format!(", {} {lag}", self.texts.lag_word)).unwrap_or_default();
        let rate = if self.is_french() { rate.replace('.', ",") } else { rate.to_owned() };
        Some(self.fitting([
            format!("{received_word}, {figures}{lag}"),
            format!("{received_word}, {rate}/s{lag}"),
            format!("{received}, {rate}/s{lag}"),
        ]))
    }

    fn recovered(&self) -> Option<String> {
        let (lines, seconds) = (self.count("lines")?, self.seconds("seconds")?);
        let cut = self.number("cut_bytes").filter(|cut| *cut > 0).map(|cut| self.texts.size(cut));
        let (english, french) = match cut {
            Some(cut) => (format!(", cut {cut} torn"), format!(", {cut} tronqués coupés")),
            None => (String::new(), String::new()),
        };
        Some(
            self.choose(format!("{lines} lines in {seconds}{english}"), format!("{lines} lignes en {seconds}{french}")),
        )
    }
}
