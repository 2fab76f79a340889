//! What each event says to people, in both languages.
//!
//! The French texts of the events that the Go program had are its own, to the letter: its monitor
//! keys on them.

use super::event::HealthEvent;
use crate::base::language::Language;
use crate::words::record::{Gap, GapKind};

impl HealthEvent {
    /// The text for people.
    pub fn message(&self, language: Language) -> String {
        match language {
            Language::En => self.english(),
            Language::Fr => self.french(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::Started { .. } => "logging started".into(),
            Self::Standby { holder, .. } => format!("another tracker (pid {holder}) holds this folder: standing by"),
            Self::Recovered { cut_bytes: 0, .. } => "the trail is whole".into(),
            Self::Recovered { kept_in: Some(_), .. } => {
                "lines that are damaged, or that nothing signed vouches for: from there on the trail is read again, the \
                 old end was kept aside"
                    .into()
            }
            Self::Recovered { .. } => "a torn last line was cut; it comes again".into(),
            Self::RolledBack { published_lines, from_line } => format!(
                "the trail is an older state of itself, which had {published_lines} lines signed: from line {from_line} on \
                 history is written anew"
            ),
            Self::KeyExposed { key_file, .. } => {
                format!("{} is not its owner's alone: what is signed with it proves less", key_file.display())
            }
            Self::Subscribed { topic, .. } => format!("reading topic '{topic}'"),
            Self::Metrics(_) => "periodic metrics".into(),
            Self::MessageInvalid { .. } => "message is not what was expected; kept as received".into(),
            Self::AuditGap { partition, gap, .. } => gap.explanation(*partition),
            Self::BrokerLost { brokers, .. } => format!("no broker at {brokers}: waiting, nothing is lost"),
            Self::BrokerBack { brokers, .. } => format!("{brokers} is back: going on"),
            Self::TopicMissing { topic, .. } => {
                format!("topic '{topic}' is not there, or may not be seen: waiting for it")
            }
            Self::TopicBack { topic, .. } => format!("topic '{topic}' is there again: going on"),
            Self::BatchUnreadable { partition, offset, .. } => format!(
                "the batch of partition {partition} from offset {offset} on cannot be read: the partition waits there, and \
                 nothing is passed over; it goes on when the batch is deleted (kafka-delete-records)"
            ),
            Self::BatchPassed { partition, .. } => format!("partition {partition} goes on"),
            Self::KafkaTrouble { .. } => "Kafka reported trouble; the client goes on by itself".into(),
            Self::DeadLetterFailed { .. } => "a dead letter could not be sent; the trail has the message".into(),
            Self::CommitFailed { .. } => "the group's offsets were not published; the trail does not need them".into(),
            Self::ConsumerRebuilt { .. } => "the consumer was thrown away and made anew; nothing is lost".into(),
            Self::AnchorFailed { .. } => "a checkpoint was not published; the next says more".into(),
            Self::PartitionsAdded { .. } => "the topic has new partitions: reading them from their beginning".into(),
            Self::DiskFull { .. } => "the disk is full: reading is paused, Kafka keeps what waits".into(),
            Self::DiskOk { .. } => "there is room again: going on".into(),
            Self::Stopping { reason: "signal" } => {
                "signal received: reading what is there, then stopping; a second one forces".into()
            }
            Self::Stopping { .. } => "the end is reached: finishing".into(),
            Self::Stopped { .. } => "stopped cleanly".into(),
            Self::Failed { .. } => "the tracker cannot go on".into(),
        }
    }

    fn french(&self) -> String {
        match self {
            Self::Started { .. } => "Système de journalisation initialisé".into(),
            Self::Standby { holder, .. } => format!("Un autre tracker (pid {holder}) tient ce dossier : en attente"),
            Self::Recovered { cut_bytes: 0, .. } => "Journal d'audit intact".into(),
            Self::Recovered { kept_in: Some(_), .. } => {
                "Lignes endommagées ou sans garantie : la suite du journal est relue, l'ancienne fin est mise de côté"
                    .into()
            }
            Self::Recovered { .. } => "Dernière ligne tronquée : coupée, elle sera relue".into(),
            Self::RolledBack { published_lines, from_line } => format!(
                "Le journal d'audit est une copie ancienne ({published_lines} lignes avaient été signées) : \
                 l'historique est réécrit à partir de la ligne {from_line}"
            ),
            Self::KeyExposed { key_file, .. } => {
                format!("{} n'est pas réservé à son propriétaire : sa signature prouve moins", key_file.display())
            }
            Self::Subscribed { topic, .. } => format!("Consommateur démarré et abonné au topic '{topic}'"),
            Self::Metrics(_) => "Métriques système périodiques".into(),
            Self::MessageInvalid { .. } => "Erreur de désérialisation du message".into(),
            Self::AuditGap { partition, gap, .. } => french_gap(*partition, gap),
            Self::BrokerLost { brokers, .. } => format!("Aucun broker à {brokers} : en attente, rien n'est perdu"),
            Self::BrokerBack { brokers, .. } => format!("{brokers} de retour : reprise"),
            Self::TopicMissing { topic, .. } => format!("Topic '{topic}' absent ou invisible : en attente"),
            Self::TopicBack { topic, .. } => format!("Topic '{topic}' de retour : reprise"),
            Self::BatchUnreadable { partition, offset, .. } => format!(
                "Le lot de la partition {partition} à partir de l'offset {offset} est illisible : la partition attend, rien \
                 n'est sauté ; elle reprend quand le lot est supprimé (kafka-delete-records)"
            ),
            Self::BatchPassed { partition, .. } => format!("La partition {partition} reprend"),
            Self::KafkaTrouble { .. } => "Erreur de lecture du message Kafka".into(),
            Self::DeadLetterFailed { .. } => "Message invalide non transmis ; le journal d'audit le garde".into(),
            Self::CommitFailed { .. } => "Offsets du groupe non publiés ; le journal n'en a pas besoin".into(),
            Self::ConsumerRebuilt { .. } => "Consommateur recréé ; rien n'est perdu".into(),
            Self::AnchorFailed { .. } => "Point de contrôle non publié ; le suivant en dit plus".into(),
            Self::PartitionsAdded { .. } => "Nouvelles partitions : lues depuis leur début".into(),
            Self::DiskFull { .. } => "Disque plein : lecture suspendue, Kafka garde ce qui attend".into(),
            Self::DiskOk { .. } => "De la place de nouveau : reprise".into(),
            Self::Stopping { reason: "signal" } => "Signal d'arrêt reçu, fin de la consommation.".into(),
            Self::Stopping { .. } => "Fin atteinte, fin de la consommation.".into(),
            Self::Stopped { .. } => "Consommateur arrêté proprement".into(),
            Self::Failed { .. } => "Le tracker ne peut pas continuer".into(),
        }
    }
}

fn french_gap(partition: i32, gap: &Gap) -> String {
    let Gap { kind, from, to, .. } = gap;
    match kind {
        GapKind::Retention => format!("Offsets {from} à {} effacés par le broker avant d'être lus", to - 1),
        GapKind::Truncation => format!("Le journal Kafka finit avant l'offset {from} : la lecture reprend à {to}"),
        GapKind::TopicRecreated => "Le topic a été recréé : toutes les partitions reprennent à l'offset 0".into(),
        GapKind::ClusterChanged => "Autre cluster Kafka : toutes les partitions reprennent à l'offset 0".into(),
        GapKind::PartitionMissing => format!("Le topic n'a plus de partition {partition}, lue jusqu'à l'offset {from}"),
        GapKind::FileRolledBack => {
            format!("Le journal d'audit est une copie ancienne, jusqu'à l'offset {from} : la lecture reprend à {to}")
        }
    }
}
