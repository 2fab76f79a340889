//! What this trail had published with the group's offsets: how far, and what it then was. It is asked for before
//! anything is signed, so that an older state which somebody put in the trail's place is not carried on unsaid.

use std::collections::BTreeMap;
use std::time::Duration;

use super::config::TrackerConfig;
use super::error::TrackerError;
use super::run::recovered_event;
use super::session::Session;
use crate::doors::audit::{Held, History, Recovery, Trail, Unsealed, checkpoints_path, open};
use crate::doors::health::{HealthEvent, HealthLog};
use crate::doors::kafka::Consumer;
use crate::tools::durable::OsDisk;
use crate::tools::shutdown::Shutdown;
use crate::words::seal::{PublishedCheckpoint, PublishedText};

/// How long the group's coordinator may take to tell what was published.
const ANSWER: Duration = Duration::from_secs(2);

/// By partition, the next offset that was published, and the text beside it.
type Committed = BTreeMap<i32, (i64, String)>;

/// What this trail had published before this run.
pub(super) enum Published {
    /// It could not be had, and is asked for again with each look at the topic; nothing is published before.
    Unknown {
        /// Whether reading has begun without it.
        is_reading: bool,
    },
    /// It is to be told to the ledger once the topic is seen.
    Known(Committed),
    /// It was told to the ledger, or there was nothing.
    Done,
}

/// A trail that was held to what it had published.
pub(super) struct HeldTrail {
    pub(super) trail: Trail<OsDisk>,
    pub(super) recovery: Recovery,
    pub(super) published: Published,
}

/// Holds a trail that was opened, of which nothing was signed in this run yet, to what it had published. An older state
/// of it is opened again without the lines that nothing signed vouches for: they may be anybody's.
pub(super) fn hold(
    config: &TrackerConfig,
    log: &HealthLog,
    shutdown: &Shutdown,
    seed: &[u8; 40],
    opened: (Trail<OsDisk>, Recovery),
    consumer: &Consumer,
) -> Result<HeldTrail, TrackerError> {
    let (trail, recovery) = opened;
    if recovery.is_new {
        return Ok(HeldTrail { trail, recovery, published: Published::Done });
    }
    let committed = match consumer.committed_at_last(ANSWER, shutdown) {
        Ok(committed) => committed,
        Err(error) => {
            let reason = format!("{error}: nothing is published until it is known what was");
            log.write(&HealthEvent::KafkaTrouble { partition: None, reason });
            return Ok(HeldTrail { trail, recovery, published: Published::Unknown { is_reading: false } });
        }
    };
    let Some(event) = held_to(config, trail.history(), &committed, false)? else {
        return Ok(HeldTrail { trail, recovery, published: Published::Known(committed) });
    };
    log.write(&event);
    let (trail, recovery) = match trail.history().has_unsealed_lines() {
        false => (trail, recovery),
        true => {
            drop(trail);
            let again = open(&OsDisk, &config.dir, &config.topic, Unsealed::KeptAside, seed, shutdown)?;
            log.write(&recovered_event(&again.1));
            again
        }
    };
    say_what_it_is(consumer, trail.history().origin(), &committed, trail.last_checkpoint());
    Ok(HeldTrail { trail, recovery, published: Published::Known(committed) })
}

/// Holds a trail to what its group has; gives what is to be told when it is an older state of itself.
fn held_to(
    config: &TrackerConfig,
    history: &History,
    committed: &Committed,
    is_late: bool,
) -> Result<Option<HealthEvent>, TrackerError> {
    let held = history.hold_to(committed.values().map(|(_, text)| text.as_str()));
    let held = held.map_err(|source| {
        let path = checkpoints_path(&config.dir);
        TrackerError::Folder { what: "read", path, source }
    })?;
    match held {
        Held::NothingPublished | Held::Agreeing { .. } => Ok(None),
        Held::RolledBack { published_lines, from_line } => {
            Ok(Some(HealthEvent::RolledBack { published_lines, from_line }))
        }
        Held::Another { published_lines } => {
            let (dir, group) = (config.dir.clone(), config.group.clone());
            Err(TrackerError::AnotherHistory { dir, group, published_lines, is_late })
        }
    }
}

/// Says beside all offsets of an older state what it now is. Else the next start would hold it to what it was once, which
/// it may have grown beyond by then. The offsets stay: by them the ledger tells how far it was.
fn say_what_it_is(consumer: &Consumer, origin: &str, committed: &Committed, checkpoint: Option<PublishedCheckpoint>) {
    let mut positions_by_text: BTreeMap<String, Vec<(i32, i64)>> = BTreeMap::new();
    for (&partition, (next, text)) in committed {
        let Some(before) = PublishedText::parse(text).filter(|before| before.origin == origin) else { continue };
        let text = PublishedText { checkpoint: checkpoint.clone(), ..before }.to_text();
        positions_by_text.entry(text).or_default().push((partition, *next));
    }
    for (text, positions) in positions_by_text {
        consumer.commit(&positions, &text);
    }
}

/// The offsets that this trail published of this topic.
fn ours(committed: &Committed, origin: &str, topic_id: Option<&str>) -> BTreeMap<i32, i64> {
    let is_ours = |text: &str| {
        PublishedText::parse(text).is_some_and(|text| text.origin == origin && text.topic_id.as_deref() == topic_id)
    };
    committed.iter().filter(|(_, (_, text))| is_ours(text)).map(|(&partition, (next, _))| (partition, *next)).collect()
}

impl Session<'_> {
    /// What stands beside the offsets that are published now.
    pub(super) fn published_text(&self) -> String {
        let origin = self.appender.origin().to_owned();
        let topic_id = self.ledger.identity().topic_id.clone();
        PublishedText { origin, topic_id, checkpoint: self.appender.last_checkpoint() }.to_text()
    }

    /// What this trail had published of the topic that is there now, for the ledger, once: an older state of the trail
    /// stands before it.
    pub(super) fn take_published(&mut self, topic_id: Option<&str>) -> Result<BTreeMap<i32, i64>, TrackerError> {
        let origin = self.history.origin();
        let (committed, is_reading) = match std::mem::replace(&mut self.published, Published::Done) {
            Published::Done => return Ok(BTreeMap::new()),
            Published::Known(committed) => return Ok(ours(&committed, origin, topic_id)),
            Published::Unknown { is_reading } => (self.consumer.committed(ANSWER), is_reading),
        };
        let Ok(committed) = committed else {
            self.published = Published::Unknown { is_reading: true };
            self.was_held_up();
            return Ok(BTreeMap::new());
        };
        let ours = ours(&committed, origin, topic_id);
        match held_to(self.config, &self.history, &committed, true) {
            Ok(Some(event)) => {
                self.log.write(&event);
                say_what_it_is(&self.consumer, origin, &committed, self.appender.last_checkpoint());
            }
            Ok(None) => {}
            Err(error) => {
                self.appender.give_up();
                return Err(error);
            }
        }
        self.was_held_up();
        if is_reading {
            self.ledger.published(&ours);
            return Ok(BTreeMap::new());
        }
        Ok(ours)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_offsets_tell_whose_they_are() {
        let text = |origin: &str, topic_id: Option<&str>| {
            let topic_id = topic_id.map(str::to_owned);
            PublishedText { origin: origin.to_owned(), topic_id, checkpoint: None }.to_text()
        };
        let origin = "ordertrail/orders/12";
        let at = |text: String| Committed::from([(3, (7, text))]);
        let seven = BTreeMap::from([(3, 7)]);
        assert_eq!(ours(&at(text(origin, Some("id"))), origin, Some("id")), seven);
        assert_eq!(ours(&at(text(origin, None)), origin, None), seven);
        assert_eq!(ours(&at(format!("{origin} 99 id v2 of a later version")), origin, Some("id")), seven);
        for (other, topic_id) in [
            (text("ordertrail/orders/123", Some("id")), Some("id")),
            // A topic of the same name.
            (text(origin, Some("id")), Some("another")),
            (String::new(), None),
            ("written by hand".to_owned(), None),
        ] {
            assert_eq!(ours(&at(other), origin, topic_id), BTreeMap::new());
        }
    }
}
