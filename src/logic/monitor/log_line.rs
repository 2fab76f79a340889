//! What kind a line of `tracker.log` is, and how many there are of which level.

use crate::words::record::{HealthLine, Level};

/// What a line of `tracker.log` tells, ours by its `event`, the Go program's by its French text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The events of docs/formats.md, by their names.
pub enum LogKind {
    Started,
    Standby,
    Recovered,
    Subscribed,
    Metrics,
    MessageInvalid,
    AuditGap,
    BrokerLost,
    BrokerBack,
    TopicMissing,
    TopicBack,
    KafkaTrouble,
    BatchUnreadable,
    BatchPassed,
    ConsumerRebuilt,
    DiskFull,
    DiskOk,
    Stopping,
    Stopped,
    Failed,
    /// Anything else.
    Other,
}

/// How many lines of `tracker.log` there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogTally {
    /// All lines that parse.
    pub lines: u64,
    /// Of these, those of level WARN.
    pub warnings: u64,
    /// Of these, those of level ERROR.
    pub errors: u64,
    /// Of the errors, those that no line of `tracker.events` tells as well.
    pub errors_of_its_own: u64,
    /// Whole lines that do not parse.
    pub unreadable: u64,
}

impl LogKind {
    /// That of a line.
    pub fn of(line: &HealthLine<'_>) -> Self {
        Self::of_event(&line.event).or_else(|| Self::of_french(&line.message)).unwrap_or(Self::Other)
    }

    fn of_event(event: &str) -> Option<Self> {
        Some(match event {
            "" => return None,
            "tracker.started" => Self::Started,
            "tracker.standby" => Self::Standby,
            "audit.recovered" => Self::Recovered,
            "tracker.subscribed" => Self::Subscribed,
            "tracker.metrics" => Self::Metrics,
            "message.invalid" => Self::MessageInvalid,
            "audit.gap" => Self::AuditGap,
            "broker.lost" => Self::BrokerLost,
            "broker.back" => Self::BrokerBack,
            "topic.missing" => Self::TopicMissing,
            "topic.back" => Self::TopicBack,
            "kafka.trouble" => Self::KafkaTrouble,
            "batch.unreadable" => Self::BatchUnreadable,
            "batch.passed" => Self::BatchPassed,
            "consumer.rebuilt" => Self::ConsumerRebuilt,
            "disk.full" => Self::DiskFull,
            "disk.ok" => Self::DiskOk,
            "tracker.stopping" => Self::Stopping,
            "tracker.stopped" => Self::Stopped,
            "tracker.failed" => Self::Failed,
            _ => Self::Other,
        })
    }

    /// The Go program's lines have no `event`.
    fn of_french(message: &str) -> Option<Self> {
        Some(match message {
            "Système de journalisation initialisé" => Self::Started,
            "Métriques système périodiques" => Self::Metrics,
            "Erreur de désérialisation du message" => Self::MessageInvalid,
            "Signal d'arrêt reçu, fin de la consommation." => Self::Stopping,
            "Trop d'erreurs consécutives, arrêt du consommateur" => Self::Stopping,
            "Kafka semble être arrêté, arrêt du consommateur" => Self::Stopping,
            "Consommateur arrêté proprement" => Self::Stopped,
            _ if message.starts_with("Consommateur démarré et abonné au topic") => Self::Subscribed,
            _ => return None,
        })
    }
}

impl LogTally {
    /// Counts a line.
    pub fn add(&mut self, line: &HealthLine<'_>) {
        self.lines += 1;
        match line.level {
            Level::Info => {}
            Level::Warn => self.warnings += 1,
            Level::Error => {
                self.errors += 1;
                let is_told_twice = matches!(LogKind::of(line), LogKind::MessageInvalid | LogKind::AuditGap);
                self.errors_of_its_own += u64::from(!is_told_twice);
            }
        }
    }
}
