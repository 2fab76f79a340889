//! What the log tells: runs, metrics, the lag's trend, and the Go program's lines.

use serde_json::json;

use super::*;

/// A line of the Go program, which has no `event`.
fn go_line(model: &mut Model, ago_ms: i64, level: &str, message: &str, metadata: Value) {
    let timestamp = jiff::Timestamp::from_millisecond(NOW - ago_ms).unwrap();
    let timestamp = timestamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let line =
        json!({"timestamp": timestamp, "level": level, "message": message, "service": SERVICE, "metadata": metadata});
    let text = line.to_string();
    model.hear(&serde_json::from_str(&text).unwrap());
}

#[test]
fn the_go_programs_log_tells_the_same() {
    let mut model = with_messages(model(), 3_600);
    go_line(&mut model, 120_000, "INFO", "Système de journalisation initialisé", json!({"log_file": "tracker.log"}));
    go_line(&mut model, 120_000, "INFO", "Consommateur démarré et abonné au topic 'orders'", json!({}));
    for number in 1..=3_i64 {
        let metadata = json!({"messages_failed": 1, "messages_per_second": "0.50", "messages_processed": 14,
            "messages_received": 15 * number, "success_rate_percent": "93.33", "uptime_seconds": 30.011 * number as f64});
        go_line(&mut model, 120_000 - 30_000 * number, "INFO", "Métriques système périodiques", metadata);
    }
    let metadata = json!({"kafka_offset": 3, "raw_message": "{"});
    go_line(&mut model, 400_000, "ERROR", "Erreur de désérialisation du message", metadata);
    let figures = model.figures(NOW);
    assert_eq!((figures.tracker.alive, figures.tracker.interval_ms), (Alive::Running, 30_000));
    let run = figures.run.unwrap();
    assert_eq!((run.received, run.valid, run.invalid, run.mean_per_second), (45, Some(14), Some(1), Some(0.5)));
    // The lines of the trail alone are counted.
    assert_eq!(figures.counts.unwrap().received.count, 1_800);
    assert_eq!((figures.lag, figures.latency, figures.disk), (None, None, None));
    assert_eq!(figures.log.map(|log| (log.lines, log.errors, log.errors_of_its_own)), Some((6, 1, 0)));
    go_line(&mut model, 10_000, "INFO", "Signal d'arrêt reçu, fin de la consommation.", json!({}));
    assert_eq!(model.figures(NOW).tracker.alive, Alive::Stopping);
    go_line(&mut model, 9_000, "INFO", "Consommateur arrêté proprement", json!({"uptime_seconds": 111.0}));
    assert_eq!(model.figures(NOW).tracker.alive, Alive::Stopped);
}

fn with_lags(lags: &[u64], received_each: u64) -> Lag {
    let mut model = model();
    for (number, lag) in lags.iter().enumerate() {
        let ago_ms = 30_000 * (lags.len() - number) as i64;
        let received = received_each * number as u64;
        let uptime = 30 * (number + 1);
        let metadata = json!({"uptime_seconds": uptime, "messages_received": received, "lag": lag});
        told(&mut model, ago_ms, "tracker.metrics", metadata);
    }
    model.figures(NOW).lag.unwrap()
}

#[test]
fn the_trend_is_the_slope_of_the_last_five() {
    let lag = with_lags(&[9_000_000, 7_000, 6_000, 5_000, 4_000, 3_000], 3_000);
    assert_eq!((lag.messages, lag.trend), (3_000, Some(Trend::Shrinking)));
    assert!((lag.per_second.unwrap() + 1_000.0 / 30.0).abs() < 1e-9);
    assert_eq!(lag.to_zero_ms, Some(90_000));
    assert_eq!(lag.history, [9_000_000, 7_000, 6_000, 5_000, 4_000, 3_000]);
    assert_eq!(with_lags(&[0, 100, 200], 30).trend, Some(Trend::Growing));
    assert_eq!(with_lags(&[500, 501, 500], 30).trend, Some(Trend::Steady));
    assert_eq!(with_lags(&[0, 0, 0], 0).trend, Some(Trend::Idle));
    let alone = with_lags(&[7], 0);
    assert_eq!((alone.trend, alone.per_second, alone.to_zero_ms), (None, None, None));
}

#[test]
fn a_lag_that_is_not_told_any_more_is_unknown() {
    let mut model = with_run(model(), 42_000);
    told(&mut model, 12_000, "tracker.metrics", json!({"uptime_seconds": 3588.0}));
    assert_eq!(model.figures(NOW).lag, None);
}

#[test]
fn rates_of_the_disk_and_of_partitions_are_between_the_last_two_lines() {
    let mut model = model();
    for (ago_ms, bytes, next) in [(40_000, 1_000_000, 100), (10_000, 4_000_000, 160)] {
        let metadata = json!({"uptime_seconds": 100.0 - ago_ms as f64 / 1_000.0, "bytes_written": bytes, "syncs": bytes / 100_000,
            "disk_free_bytes": 10_000_000, "sync_ms_p99": 7.25, "process_cpu_percent": 0.4, "process_memory_bytes": 22_020_096,
            "partitions": {"0": {"next": next, "readable_end": next + 3, "lag": 3}}});
        told(&mut model, ago_ms, "tracker.metrics", metadata);
    }
    let figures = model.figures(NOW);
    let disk = figures.disk.unwrap();
    assert_eq!((disk.bytes_per_second, disk.left_ms), (Some(100_000.0), Some(100_000)));
    let latency = figures.latency.unwrap();
    assert_eq!((latency.sync_p99_ms, latency.write_p99_ms, latency.syncs_per_second), (Some(7.25), None, Some(1.0)));
    assert_eq!(figures.resources.and_then(|resources| resources.memory_bytes), Some(22_020_096));
    let partition = figures.partitions.first().unwrap();
    assert_eq!((partition.next, partition.readable_end, partition.lag), (Some(160), Some(163), Some(3)));
    assert_eq!(partition.per_second, Some(2.0));
}

#[test]
fn a_new_run_forgets_the_figures_of_the_one_before() {
    let mut model = with_run(model(), 12_000);
    hear(&mut model, 11_000, Level::Warn, "broker.lost", json!({"brokers": "a:1"}), Some("refused"));
    told(&mut model, 10_000, "tracker.started", json!({"pid": 5000}));
    let figures = model.figures(NOW);
    assert_eq!((figures.run, figures.lag), (None, None));
    assert_eq!((figures.tracker.up_ms, figures.tracker.pid), (Some(10_000), Some(5000)));
    assert!(!matches!(figures.verdict.cause, Cause::BrokerLost { .. }));
}

#[test]
fn the_last_metrics_of_a_run_are_no_interval() {
    let mut model = with_run(model(), 12_000);
    told(&mut model, 11_500, "tracker.stopping", json!({"reason": "signal"}));
    told(&mut model, 11_000, "tracker.metrics", json!({"uptime_seconds": 3589.0}));
    let tracker = model.figures(NOW).tracker;
    assert_eq!((tracker.interval_ms, tracker.alive), (30_000, Alive::Stopping));
}

#[test]
fn a_failed_run_says_why() {
    let mut model = healthy();
    hear(&mut model, 3_000, Level::Error, "tracker.failed", json!({}), Some("fdatasync: I/O error"));
    let verdict = model.figures(NOW).verdict;
    let error = Some("fdatasync: I/O error".to_owned());
    assert_eq!(verdict, Verdict { sign: Sign::Bad, cause: Cause::Failed { at_ms: NOW - 3_000, error } });
    assert_eq!(model.figures(NOW).errors.count.map(|count| count.count), Some(1));
}

#[test]
fn a_young_run_is_measured_since_its_start() {
    let mut model = with_messages(model(), 3_600);
    told(&mut model, 10_250, "tracker.started", json!({"pid": 1}));
    let throughput = model.figures(NOW).throughput;
    assert_eq!((throughput.per_second, throughput.window_seconds), (Some(0.5), 10));
    assert_eq!(throughput.state, Some(ThroughputState::Normal));
    told(&mut model, 250, "tracker.started", json!({"pid": 2}));
    told(&mut model, 250, "tracker.subscribed", json!({"pid": 2}));
    let figures = model.figures(NOW);
    assert_eq!(figures.throughput.per_second, None, "not one full second has passed");
    assert_eq!(figures.verdict.sign, Sign::Good);
}

/// `CRITICAL … no message for 0 s` two seconds after a start, and EXCELLENT half a second later.
#[test]
fn a_run_of_some_seconds_is_not_judged_by_its_rate() {
    for age_ms in [1_250, 2_250, 9_250] {
        let mut model = with_messages(model(), 3_600);
        // Its first message came as late as the demo's producer sends one, and none since.
        told(&mut model, age_ms, "tracker.started", json!({"pid": 1}));
        let figures = model.figures(NOW);
        assert_eq!((figures.throughput.state, figures.quality), (None, None), "{age_ms} ms");
        assert_eq!(figures.verdict.sign, Sign::Good, "{age_ms} ms");
    }
    let mut silent = model();
    silent.see(&event(3_600_000, EventKind::Valid, 1), true, NOW);
    told(&mut silent, 20_000, "tracker.started", json!({"pid": 1}));
    assert_eq!(silent.figures(NOW).throughput.state, Some(ThroughputState::Stopped), "in time it is");
}
