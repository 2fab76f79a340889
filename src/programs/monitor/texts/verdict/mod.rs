//! What is wrong, since when, and what to do.

mod obstacles;

use super::place::{Medium, Place};
use super::words::Texts;
use crate::logic::monitor::{Cause, ErrorState, Figures, ProcessState, Sign, SuccessState, ThroughputState};
use crate::tools::shown::safe;

/// A verdict in words; harmless for a terminal, whatever the files held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// For the badge: `EXCELLENT`, `BROKER LOST`.
    pub word: &'static str,
    /// What, and since when; empty when all is well.
    pub reason: String,
    /// What to do about it; empty when there is nothing to do.
    pub advice: String,
}

impl Texts {
    /// The verdict of these figures.
    pub fn verdict(&self, figures: &Figures, place: Place<'_>) -> Spoken {
        let speaker = Speaker { texts: self, figures, place };
        let (word, reason, advice) = speaker.speak();
        Spoken { word, reason: safe(&reason), advice: safe(&advice) }
    }
}

struct Speaker<'a> {
    texts: &'a Texts,
    figures: &'a Figures,
    place: Place<'a>,
}

type Words = (&'static str, String, String);

impl Speaker<'_> {
    fn speak(&self) -> Words {
        let texts = self.texts;
        match &self.figures.verdict.cause {
            Cause::NoSignOfLife { silent_ms, interval_ms, process, last } => {
                self.no_sign_of_life(*silent_ms, *interval_ms, *process, *last)
            }
            Cause::Failed { at_ms, error } => {
                let error = error.as_deref().unwrap_or(texts.unknown);
                let reason = format!("{}: {error}", self.at_and_ago(*at_ms));
                (
                    texts.failed,
                    reason,
                    texts.choose("Start it again: ./start.sh", "Le relancer : ./start.sh").to_owned(),
                )
            }
            Cause::Stopped { at_ms, sealed_lines } => self.stopped(*at_ms, *sealed_lines),
            Cause::FileRefused { is_events, reason } => {
                let path = if *is_events { self.place.events } else { self.place.log }.display();
                let advice = texts.choose("Is it yours to read? ls -l", "Avez-vous le droit de le lire ? ls -l");
                let reason = texts.choose(format!("{path}: {reason}"), format!("{path} : {reason}"));
                (texts.refused, reason, format!("{advice} {path}"))
            }
            Cause::Gap { at_ms, partition, from, to } => self.gap(*at_ms, *partition, *from, *to),
            Cause::DiskFull { since_ms, free_bytes, lag } => self.disk_full(*since_ms, *free_bytes, *lag),
            Cause::BrokerLost { since_ms, brokers, error } => {
                self.broker_lost(*since_ms, brokers.as_deref(), error.as_deref())
            }
            Cause::TopicMissing { since_ms, topic, error } => {
                self.topic_missing(*since_ms, topic.as_deref(), error.as_deref())
            }
            Cause::Starting { since_ms, error } => self.starting(*since_ms, error.as_deref()),
            Cause::BatchUnreadable { since_ms, partition, offset, error } => {
                self.batch_unreadable(*since_ms, *partition, *offset, error.as_deref())
            }
            Cause::Standby { pid, holder } => self.standby(*pid, holder.as_deref()),
            Cause::NoTrail { gone_since_ms } => self.no_trail(*gone_since_ms),
            Cause::NoMessage => {
                let advice = texts.choose("In another terminal: ./start.sh", "Dans un autre terminal : ./start.sh");
                (texts.waiting, texts.choose("no message yet", "aucun message encore").to_owned(), advice.to_owned())
            }
            Cause::Unreadable { lines, byte, torn_byte } => self.unreadable(*lines, *byte, *torn_byte),
            Cause::Counting { percent } => self.counting(*percent),
            Cause::Health { .. } => self.health(),
        }
    }

    /// `09:38:02, 3m 05s ago`.
    fn at_and_ago(&self, at_ms: i64) -> String {
        let now_ms = self.figures.as_of_ms;
        let when = self.place.clock.when(at_ms, now_ms);
        format!("{when}, {}", self.texts.age_long(now_ms.saturating_sub(at_ms).max(1_000)))
    }

    fn since(&self, since_ms: i64) -> String {
        self.texts.duration(self.figures.as_of_ms.saturating_sub(since_ms))
    }

    /// `orders/1`.
    fn partition(&self, partition: i32) -> String {
        format!("{}/{partition}", self.figures.tracker.topic.as_deref().unwrap_or("?"))
    }

    fn no_sign_of_life(
        &self,
        silent_ms: i64,
        interval_ms: i64,
        process: ProcessState,
        last: Option<(i32, i64)>,
    ) -> Words {
        let texts = self.texts;
        let (silent, interval) = (texts.duration(silent_ms), texts.duration(interval_ms));
        let process = match process {
            ProcessState::Unknown => String::new(),
            ProcessState::Running { pid } => {
                texts.choose(format!(", pid {pid} runs"), format!(", le pid {pid} tourne"))
            }
            ProcessState::NotRunning { pid } => {
                texts.choose(format!(", pid {pid} is gone"), format!(", le pid {pid} n'est plus là"))
            }
        };
        let reason = texts.choose(
            format!("no line for {silent} (one every {interval}){process}"),
            format!("aucune ligne depuis {silent} (une toutes les {interval}){process}"),
        );
        let after = last.map(|(partition, offset)| format!("{}@{offset}", self.partition(partition)));
        let advice = match after {
            Some(after) => texts.choose(
                format!("Start it: ./start.sh. Nothing is lost: it goes on after {after}."),
                format!("Le lancer : ./start.sh. Rien n'est perdu : il reprend après {after}."),
            ),
            None => texts.choose("Start it: ./start.sh", "Le lancer : ./start.sh").to_owned(),
        };
        (texts.no_sign_of_life, reason, advice)
    }

    fn stopped(&self, at_ms: i64, sealed_lines: Option<u64>) -> Words {
        let texts = self.texts;
        let when = self.at_and_ago(at_ms);
        let reason = texts.choose(format!("cleanly at {when}"), format!("proprement à {when}"));
        let again = texts.choose("Start it again: ./start.sh", "Le relancer : ./start.sh");
        let advice = match sealed_lines.map(|lines| texts.count(lines)) {
            Some(lines) => texts.choose(
                format!("All {lines} lines sealed. {again}"),
                format!("Les {lines} lignes sont scellées. {again}"),
            ),
            None => again.to_owned(),
        };
        (texts.stopped, reason, advice)
    }

    fn gap(&self, at_ms: i64, partition: i32, from: i64, to: i64) -> Words {
        let texts = self.texts;
        let partition = self.partition(partition);
        let missing = u64::try_from(to.saturating_sub(from)).ok().filter(|missing| *missing > 0);
        let from = u64::try_from(from).map_or_else(|_| from.to_string(), |from| texts.count(from));
        let reason = match missing.map(|missing| texts.count(missing)) {
            Some(missing) => texts.choose(
                format!("{partition}: {missing} offsets lost from {from}"),
                format!("{partition} : {missing} offsets perdus à partir de {from}"),
            ),
            None => texts.choose(
                format!("{partition}: the log was cut behind {from}"),
                format!("{partition} : le journal Kafka a été coupé avant {from}"),
            ),
        };
        let reason = format!("{reason}, {}", texts.age_long(self.figures.as_of_ms.saturating_sub(at_ms).max(1_000)));
        let advice = match self.place.medium {
            Medium::Screen => texts.choose(
                "Told once in the trail; d jumps to it. audit verify explains.",
                "Dit une fois dans le journal ; d y mène. audit verify explique.",
            ),
            Medium::Page => texts.choose(
                "Told once in the trail, and below. audit verify explains.",
                "Dit une fois dans le journal, et ci-dessous. audit verify explique.",
            ),
            Medium::Summary => texts.choose(
                "Told once in the trail: audit query --gaps. audit verify explains.",
                "Dit une fois dans le journal : audit query --gaps. audit verify explique.",
            ),
        };
        (texts.gap, reason, advice.to_owned())
    }

    fn standby(&self, pid: Option<u32>, holder: Option<&str>) -> Words {
        let texts = self.texts;
        let pid = pid.map_or_else(|| "?".to_owned(), |pid| pid.to_string());
        let holder = holder.unwrap_or("?");
        let reason = texts.choose(
            format!("pid {pid} waits for the lock that pid {holder} holds"),
            format!("le pid {pid} attend le verrou que tient le pid {holder}"),
        );
        (texts.standby, reason, String::new())
    }

    fn no_trail(&self, gone_since_ms: Option<i64>) -> Words {
        let texts = self.texts;
        let events = self.place.events.display();
        let reason = match gone_since_ms.map(|since_ms| self.since(since_ms)) {
            Some(since) => texts.choose(
                format!("{events} has been gone for {since}"),
                format!("{events} n'est plus là depuis {since}"),
            ),
            None => texts.choose(format!("{events} is not there yet"), format!("{events} n'est pas encore là")),
        };
        let advice = texts.choose(
            "Wrong folder? log-monitor --events FILE. No tracker yet? ./start.sh",
            "Mauvais dossier ? log-monitor --events FICHIER. Pas de tracker ? ./start.sh",
        );
        (texts.waiting, reason, advice.to_owned())
    }

    fn unreadable(&self, lines: u64, byte: Option<u64>, torn_byte: Option<u64>) -> Words {
        let texts = self.texts;
        let name =
            self.place.events.file_name().unwrap_or(self.place.events.as_os_str()).to_string_lossy().into_owned();
        let count = texts.count(lines);
        let of = match lines {
            1 => texts.choose(format!("1 line of {name}"), format!("1 ligne de {name}")),
            _ => texts.choose(format!("{count} lines of {name}"), format!("{count} lignes de {name}")),
        };
        let torn = torn_byte.map(|byte| format!("{} @{}", texts.choose("torn", "tronquée"), texts.count(byte)));
        let byte = byte.map(|byte| format!("{} @{}", texts.choose("no JSON", "pas de JSON"), texts.count(byte)));
        let places: Vec<String> = torn.into_iter().chain(byte).collect();
        let colon = texts.choose(": ", " : ");
        let reason = if places.is_empty() { of } else { format!("{of}{colon}{}", places.join(", ")) };
        let advice = texts.choose(
            "Counted, shown as ??, never guessed. A torn tail is cut at the next start.",
            "Comptées, montrées par ??, jamais devinées. Une fin tronquée est coupée au démarrage.",
        );
        (texts.unreadable_state, reason, advice.to_owned())
    }

    fn counting(&self, percent: Option<u8>) -> Words {
        let texts = self.texts;
        let Some(percent) = percent else {
            return (
                texts.counting,
                texts.choose("reading the files", "lecture des fichiers").to_owned(),
                String::new(),
            );
        };
        let percent = format!("{percent}{}%", texts.space());
        let received = self.figures.counts.map_or_else(String::new, |counts| texts.counted(counts.received));
        let reason = texts.choose(
            format!("{percent}: {} {received} (a file without a seal, read once)", texts.received),
            format!("{percent} : {} {received} (fichier sans sceau, lu une fois)", texts.received),
        );
        (texts.counting, reason, String::new())
    }

    fn health(&self) -> Words {
        let texts = self.texts;
        let word = match self.figures.verdict.sign {
            Sign::Bad => texts.critical,
            Sign::Warn => texts.attention,
            _ => texts.excellent,
        };
        let (reason, advice) = self.worst_of_health();
        (word, reason, advice)
    }

    /// The reason of the worst of the three; what is good needs none.
    fn worst_of_health(&self) -> (String, String) {
        let figures = self.figures;
        let sign = figures.verdict.sign;
        if sign == Sign::Good {
            return (self.rotation(), String::new());
        }
        if figures.success.state.map(SuccessState::sign) == Some(sign) {
            return self.low_success();
        }
        if figures.throughput.state.map(ThroughputState::sign) == Some(sign) {
            return self.low_throughput();
        }
        if figures.errors.state.map(ErrorState::sign) == Some(sign)
            && let Some(age_ms) = figures.errors.newest_age_ms
        {
            let texts = self.texts;
            let age = texts.age_long(age_ms.max(1_000));
            let reason = texts.choose(format!("last error {age}"), format!("dernière erreur {age}"));
            return (reason, self.last_bad().to_owned());
        }
        (String::new(), String::new())
    }

    /// `rotated 14:00:02: goes on at line 12,000,001, nothing skipped`, while it is news.
    fn rotation(&self) -> String {
        let texts = self.texts;
        let Some(rotation) = self.figures.rotation else { return String::new() };
        let when = self.place.clock.second(rotation.at_ms);
        match rotation.first_line.map(|line| texts.count(line)) {
            Some(line) => texts.choose(
                format!("rotated {when}: goes on at line {line}, nothing skipped"),
                format!("rotation à {when} : suite à la ligne {line}, rien de sauté"),
            ),
            None => {
                texts.choose(format!("rotated {when}, nothing skipped"), format!("rotation à {when}, rien de sauté"))
            }
        }
    }

    /// The way to the last message that is not what was expected.
    fn last_bad(&self) -> &'static str {
        let texts = self.texts;
        match self.place.medium {
            Medium::Screen => texts.choose("e jumps to it.", "e y mène."),
            Medium::Page => texts
                .choose("It stands below, or: audit query --invalid", "Il est ci-dessous, ou : audit query --invalid"),
            Medium::Summary => texts.choose("See it with: audit query --invalid", "Le voir : audit query --invalid"),
        }
    }

    fn low_success(&self) -> (String, String) {
        let texts = self.texts;
        let success = &self.figures.success;
        let Some(worse) = success.worse else { return (String::new(), String::new()) };
        let percent = texts.percent(worse);
        let reason = if success.last_15_min == Some(worse) && success.whole != Some(worse) {
            texts.choose(
                format!("only {percent} of the last 15 min is valid"),
                format!("seulement {percent} de valides sur 15 min"),
            )
        } else {
            texts.choose(
                format!("only {percent} of the trail is valid"),
                format!("seulement {percent} du journal est valide"),
            )
        };
        (
            reason,
            match self.place.medium {
                Medium::Screen => texts.choose(
                    "e jumps to the last bad one; Enter says why.",
                    "e mène au dernier échec ; Entrée dit pourquoi.",
                ),
                Medium::Page | Medium::Summary => self.last_bad(),
            }
            .to_owned(),
        )
    }

    fn low_throughput(&self) -> (String, String) {
        let texts = self.texts;
        let figures = self.figures;
        let reason = match (figures.throughput.per_second, figures.last_message_age_ms) {
            (Some(rate), _) if rate > 0.0 => {
                let rate = texts.rate(rate);
                texts.choose(format!("only {rate}"), format!("seulement {rate}"))
            }
            (_, Some(age_ms)) => {
                let age = texts.duration(age_ms);
                texts.choose(format!("no message for {age}"), format!("aucun message depuis {age}"))
            }
            _ => texts.no_message_in_it.to_owned(),
        };
        let advice = match figures.lag.as_ref().map(|lag| lag.messages) {
            Some(0) => texts
                .choose(
                    "Nothing waits in Kafka. Is a producer running? ./start.sh",
                    "Rien n'attend dans Kafka. Un producteur tourne-t-il ? ./start.sh",
                )
                .to_owned(),
            Some(lag) => texts.choose(
                format!("{} wait in Kafka: what does tracker.log say?", texts.count(lag)),
                format!("{} attendent dans Kafka : que dit tracker.log ?", texts.count(lag)),
            ),
            None => {
                texts.choose("Is a producer running? ./start.sh", "Un producteur tourne-t-il ? ./start.sh").to_owned()
            }
        };
        (reason, advice)
    }
}
