//! The three states, the score, and which cause stands above which.

use serde_json::json;

use super::*;

fn verdict(model: &Model) -> (Sign, &'static str) {
    let verdict = model.figures(NOW).verdict;
    let name = match verdict.cause {
        Cause::NoSignOfLife { .. } => "no sign of life",
        Cause::Failed { .. } => "failed",
        Cause::Stopped { .. } => "stopped",
        Cause::FileRefused { .. } => "refused",
        Cause::Gap { .. } => "gap",
        Cause::DiskFull { .. } => "disk full",
        Cause::BrokerLost { .. } => "broker lost",
        Cause::TopicMissing { .. } => "topic missing",
        Cause::Starting { .. } => "starting",
        Cause::BatchUnreadable { .. } => "batch unreadable",
        Cause::Standby { .. } => "standby",
        Cause::NoTrail { .. } => "no trail",
        Cause::NoMessage => "no message",
        Cause::Unreadable { .. } => "unreadable",
        Cause::Counting { .. } => "counting",
        Cause::Health { .. } => "health",
    };
    (verdict.sign, name)
}

#[test]
fn a_healthy_tracker_is_good_and_its_figures_are_right() {
    let figures = healthy().figures(NOW);
    assert_eq!(verdict(&healthy()), (Sign::Good, "health"));
    let counts = figures.counts.unwrap();
    assert_eq!(counts.received, Counted { count: 1_800, is_exact: true });
    assert_eq!((counts.invalid.count, counts.gaps.count, counts.counting_percent), (0, 0, None));
    assert_eq!(figures.throughput.per_second, Some(0.5));
    assert_eq!((figures.success.whole, figures.success.last_15_min), (Some(Percent::ALL), Some(Percent::ALL)));
    assert_eq!((figures.last_message_age_ms, figures.last_invalid_age_ms), (Some(500), None));
    assert_eq!(figures.quality.map(|quality| (quality.score, quality.word)), Some((100, QualityWord::Excellent)));
    assert_eq!((figures.tracker.alive, figures.tracker.up_ms), (Alive::Running, Some(3_600_000)));
    assert_eq!((figures.tracker.interval_ms, figures.tracker.pid), (30_000, Some(4121)));
    assert_eq!(figures.lag.map(|lag| (lag.messages, lag.trend)), Some((0, Some(Trend::Idle))));
}

#[test]
fn a_trail_that_was_lost_keeps_its_last_figures() {
    let mut model = healthy();
    let last = model.figures(NOW);
    assert_eq!((last.trail_as_of_ms, model.events_file.is_lost()), (Some(NOW), false));
    let since_ms = NOW;
    for state in [FileState::Gone { since_ms }, FileState::Unreadable { reason: "denied".to_owned() }] {
        model.set_events_file(state);
        let later = model.figures(NOW + 7_200_000);
        assert!(later.events_file.is_lost());
        assert!(later.trail_as_of_ms.is_some_and(|at_ms| (NOW - 500..=NOW).contains(&at_ms)), "{later:?}");
        assert_eq!((later.throughput, later.success), (last.throughput, last.success));
        assert_eq!(later.quality, last.quality);
        assert_eq!(later.last_message_age_ms, Some(7_200_500));
    }
    let never = Model::new().figures(NOW);
    assert_eq!((never.trail_as_of_ms, never.events_file.is_lost()), (None, false));
}

#[test]
fn thresholds_are_those_of_the_original() {
    let percent = Percent::from_hundredths;
    assert_eq!(SuccessState::of(percent(9_500)), SuccessState::Excellent);
    assert_eq!(SuccessState::of(percent(9_499)), SuccessState::Good);
    assert_eq!(SuccessState::of(percent(7_999)), SuccessState::Critical);
    let throughputs = [0.3, 0.299, 0.1, 0.099, 0.0].map(ThroughputState::of);
    use ThroughputState::{Low, Normal, Stopped};
    assert_eq!(throughputs, [Normal, Low, Low, Stopped, Stopped]);
    let errors = [None, Some(300_000), Some(299_999), Some(60_000), Some(59_999)].map(ErrorState::of);
    use ErrorState::{Active, Recent};
    assert_eq!(errors, [ErrorState::None, ErrorState::None, Recent, Recent, Active]);
    let words = [90, 89, 70, 69, 50, 49].map(QualityWord::of);
    use QualityWord::{Excellent, Fair, Good, Poor};
    assert_eq!(words, [Excellent, Good, Good, Fair, Fair, Poor]);
}

#[test]
fn success_is_cut_and_never_rounded_up() {
    assert_eq!(Percent::of(1_863, 1_866).map(Percent::hundredths), Some(9_983));
    assert_eq!(Percent::of(u64::MAX - 1, u64::MAX).map(Percent::hundredths), Some(9_999));
    assert_eq!((Percent::of(7, 7), Percent::of(0, 0)), (Some(Percent::ALL), None));
}

#[test]
fn the_score_loses_two_points_an_error_and_follows_the_throughput() {
    let mut model = healthy();
    for number in 0..3 {
        // In the minute before last, so that the throughput of the last one stays.
        model.see(&event(720_000 + number, EventKind::Invalid, number), true, NOW);
    }
    let quality = model.figures(NOW).quality.unwrap();
    assert_eq!((quality.success, quality.throughput, quality.errors, quality.score), (50, 30, 14, 94));
    for (messages, points) in [(30, 30), (29, 25), (18, 25), (17, 15), (6, 15), (5, 10), (1, 10), (0, 0)] {
        let mut model = super::model();
        model.see(&event(3_000_000, EventKind::Valid, 0), true, NOW);
        for number in 0..messages {
            model.see(&event(1_250 + number * 1_900, EventKind::Valid, 1 + number), true, NOW);
        }
        assert_eq!(model.figures(NOW).quality.unwrap().throughput, points, "{messages} in a minute");
    }
}

#[test]
fn each_cause_stands_above_the_ones_behind_it() {
    let mut model = healthy();
    model.see_unreadable(104_857_112, true);
    assert_eq!(verdict(&model), (Sign::Warn, "unreadable"));
    hear(&mut model, 9_000, Level::Warn, "broker.lost", json!({"brokers": "localhost:9092"}), Some("refused"));
    assert_eq!(verdict(&model), (Sign::Warn, "broker lost"));
    told(&mut model, 8_000, "disk.full", json!({"free_bytes": 3_100_000}));
    assert_eq!(verdict(&model), (Sign::Warn, "disk full"));
    let gap = EventKind::Gap { from: 1_091_200, to: 1_091_518 };
    model.see(&event(7_000, gap, 1_091_200), true, NOW);
    assert_eq!(verdict(&model), (Sign::Bad, "gap"));
    told(&mut model, 6_000, "tracker.stopped", json!({"uptime_seconds": 3594.0}));
    assert_eq!(verdict(&model), (Sign::Bad, "stopped"));
    assert_eq!(model.figures(NOW).tracker.up_ms, Some(3_594_000));
    model.set_events_file(FileState::Unreadable { reason: "permission denied".into() });
    assert_eq!(verdict(&model), (Sign::Bad, "refused"));
}

#[test]
fn what_is_over_is_no_cause_any_more() {
    let mut model = healthy();
    hear(&mut model, 9_000, Level::Warn, "broker.lost", json!({"brokers": "a:1"}), Some("refused"));
    told(&mut model, 8_000, "broker.back", json!({"away_seconds": 1.0}));
    told(&mut model, 8_000, "topic.missing", json!({"topic": "orders"}));
    told(&mut model, 7_500, "topic.back", json!({"topic": "orders", "away_seconds": 0.5}));
    told(&mut model, 7_000, "disk.full", json!({}));
    told(&mut model, 6_000, "disk.ok", json!({"paused_seconds": 1.0}));
    // A gap is bad for five minutes, and an error of the last ones as long.
    model.see(&event(300_000, EventKind::Gap { from: 5, to: 7 }, 5), true, NOW);
    assert_eq!(verdict(&model), (Sign::Good, "health"));
    let figures = model.figures(NOW);
    assert_eq!(figures.counts.map(|counts| (counts.gaps.count, counts.gap_offsets.count)), Some((1, 2)));
    assert_eq!(figures.counts.map(|counts| counts.received.count), Some(1_800));
    assert_eq!(figures.partitions.first().and_then(|partition| partition.gap), Some((5, 7)));
}

/// Lag is 0 then, and messages that came a moment ago are as good as ever.
#[test]
fn a_topic_that_was_deleted_is_not_all_is_well() {
    let mut model = healthy();
    let said = "Broker: Unknown topic or partition";
    hear(&mut model, 9_000, Level::Error, "topic.missing", json!({"topic": "orders"}), Some(said));
    assert_eq!(verdict(&model), (Sign::Bad, "topic missing"));
    told(&mut model, 4_000, "tracker.started", json!({"pid": 7}));
    assert_ne!(verdict(&model).1, "topic missing", "another run");
}

/// EXCELLENT for eight seconds, over three lines that said that there is no such topic.
#[test]
fn a_topic_is_missing_from_the_first_line_that_says_so() {
    let doubted = |ago_ms| {
        let mut model = with_run(with_messages(model(), 3_600), 12_000);
        for partition in 0..3 {
            let said = format!("orders [{partition}]: topic does not exist (Broker: Unknown topic or partition)");
            hear(&mut model, ago_ms, Level::Warn, "kafka.trouble", json!({"kafka_partition": partition}), Some(&said));
        }
        model
    };
    assert_eq!(verdict(&doubted(400)), (Sign::Bad, "topic missing"));
    let mut sure = doubted(400);
    hear(&mut sure, 0, Level::Error, "topic.missing", json!({"topic": "orders"}), Some("gone"));
    assert!(matches!(sure.figures(NOW).verdict.cause, Cause::TopicMissing { since_ms, .. } if since_ms == NOW - 400));
    told(&mut sure, 0, "topic.back", json!({"topic": "orders"}));
    assert_ne!(verdict(&sure).1, "topic missing");
    // One broker that did not know it: messages go on, or nothing more is said.
    assert_eq!(verdict(&doubted(600)), (Sign::Good, "health"));
    let mut idle = with_run(model(), 12_000);
    idle.see(&event(700_000, EventKind::Valid, 7), true, NOW);
    hear(&mut idle, 15_000, Level::Warn, "kafka.trouble", json!({}), Some("Broker: Unknown topic or partition"));
    assert_ne!(verdict(&idle).1, "topic missing");
}

/// EXCELLENT for ten seconds, by what the run before had written, and then NO SIGN OF LIFE where metrics are rare.
#[test]
fn a_run_that_does_not_read_yet_is_neither_well_nor_dead() {
    let mut model = model();
    model.see(&event(700_000, EventKind::Valid, 7), true, NOW);
    let since_ms = NOW - 600_000;
    let metadata = json!({"pid": 7, "topic": "orders", "metrics_interval_seconds": 300});
    told(&mut model, 600_000, "tracker.started", metadata);
    assert_eq!(model.figures(NOW).verdict.cause, Cause::Starting { since_ms, error: None });
    let said = "topic orders: there is no topic orders";
    hear(&mut model, 599_000, Level::Warn, "kafka.trouble", json!({}), Some(said));
    let error = Some(said.to_owned());
    assert_eq!(model.figures(NOW).verdict, Verdict { sign: Sign::Pending, cause: Cause::Starting { since_ms, error } });
    // What it waits for has a name, as soon as it is known.
    let mut away = model.clone();
    hear(&mut away, 598_000, Level::Warn, "broker.lost", json!({"brokers": "a:1"}), Some("refused"));
    assert_eq!(verdict(&away), (Sign::Warn, "broker lost"));
    // Who waits tells metrics all the same.
    told(&mut model, 300_000, "tracker.metrics", json!({"uptime_seconds": 300.0, "messages_received": 0}));
    assert_eq!(verdict(&model), (Sign::Pending, "starting"));
    told(&mut model, 0, "tracker.subscribed", json!({"pid": 7}));
    assert_ne!(verdict(&model).1, "starting");
    // Five minutes later than the interval that it named it would be dead.
    let mut dead = super::model();
    told(&mut dead, 750_001, "tracker.started", json!({"pid": 7, "metrics_interval_seconds": 300}));
    assert_eq!(verdict(&dead), (Sign::Bad, "no sign of life"));
}

#[test]
fn a_partition_that_cannot_be_read_is_bad_until_it_goes_on() {
    let mut model = healthy();
    let batch = |partition: i32| json!({"kafka_topic": "orders", "kafka_partition": partition, "kafka_offset": 17});
    hear(&mut model, 900_000, Level::Error, "batch.unreadable", batch(1), Some("Local: Invalid compressed data"));
    hear(&mut model, 800_000, Level::Error, "batch.unreadable", batch(0), Some("Local: Invalid compressed data"));
    assert_eq!(verdict(&model), (Sign::Bad, "batch unreadable"), "also long after it was told");
    told(&mut model, 700_000, "batch.passed", batch(1));
    assert_eq!(verdict(&model), (Sign::Bad, "batch unreadable"), "the other one waits");
    told(&mut model, 600_000, "batch.passed", batch(0));
    assert_eq!(verdict(&model), (Sign::Good, "health"));
}

#[test]
fn a_broker_is_away_since_the_first_line_that_says_so() {
    let mut model = healthy();
    for ago_ms in [9_000, 4_000] {
        hear(&mut model, ago_ms, Level::Warn, "broker.lost", json!({"brokers": "a:1"}), Some("refused"));
    }
    let (brokers, error) = (Some("a:1".to_owned()), Some("refused".to_owned()));
    assert_eq!(model.figures(NOW).verdict.cause, Cause::BrokerLost { since_ms: NOW - 9_000, brokers, error });
}

#[test]
fn silence_of_two_and_a_half_intervals_is_no_sign_of_life() {
    // The trail's lines are a sign of life as well, so there are none.
    let mut silent = with_run(model(), 75_001);
    silent.set_process(ProcessState::NotRunning { pid: 4121 });
    let process = ProcessState::NotRunning { pid: 4121 };
    let cause = Cause::NoSignOfLife { silent_ms: 75_001, interval_ms: 30_000, process, last: None };
    assert_eq!(silent.figures(NOW).verdict, Verdict { sign: Sign::Bad, cause });
    assert_eq!(silent.figures(NOW).tracker.up_ms, Some(3_600_000 - 75_001));
    assert_ne!(verdict(&with_run(model(), 75_000)).1, "no sign of life");
    assert_eq!(verdict(&with_messages(with_run(model(), 75_001), 3_600)), (Sign::Good, "health"));
    // Its figures are old by then, and say so.
    let stale = |model: &Model| model.figures(NOW).lag.unwrap().age.is_stale;
    assert!(stale(&silent) && !stale(&with_run(model(), 60_000)));
}

#[test]
fn an_idle_tracker_lives_and_says_that_nothing_waits() {
    let mut model = with_run(model(), 12_000);
    model.see(&event(600_000, EventKind::Valid, 7), true, NOW);
    let figures = model.figures(NOW);
    assert_eq!(figures.tracker.alive, Alive::Running);
    assert_eq!((figures.throughput.per_second, figures.throughput.state), (Some(0.0), Some(ThroughputState::Stopped)));
    let (success, errors) = (Some(SuccessState::Excellent), Some(ErrorState::None));
    let throughput = Some(ThroughputState::Stopped);
    let cause = Cause::Health { success, throughput, errors, idle_ms: Some(600_000), lag: Some(0) };
    assert_eq!(figures.verdict, Verdict { sign: Sign::Bad, cause });
}

#[test]
fn a_trail_without_a_log_is_judged_by_its_lines_alone() {
    let mut model = with_messages(model(), 3_600);
    model.set_log_file(FileState::Missing);
    let figures = model.figures(NOW);
    assert_eq!((figures.verdict.sign, figures.tracker.alive), (Sign::Good, Alive::Unknown));
    assert_eq!((figures.lag, figures.run, figures.latency), (None, None, None));
    assert_eq!(figures.errors.state, Some(ErrorState::None));
}

#[test]
fn a_log_without_a_trail_waits_for_it_and_counts_no_message() {
    let mut model = Model::new();
    model.set_log_file(FileState::Readable { bytes: 1 });
    let model = with_run(model, 12_000);
    let figures = model.figures(NOW);
    assert_eq!(verdict(&model), (Sign::Pending, "no trail"));
    assert_eq!((figures.counts, figures.success.whole, figures.throughput.per_second), (None, None, None));
    assert_eq!(figures.run.map(|run| run.received), Some(1_800));
    assert_eq!(figures.quality, None);
    assert_eq!(verdict(&Model::new()), (Sign::Pending, "no trail"));
    assert_eq!(verdict(&with_run(super::model(), 12_000)), (Sign::Pending, "no message"));
}

#[test]
fn while_lines_are_counted_nothing_is_called_exact() {
    let mut model = healthy();
    let totals = Totals { is_exact: false, percent: Some(34), ..model.totals() };
    model.set_totals(totals);
    let figures = model.figures(NOW);
    assert_eq!(figures.verdict, Verdict { sign: Sign::Pending, cause: Cause::Counting { percent: Some(34) } });
    assert_eq!(figures.counts.map(|counts| counts.received), Some(Counted { count: 1_800, is_exact: false }));
    assert_eq!((figures.success.whole, figures.success.last_15_min), (None, Some(Percent::ALL)));
}

#[test]
fn a_standby_is_the_verdict_only_when_nobody_else_runs() {
    let mut alone = model();
    told(&mut alone, 5_000, "tracker.standby", json!({"pid": 4242, "holder": "4121"}));
    assert_eq!(verdict(&alone), (Sign::Neutral, "standby"));
    let mut beside = healthy();
    told(&mut beside, 5_000, "tracker.standby", json!({"pid": 4242, "holder": "4121"}));
    assert_eq!(verdict(&beside), (Sign::Good, "health"));
    assert_eq!(beside.figures(NOW).tracker.standby.and_then(|standby| standby.pid), Some(4242));
    // It takes over: now it is the one that runs.
    told(&mut beside, 4_000, "tracker.started", json!({"pid": 4242}));
    let tracker = beside.figures(NOW).tracker;
    assert_eq!((tracker.pid, tracker.standby), (Some(4242), None));
}

#[test]
fn a_line_and_its_error_in_the_log_are_one_error() {
    let mut model = healthy();
    model.see(&event(30_000, EventKind::Invalid, 505), true, NOW);
    let metadata = json!({"kafka_topic": "orders", "kafka_partition": 1, "kafka_offset": 505, "suppressed": 40});
    hear(&mut model, 29_000, Level::Error, "message.invalid", metadata, Some("the JSON ends early"));
    let errors = model.figures(NOW).errors;
    assert_eq!((errors.count, errors.newest_age_ms), (Some(Counted { count: 1, is_exact: true }), Some(30_000)));
    assert_eq!(errors.state, Some(ErrorState::Active));
    hear(&mut model, 20_000, Level::Error, "diagnostic", json!({}), None);
    let errors = model.figures(NOW).errors;
    assert_eq!((errors.count.map(|count| count.count), errors.newest_age_ms), (Some(2), Some(20_000)));
}

#[test]
fn a_torn_tail_counts_after_five_seconds() {
    let mut model = healthy();
    model.set_torn_tail(Some(TornTail { byte: 77, since_ms: NOW - 4_999 }));
    assert_eq!(verdict(&model), (Sign::Good, "health"));
    model.set_torn_tail(Some(TornTail { byte: 77, since_ms: NOW - 5_000 }));
    let cause = model.figures(NOW).verdict.cause;
    assert_eq!(cause, Cause::Unreadable { lines: 1, byte: None, torn_byte: Some(77) });
    model.set_torn_tail(None);
    assert_eq!(verdict(&model), (Sign::Good, "health"));
}
