//! The one verdict: the gravest cause first.

use super::figures::{Alive, Figures};
use super::input::EventKind;
use super::input::FileState;
use super::life::{BatchUnreadable, Phase, TopicMissing};
use super::measure::{JUDGED_MS, since};
use super::model::Model;
use super::verdict::{Cause, ErrorState, Sign, SuccessState, ThroughputState, Verdict};

/// How long a gap stays bad; then it only counts.
const GAP_NEWS_MS: i64 = 5 * 60_000;
/// How long a topic is doubted; it is called missing within ten seconds.
const DOUBT_MS: i64 = 15_000;

/// The verdict over figures of one moment.
pub(super) fn verdict(model: &Model, figures: &Figures) -> Verdict {
    let (sign, cause) = file_refused(&model.events_file, true)
        .or_else(|| standby(model))
        .or_else(|| life(model, figures))
        .or_else(|| gap(model, figures.as_of_ms))
        .or_else(|| obstacle(model, figures))
        .or_else(|| starting(model))
        .or_else(|| nothing_to_judge(model, figures))
        .unwrap_or_else(|| health(model, figures));
    Verdict { sign, cause }
}

fn file_refused(state: &FileState, is_events: bool) -> Option<(Sign, Cause)> {
    let FileState::Unreadable { reason } = state else { return None };
    let sign = if is_events { Sign::Bad } else { Sign::Warn };
    Some((sign, Cause::FileRefused { is_events, reason: reason.clone() }))
}

/// Only when nobody else runs: else the one that waits is good news.
fn standby(model: &Model) -> Option<(Sign, Cause)> {
    let standby = model.life.standby.as_ref()?;
    let waits_alone = match model.life.phase {
        Phase::Unknown => true,
        Phase::Stopped { at_ms, .. } | Phase::Failed { at_ms, .. } => standby.since_ms >= at_ms,
        Phase::Running | Phase::Stopping => false,
    };
    waits_alone.then(|| (Sign::Neutral, Cause::Standby { pid: standby.pid, holder: standby.holder.clone() }))
}

fn life(model: &Model, figures: &Figures) -> Option<(Sign, Cause)> {
    let cause = match (&model.life.phase, figures.tracker.alive) {
        (_, Alive::Silent) => Cause::NoSignOfLife {
            silent_ms: figures.tracker.heard_age_ms?,
            interval_ms: figures.tracker.interval_ms,
            process: model.process,
            last: model.trail.newest.map(|newest| (newest.event.partition, newest.event.offset)),
        },
        (Phase::Failed { at_ms, error }, _) => Cause::Failed { at_ms: *at_ms, error: error.clone() },
        (Phase::Stopped { at_ms, .. }, _) => {
            let seal = model.seal.as_ref().filter(|seal| seal.is_clean);
            Cause::Stopped { at_ms: *at_ms, sealed_lines: seal.map(|seal| seal.lines) }
        }
        _ => return None,
    };
    Some((Sign::Bad, cause))
}

fn gap(model: &Model, now_ms: i64) -> Option<(Sign, Cause)> {
    let seen = model.trail.newest_gap.and_then(|gap| match gap.event.kind {
        EventKind::Gap { from, to } => Some((gap.at_ms, gap.event.partition, from, to)),
        _ => None,
    });
    let told = model.life.newest_gap.and_then(|gap| Some((gap.at_ms, gap.partition?, gap.offset?, gap.to?)));
    let (at_ms, partition, from, to) = seen.max(told)?;
    (since(at_ms, now_ms) < GAP_NEWS_MS).then_some((Sign::Bad, Cause::Gap { at_ms, partition, from, to }))
}

/// What keeps a tracker from reading.
fn obstacle(model: &Model, figures: &Figures) -> Option<(Sign, Cause)> {
    if let Some(full) = model.life.disk_full {
        let lag = figures.lag.as_ref().map(|lag| lag.messages);
        let free_bytes = figures.disk.filter(|disk| disk.age.at_ms > full.since_ms).map(|disk| disk.free_bytes);
        let free_bytes = free_bytes.or(full.free_bytes);
        return Some((Sign::Warn, Cause::DiskFull { since_ms: full.since_ms, free_bytes, lag }));
    }
    if let Some(lost) = model.life.broker_lost.clone() {
        let cause = Cause::BrokerLost { since_ms: lost.since_ms, brokers: lost.brokers, error: lost.error };
        return Some((Sign::Warn, cause));
    }
    if let Some(missing) = model.life.topic_missing.clone().or_else(|| doubted(model, figures.as_of_ms)) {
        let cause = Cause::TopicMissing { since_ms: missing.since_ms, topic: missing.topic, error: missing.error };
        return Some((Sign::Bad, cause));
    }
    let (&partition, batch) = model.life.unreadable.iter().min_by_key(|(_, batch)| batch.since_ms)?;
    let BatchUnreadable { since_ms, offset, error } = batch.clone();
    Some((Sign::Bad, Cause::BatchUnreadable { since_ms, partition, offset, error }))
}

/// The tracker says a topic to be missing once it is sure; until then, and for so long, this is what it looks like.
fn doubted(model: &Model, now_ms: i64) -> Option<TopicMissing> {
    let doubted = model.life.topic_doubted.clone()?;
    let goes_on = model.trail.newest_message_ms.is_some_and(|at_ms| at_ms > doubted.since_ms);
    (!goes_on && since(doubted.since_ms, now_ms) < DOUBT_MS).then_some(doubted)
}

/// What an earlier run wrote says nothing of one that does not read yet.
fn starting(model: &Model) -> Option<(Sign, Cause)> {
    let starting = model.life.starting.clone()?;
    let has_read = model.trail.newest_message_ms.is_some_and(|at_ms| at_ms >= starting.since_ms);
    let cause = Cause::Starting { since_ms: starting.since_ms, error: starting.error };
    (!has_read).then_some((Sign::Pending, cause))
}

fn nothing_to_judge(model: &Model, figures: &Figures) -> Option<(Sign, Cause)> {
    match model.events_file {
        FileState::Missing => return Some((Sign::Pending, Cause::NoTrail { gone_since_ms: None })),
        FileState::Gone { since_ms } => {
            return Some((Sign::Pending, Cause::NoTrail { gone_since_ms: Some(since_ms) }));
        }
        FileState::Readable { .. } | FileState::Unreadable { .. } => {}
    }
    let counts = figures.counts?;
    let is_empty = counts.received.is_exact && counts.received.count == 0 && counts.unreadable.count == 0;
    is_empty.then_some((Sign::Pending, Cause::NoMessage))
}

/// The worst of the three; what is only odd stands behind what is bad, and before what is good.
fn health(model: &Model, figures: &Figures) -> (Sign, Cause) {
    let (success, throughput, errors) = (figures.success.state, figures.throughput.state, figures.errors.state);
    let signs = [success.map(SuccessState::sign), throughput.map(ThroughputState::sign), errors.map(ErrorState::sign)];
    let has = |sign: Sign| signs.contains(&Some(sign));
    let cause = Cause::Health {
        success,
        throughput,
        errors,
        idle_ms: figures.last_message_age_ms,
        lag: figures.lag.as_ref().map(|lag| lag.messages),
    };
    if has(Sign::Bad) {
        return (Sign::Bad, cause);
    }
    if let Some(counts) = figures.counts.filter(|counts| counts.unreadable.count > 0) {
        let byte = model.trail.unreadable_byte;
        let is_torn = counts.unreadable.count > model.trail.totals.tally.unreadable;
        let torn_byte = model.torn_tail.filter(|_| is_torn).map(|tail| tail.byte);
        return (Sign::Warn, Cause::Unreadable { lines: counts.unreadable.count, byte, torn_byte });
    }
    if let Some(refused) = file_refused(&model.log_file, false) {
        return refused;
    }
    if has(Sign::Warn) {
        return (Sign::Warn, cause);
    }
    let is_counting = figures.counts.is_some_and(|counts| !counts.received.is_exact);
    // In its first seconds a run has no throughput that could be judged, and nothing is wrong.
    let is_young = figures.tracker.up_ms.is_some_and(|up_ms| up_ms < JUDGED_MS);
    let is_unknown = success.is_none() || errors.is_none() || (throughput.is_none() && !is_young);
    if is_counting || is_unknown {
        let percent = figures.counts.and_then(|counts| counts.counting_percent);
        return (Sign::Pending, Cause::Counting { percent });
    }
    (Sign::Good, cause)
}
