//! From what is known to the figures of one moment.

use std::collections::BTreeSet;

use super::figures::{
    Age, Alive, Counted, Counts, Disk, Errors, Figures, Latency, PartitionFigures, Quality, Resources, Run, Sealed,
    Success, Throughput, TrackerFigures,
};
use super::input::FileState;
use super::life::Phase;
use super::model::{Model, Newest};
use super::trend;
use super::verdict::{Cause, ErrorState, Percent, QualityWord, Sign, SuccessState, ThroughputState, Verdict};

const SECOND_MS: i64 = 1_000;
/// A last line that has not grown for so long stays torn.
const TORN_AFTER_MS: i64 = 5 * SECOND_MS;
/// How long throughput is measured, and how long from [`FAST_PER_SECOND`] on.
const WINDOW_MS: i64 = 60 * SECOND_MS;
const FAST_WINDOW_MS: i64 = 10 * SECOND_MS;
const FAST_PER_SECOND: f64 = 10.0;
/// In a shorter window no message is no sign: from 0.1/s on, where it counts as stopped, one comes in 10 s.
pub(super) const JUDGED_MS: i64 = 10 * SECOND_MS;
const LATELY_MS: i64 = 15 * 60 * SECOND_MS;
/// Messages that came within the running second, or by a clock that goes a little before ours.
const AHEAD_MS: i64 = 120 * SECOND_MS;
const ERROR_WINDOW_MS: i64 = 5 * 60 * SECOND_MS;
/// A run that writes nothing for so many intervals gives no sign of life.
const SILENT_INTERVALS: f64 = 2.5;
/// A tracker signs at least so often.
const SEAL_INTERVAL_MS: i64 = 60 * SECOND_MS;
/// How long a rotation is news.
const ROTATION_NEWS_MS: i64 = 60 * SECOND_MS;

/// How long ago, not negative: another clock may go a little before ours.
pub(super) fn since(at_ms: i64, now_ms: i64) -> i64 {
    now_ms.saturating_sub(at_ms).max(0)
}

fn age(at_ms: i64, interval_ms: i64, now_ms: i64) -> Age {
    let age_ms = since(at_ms, now_ms);
    Age { at_ms, age_ms, is_stale: age_ms > interval_ms.saturating_mul(2) }
}

/// The moment of which the trail can tell: now. A trail that was lost tells no more than it did before: no
/// message of it is missing because nobody could read it.
fn trail_now_ms(model: &Model, now_ms: i64) -> i64 {
    let newest_ms = || model.trail.newest.map(|newest| newest.at_ms);
    match &model.events_file {
        FileState::Gone { since_ms } => (*since_ms).min(now_ms),
        // Nobody says since when: it tells at least of its own newest line.
        FileState::Unreadable { .. } => newest_ms().map_or(now_ms, |at_ms| at_ms.min(now_ms)),
        FileState::Missing | FileState::Readable { .. } => now_ms,
    }
}

/// All figures, but the verdict is still to be found.
pub(super) fn figures(model: &Model, now_ms: i64) -> Figures {
    let counts = counts(model, now_ms);
    let success = success(model, now_ms);
    let throughput = throughput(model, now_ms);
    let errors = errors(model, counts.as_ref(), now_ms);
    let life = &model.life;
    let metrics_age = |at_ms| age(at_ms, life.interval_ms(), now_ms);
    let newest = life.newest_metrics();
    Figures {
        as_of_ms: now_ms,
        verdict: Verdict { sign: Sign::Pending, cause: Cause::Counting { percent: None } },
        counts,
        last_message_age_ms: model.trail.newest_message_ms.map(|at_ms| since(at_ms, now_ms)),
        last_invalid_age_ms: newest_invalid_ms(model).map(|at_ms| since(at_ms, now_ms)),
        success,
        throughput,
        errors,
        quality: quality(&success, &throughput, &errors),
        lag: newest.and_then(|(newest, _)| trend::lag(life.metrics.iter(), metrics_age(newest.at_ms))),
        latency: latency(model, now_ms),
        resources: resources(model, now_ms),
        disk: disk(model, now_ms),
        run: newest.and_then(|(newest, _)| {
            Some(Run {
                received: newest.received?,
                valid: newest.processed,
                invalid: newest.failed,
                success: newest.processed.and_then(|valid| Percent::of(valid, newest.received?)),
                mean_per_second: newest.mean_per_second,
                age: metrics_age(newest.at_ms),
            })
        }),
        tracker: tracker(model, now_ms),
        sealed: sealed(model, now_ms),
        partitions: partitions(model),
        trail_as_of_ms: model.had_events.then(|| trail_now_ms(model, now_ms)),
        events_file: model.events_file.clone(),
        log_file: model.log_file.clone(),
        log: model.had_log.then_some(life.tally),
        rotation: model.rotation.filter(|rotation| since(rotation.at_ms, now_ms) < ROTATION_NEWS_MS),
    }
}

fn counts(model: &Model, now_ms: i64) -> Option<Counts> {
    if !model.had_events {
        return None;
    }
    let totals = &model.trail.totals;
    let tally = &totals.tally;
    let is_exact = totals.is_exact;
    let counted = |count| Counted { count, is_exact };
    let torn = model.torn_tail.is_some_and(|tail| since(tail.since_ms, now_ms) >= TORN_AFTER_MS);
    Some(Counts {
        received: counted(tally.received()),
        valid: counted(tally.valid),
        invalid: counted(tally.invalid),
        gaps: counted(tally.gaps),
        gap_offsets: Counted {
            count: tally.gap_offsets,
            is_exact: is_exact && (totals.is_gap_offsets_exact || tally.gaps == 0),
        },
        unreadable: counted(tally.unreadable.saturating_add(u64::from(torn))),
        counting_percent: if is_exact { None } else { totals.percent },
    })
}

fn success(model: &Model, now_ms: i64) -> Success {
    let totals = &model.trail.totals;
    let is_known = model.had_events && totals.is_exact;
    let whole = if is_known { Percent::of(totals.tally.valid, totals.tally.received()) } else { None };
    let now_ms = trail_now_ms(model, now_ms);
    let begins_ms = now_ms.saturating_sub(LATELY_MS);
    let lately = model.trail.buckets.between(begins_ms, now_ms.saturating_add(AHEAD_MS));
    let last_15_min = if model.trail.buckets.is_complete_from(begins_ms) {
        Percent::of(u64::from(lately.received.saturating_sub(lately.invalid)), u64::from(lately.received))
    } else {
        None
    };
    let worse = [whole, last_15_min].into_iter().flatten().min();
    Success { whole, last_15_min, worse, state: worse.map(SuccessState::of) }
}

/// Over the last full seconds, by the lines' own times.
pub(super) fn throughput(model: &Model, now_ms: i64) -> Throughput {
    let second = |time_ms: i64| time_ms.div_euclid(SECOND_MS).saturating_mul(SECOND_MS);
    let to_ms = second(trail_now_ms(model, now_ms));
    let buckets = &model.trail.buckets;
    let earliest_ms = to_ms.saturating_sub(WINDOW_MS);
    let is_running = matches!(model.life.phase, Phase::Running | Phase::Stopping);
    // What an earlier run wrote is no speed of this one.
    let started_ms = model.life.started_ms.filter(|started_ms| is_running && *started_ms <= now_ms).map(second);
    let from_ms = started_ms.map_or(earliest_ms, |started_ms| started_ms.max(earliest_ms));
    let is_known = model.had_events && from_ms < to_ms && buckets.is_complete_from(from_ms);
    if !is_known {
        return Throughput::default();
    }
    let rate = |from_ms: i64| {
        f64::from(buckets.between(from_ms, to_ms).received) * SECOND_MS as f64 / (to_ms - from_ms) as f64
    };
    let fast_from_ms = to_ms.saturating_sub(FAST_WINDOW_MS).max(from_ms);
    let from_ms = if rate(from_ms) >= FAST_PER_SECOND { fast_from_ms } else { from_ms };
    let per_second = rate(from_ms);
    Throughput {
        per_second: Some(per_second),
        window_seconds: u32::try_from((to_ms - from_ms) / SECOND_MS).unwrap_or(u32::MAX),
        state: (to_ms - from_ms >= JUDGED_MS).then(|| ThroughputState::of(per_second)),
    }
}

/// When the newest message came that was not what was expected. The log may know of one that was not read yet;
/// of the same one the trail knows better when it was.
fn newest_invalid_ms(model: &Model) -> Option<i64> {
    let seen = model.trail.newest_invalid;
    let told = model.life.newest_invalid.filter(|told| !seen.is_some_and(|seen| is_same(told, &seen)));
    seen.map(|seen| seen.at_ms).max(told.map(|told| told.at_ms))
}

/// When the newest gap was found.
fn newest_gap_ms(model: &Model) -> Option<i64> {
    let seen = model.trail.newest_gap;
    let told = model.life.newest_gap.filter(|told| !seen.is_some_and(|seen| is_same(told, &seen)));
    seen.map(|seen| seen.at_ms).max(told.map(|told| told.at_ms))
}

/// Whether a line of the log and one of the trail are about the same.
fn is_same(told: &super::life::ErrorTold, seen: &Newest) -> bool {
    told.offset == Some(seen.event.offset) && told.partition.is_none_or(|partition| partition == seen.event.partition)
}

fn errors(model: &Model, counts: Option<&Counts>, now_ms: i64) -> Errors {
    let log = model.had_log.then_some(model.life.tally);
    let count = match (counts, log) {
        (Some(counts), log) => {
            let of_its_own = log.map_or(0, |log| log.errors_of_its_own);
            let count = counts.invalid.count.saturating_add(counts.gaps.count).saturating_add(of_its_own);
            Some(Counted { count, is_exact: counts.invalid.is_exact })
        }
        (None, Some(log)) => Some(Counted { count: log.errors, is_exact: true }),
        (None, None) => None,
    };
    let newest_ms = newest_invalid_ms(model).max(newest_gap_ms(model)).max(model.life.newest_other_error_ms);
    let newest_age_ms = newest_ms.map(|at_ms| since(at_ms, now_ms));
    let by_age = ErrorState::of(newest_age_ms);
    // "None" can be said only of what was read.
    let is_read = match counts {
        Some(counts) => {
            model.trail.buckets.is_complete_from(now_ms.saturating_sub(ERROR_WINDOW_MS))
                || (counts.invalid == Counted { count: 0, is_exact: true })
        }
        None => model.had_log,
    };
    let state = (by_age != ErrorState::None || is_read).then_some(by_age);
    Errors { count, newest_age_ms, state }
}

/// 50 for success, 30 for throughput, 20 for errors.
fn quality(success: &Success, throughput: &Throughput, errors: &Errors) -> Option<Quality> {
    // A run that is too young for one of the three has no score.
    throughput.state?;
    let of_success = (success.worse?.hundredths() + 100) / 200;
    let of_throughput = match throughput.per_second? {
        0.5.. => 30,
        0.3.. => 25,
        0.1.. => 15,
        rate if rate > 0.0 => 10,
        _ => 0,
    };
    let lost = u32::try_from(errors.count?.count.saturating_mul(2)).unwrap_or(u32::MAX);
    let of_errors = 20_u32.saturating_sub(lost);
    let score = of_success + of_throughput + of_errors;
    let word = QualityWord::of(score);
    Some(Quality { score, success: of_success, throughput: of_throughput, errors: of_errors, word })
}

fn latency(model: &Model, now_ms: i64) -> Option<Latency> {
    let (newest, before) = model.life.newest_metrics()?;
    let [write_p50_ms, write_p99_ms, write_max_ms] = newest.write_ms;
    let [sync_p50_ms, sync_p99_ms, sync_max_ms] = newest.sync_ms;
    let is_told = newest.write_ms.iter().chain(&newest.sync_ms).any(Option::is_some);
    is_told.then(|| Latency {
        write_p50_ms,
        write_p99_ms,
        write_max_ms,
        sync_p50_ms,
        sync_p99_ms,
        sync_max_ms,
        syncs_per_second: before.and_then(|before| newest.growth_per_second(before, |line| line.syncs)),
        age: age(newest.at_ms, model.life.interval_ms(), now_ms),
    })
}

fn resources(model: &Model, now_ms: i64) -> Option<Resources> {
    let (newest, _) = model.life.newest_metrics()?;
    let is_told = newest.cpu_percent.is_some() || newest.memory_bytes.is_some() || newest.host_load_1m.is_some();
    is_told.then(|| Resources {
        cpu_percent: newest.cpu_percent,
        memory_bytes: newest.memory_bytes,
        host_load_1m: newest.host_load_1m,
        age: age(newest.at_ms, model.life.interval_ms(), now_ms),
    })
}

fn disk(model: &Model, now_ms: i64) -> Option<Disk> {
    let (newest, before) = model.life.newest_metrics()?;
    let free_bytes = newest.disk_free_bytes?;
    let bytes_per_second = before.and_then(|before| newest.growth_per_second(before, |line| line.bytes_written));
    let left_ms = bytes_per_second.filter(|rate| *rate > 0.0).map(|rate| (free_bytes as f64 * 1_000.0 / rate) as i64);
    let age = age(newest.at_ms, model.life.interval_ms(), now_ms);
    Some(Disk { free_bytes, bytes_per_second, left_ms, age })
}

fn tracker(model: &Model, now_ms: i64) -> TrackerFigures {
    let life = &model.life;
    let interval_ms = life.interval_ms();
    // A line of the trail is a sign of life as well.
    let lived_ms = life.heard_ms.max(model.trail.newest.map(|newest| newest.at_ms));
    let patience_ms = (interval_ms as f64 * SILENT_INTERVALS) as i64;
    let is_silent = lived_ms.is_some_and(|lived_ms| since(lived_ms, now_ms) > patience_ms);
    let alive = match life.phase {
        Phase::Unknown => Alive::Unknown,
        Phase::Running | Phase::Stopping if is_silent => Alive::Silent,
        Phase::Running => Alive::Running,
        Phase::Stopping => Alive::Stopping,
        Phase::Stopped { .. } => Alive::Stopped,
        Phase::Failed { .. } => Alive::Failed,
    };
    let run_until = |until_ms: i64| life.started_ms.map(|started_ms| since(started_ms, until_ms));
    let up_ms = match (&life.phase, alive) {
        (Phase::Stopped { uptime_ms: Some(uptime_ms), .. }, _) => Some(*uptime_ms),
        (Phase::Stopped { at_ms, .. } | Phase::Failed { at_ms, .. }, _) => run_until(*at_ms),
        (_, Alive::Silent) => lived_ms.and_then(run_until),
        _ => {
            let told = life.newest_metrics().and_then(|(newest, _)| {
                newest.uptime_ms.map(|uptime_ms| uptime_ms.saturating_add(since(newest.at_ms, now_ms)))
            });
            told.or_else(|| run_until(now_ms))
        }
    };
    TrackerFigures {
        alive,
        up_ms,
        started_ms: life.started_ms,
        heard_ms: life.heard_ms,
        heard_age_ms: lived_ms.map(|lived_ms| since(lived_ms, now_ms)),
        interval_ms,
        pid: life.pid,
        process: model.process,
        version: life.version.clone(),
        brokers: life.brokers.clone(),
        topic: topic(model),
        group: life.group.clone(),
        standby: life.standby.clone(),
    }
}

/// The trail itself knows best, then the seal.
fn topic(model: &Model) -> Option<String> {
    let sealed = model.seal.as_ref().map(|seal| seal.topic.clone());
    model.trail.topic.clone().or(sealed).or_else(|| model.life.topic.clone())
}

fn sealed(model: &Model, now_ms: i64) -> Option<Sealed> {
    let seal = model.seal.as_ref()?;
    let age = |at_ms| age(at_ms, SEAL_INTERVAL_MS, now_ms);
    let checkpoint = model.checkpoint;
    Some(Sealed {
        lines: seal.lines,
        age: age(seal.sealed_ms),
        checkpoint: checkpoint.and_then(|checkpoint| checkpoint.number),
        checkpoint_age: checkpoint.and_then(|checkpoint| checkpoint.time_ms).map(age),
    })
}

fn partitions(model: &Model) -> Vec<PartitionFigures> {
    let newest = model.life.newest_metrics();
    let told = newest.map(|(newest, _)| &newest.partitions);
    let numbers: BTreeSet<i32> =
        told.into_iter().flatten().map(|(number, _)| *number).chain(model.trail.partitions.keys().copied()).collect();
    let figures = |partition: i32| {
        let seen = model.trail.partitions.get(&partition);
        let told = told.and_then(|told| told.get(&partition)).copied().unwrap_or_default();
        let next_seen = seen.map(|seen| (seen.newest.at_ms, seen.newest.event.next_offset()));
        let next_told = newest.and_then(|(newest, _)| Some((newest.at_ms, told.next?)));
        PartitionFigures {
            partition,
            next: next_seen.max(next_told).map(|(_, next)| next),
            readable_end: told.readable_end,
            lag: told.lag,
            per_second: newest.and_then(|(newest, before)| newest.partition_per_second(before?, partition)),
            gap: seen.and_then(|seen| seen.gap).map(|gap| (gap.event.offset, gap.event.next_offset())),
        }
    };
    numbers.into_iter().map(figures).collect()
}
