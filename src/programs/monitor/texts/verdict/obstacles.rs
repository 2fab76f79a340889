//! What the tracker waits for, and what to do about it.

use super::{Speaker, Words};

impl Speaker<'_> {
    pub(super) fn disk_full(&self, since_ms: i64, free_bytes: Option<u64>, lag: Option<u64>) -> Words {
        let texts = self.texts;
        let since = self.since(since_ms);
        let mut reason = texts.choose(format!("paused for {since}"), format!("en pause depuis {since}"));
        if let Some(free) = free_bytes.map(|bytes| texts.size(bytes)) {
            reason.push_str(&texts.choose(format!(", {free} free"), format!(", {free} libres")));
        }
        let waits = lag.map_or_else(String::new, |lag| {
            texts.choose(format!(": lag {}", texts.count(lag)), format!(" : retard {}", texts.count(lag)))
        });
        let advice = texts.choose(
            format!("It resumes alone once there is room; Kafka keeps what waits{waits}."),
            format!("Il reprend seul dès qu'il y a de la place ; Kafka garde ce qui attend{waits}."),
        );
        (texts.disk_full, reason, advice)
    }

    /// `localhost:9092 for 41s: connection refused`.
    fn away(&self, what: &str, since_ms: i64, error: Option<&str>) -> String {
        let (texts, since) = (self.texts, self.since(since_ms));
        let error = error.map_or_else(String::new, |error| texts.choose(format!(": {error}"), format!(" : {error}")));
        texts.choose(format!("{what} for {since}{error}"), format!("{what} depuis {since}{error}"))
    }

    pub(super) fn broker_lost(&self, since_ms: i64, brokers: Option<&str>, error: Option<&str>) -> Words {
        let brokers = brokers.or(self.figures.tracker.brokers.as_deref()).unwrap_or("Kafka");
        let advice = self.texts.choose(
            "The tracker waits and goes on by itself. Is Kafka up? ./start.sh",
            "Le tracker attend et reprend seul. Kafka tourne-t-il ? ./start.sh",
        );
        (self.texts.broker_lost, self.away(brokers, since_ms, error), advice.to_owned())
    }

    pub(super) fn starting(&self, since_ms: i64, error: Option<&str>) -> Words {
        let (texts, since) = (self.texts, self.since(since_ms));
        let what = error.unwrap_or_else(|| texts.choose("nothing is read yet", "rien n'est encore lu"));
        let reason = texts.choose(format!("for {since}: {what}"), format!("depuis {since} : {what}"));
        let advice = texts.choose(
            "It reads its own trail, or waits for Kafka, and begins by itself.",
            "Il relit son journal, ou attend Kafka, et commence seul.",
        );
        (texts.starting, reason, advice.to_owned())
    }

    pub(super) fn topic_missing(&self, since_ms: i64, topic: Option<&str>, error: Option<&str>) -> Words {
        let topic = topic.or(self.figures.tracker.topic.as_deref()).unwrap_or("?");
        let advice = self.texts.choose(
            "A tracker makes a missing topic only at its start. Who deleted it?",
            "Un tracker ne crée le topic qu'à son démarrage. Qui l'a supprimé ?",
        );
        (self.texts.topic_missing, self.away(topic, since_ms, error), advice.to_owned())
    }

    /// `orders/1@17 for 41s: …`.
    pub(super) fn batch_unreadable(
        &self,
        since_ms: i64,
        partition: i32,
        offset: Option<i64>,
        error: Option<&str>,
    ) -> Words {
        let place = offset.map_or_else(String::new, |offset| format!("@{offset}"));
        let place = format!("{}{place}", self.partition(partition));
        let advice = self.texts.choose(
            "The partition waits. Once somebody deletes the batch, a gap is recorded.",
            "La partition attend. Le lot supprimé, un trou est noté dans le journal.",
        );
        (self.texts.batch_unreadable, self.away(&place, since_ms, error), advice.to_owned())
    }
}
