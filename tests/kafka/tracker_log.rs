//! `tracker.log`: its lines, its metrics, its languages.

use crate::harness::{
    Cluster, LONG, LogLine, Need, Process, Record, Scratch, Trail, drain, events, order, read_log, shared, tracker,
    trail_dir, wait_for_event, wait_for_events, wait_for_lines,
};
use libtest_mimic::Trial;
use serde_json::Value;
use std::path::{Path, PathBuf};

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "tracker_log",
        &[Need::Broker],
        [
            every_line_has_the_fields_of_the_format,
            the_life_of_a_tracker_is_told_in_order,
            metrics_have_the_keys_and_types_of_the_original,
            metrics_come_every_interval_and_once_more_at_the_end,
            metrics_count_on_after_a_restart_from_zero,
            in_french_the_texts_are_the_original_s,
            in_english_they_are_not,
            invalid_messages_are_told_and_a_flood_of_them_is_counted,
            a_private_key_that_others_may_read_is_told_at_the_start_and_nothing_stops,
        ]
    )
}

/// Three orders and one that is none.
fn mixed() -> Vec<Record> {
    let mut records: Vec<Record> = (0..3).map(|n| Record::new(0, order(n))).collect();
    records.insert(2, Record::new(0, "{\"order_id\":"));
    records
}

struct Running {
    tracker: Process,
    topic: String,
    dir: PathBuf,
    _scratch: Scratch,
}

/// A tracker that has written the four lines of [`mixed`], with a metrics line every second.
fn running(kafka: &Cluster, more: &[&str]) -> Running {
    let topic = kafka.topic(1);
    kafka.produce(&topic, &mixed());
    let scratch = Scratch::new("log");
    let dir = trail_dir(&scratch);
    let mut tracker = tracker(kafka, &topic, &scratch).args(["--metrics-interval", "1s"]).args(more).start();
    wait_for_lines(&mut tracker, &dir, 4);
    Running { tracker, topic, dir, _scratch: scratch }
}

/// The first metrics line that has counted all four messages.
#[track_caller]
fn metrics_of_four(dir: &Path) -> LogLine {
    crate::harness::wait_until("metrics with four messages", LONG, || {
        let lines = events(dir, "tracker.metrics");
        lines.into_iter().find(|line| line.metadata()["messages_received"] == 4)
    })
}

fn every_line_has_the_fields_of_the_format() {
    let mut running = running(&shared(), &[]);
    metrics_of_four(&running.dir);
    running.tracker.terminate(LONG).expect_code(0);
    let lines = read_log(&running.dir);
    assert!(lines.len() >= 6, "{lines:?}");
    for line in &lines {
        let time = line.get("timestamp").as_str().expect("a time");
        assert!(time.ends_with('Z') && time.parse::<jiff::Timestamp>().is_ok());
        assert!(["INFO", "WARN", "ERROR"].contains(&line.level()), "{line:?}");
        assert_eq!(line.get("service"), "order-tracker");
        assert!(!line.message().is_empty(), "{line:?}");
        assert!(line.event().contains('.'), "{line:?}");
        let metadata = line.metadata();
        assert!(metadata.is_null() || metadata.is_object(), "{line:?}");
    }
}

fn the_life_of_a_tracker_is_told_in_order() {
    let mut running = running(&shared(), &[]);
    running.tracker.terminate(LONG).expect_code(0);
    let lines = read_log(&running.dir);
    let place = |event: &str| {
        let place = lines.iter().position(|line| line.event() == event);
        place.unwrap_or_else(|| panic!("no {event} in {lines:?}"))
    };
    let life = ["tracker.started", "tracker.subscribed", "message.invalid", "tracker.stopping", "tracker.stopped"];
    let places: Vec<usize> = life.iter().map(|event| place(event)).collect();
    assert!(places.is_sorted(), "{places:?}");
    let last = lines.iter().rposition(|line| line.event() == "tracker.metrics");
    assert!(last > Some(place("tracker.stopping")), "one more on stopping");
    let stopped = &lines[place("tracker.stopped")];
    assert_eq!(stopped.metadata()["total_messages_received"], 4);
    assert_eq!(stopped.metadata()["total_messages_processed"], 3);
    assert_eq!(stopped.metadata()["total_messages_failed"], 1);
    let invalid = &lines[place("message.invalid")];
    assert!(invalid.get("error").as_str().is_some_and(|e| !e.is_empty()));
    assert_eq!(invalid.metadata()["kafka_offset"], 2);
}

fn metrics_have_the_keys_and_types_of_the_original() {
    let mut running = running(&shared(), &[]);
    let line = metrics_of_four(&running.dir);
    running.tracker.terminate(LONG).expect_code(0);
    let metadata = line.metadata();
    assert_eq!(line.level(), "INFO");
    assert_eq!(metadata["messages_received"], 4);
    assert_eq!(metadata["messages_processed"], 3);
    assert_eq!(metadata["messages_failed"], 1);
    assert_eq!(metadata["success_rate_percent"], "75.00");
    assert!(metadata["uptime_seconds"].is_number(), "{metadata}");
    let speed = metadata["messages_per_second"].as_str().expect("a text");
    let (_, decimals) = speed.split_once('.').expect("with a point");
    assert_eq!(decimals.len(), 2, "two places: {speed}");
    assert!(speed.parse::<f64>().is_ok_and(|speed| speed > 0.0));
    assert_eq!(metadata["lag"], 0, "{metadata}");
    let interval = &metadata["interval_messages_per_second"];
    assert!(!interval.is_null(), "{metadata}");
}

fn metrics_come_every_interval_and_once_more_at_the_end() {
    let mut running = running(&shared(), &[]);
    let before = wait_for_events(&running.dir, "tracker.metrics", 4);
    let uptime = |line: &LogLine| line.metadata()["uptime_seconds"].as_f64().expect("a number");
    for pair in before.windows(2) {
        let distance = uptime(&pair[1]) - uptime(&pair[0]);
        assert!(distance > 0.5, "a second apart, not {distance}");
    }
    shared().produce(&running.topic, &mixed());
    wait_for_lines(&mut running.tracker, &running.dir, 8);
    running.tracker.terminate(LONG).expect_code(0);
    let lines = events(&running.dir, "tracker.metrics");
    let last = lines.last().expect("it was written");
    assert_eq!(last.metadata()["messages_received"], 8, "the last has all");
    assert_eq!(last.metadata()["messages_failed"], 2);
}

/// As the original's: they are about this run, the file is about all of them.
fn metrics_count_on_after_a_restart_from_zero() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("runs");
    let dir = trail_dir(&scratch);
    kafka.produce(&topic, &mixed());
    drain(&kafka, &topic, &scratch);
    kafka.produce(&topic, &mixed()[..2]);
    drain(&kafka, &topic, &scratch);
    let stopped = events(&dir, "tracker.stopped");
    let received: Vec<&Value> = stopped.iter().map(|line| &line.metadata()["total_messages_received"]).collect();
    assert_eq!(received, [4, 2]);
    assert_eq!(Trail::read(&dir).lines.len(), 6);
}

fn in_french_the_texts_are_the_original_s() {
    let mut running = running(&shared(), &["--lang", "fr"]);
    metrics_of_four(&running.dir);
    running.tracker.terminate(LONG).expect_code(0);
    let subscribed = format!("Consommateur démarré et abonné au topic '{}'", running.topic);
    let texts = [
        ("tracker.started", "Système de journalisation initialisé"),
        ("tracker.subscribed", subscribed.as_str()),
        ("tracker.metrics", "Métriques système périodiques"),
        ("message.invalid", "Erreur de désérialisation du message"),
        ("tracker.stopping", "Signal d'arrêt reçu, fin de la consommation."),
        ("tracker.stopped", "Consommateur arrêté proprement"),
    ];
    for (event, text) in texts {
        let line = wait_for_event(&running.dir, event);
        assert_eq!(line.message(), text, "{event}");
    }
    let started = wait_for_event(&running.dir, "tracker.started");
    for (key, file) in [("events_file", "tracker.events"), ("log_file", "tracker.log")] {
        let named = started.metadata()[key].as_str().unwrap_or_default();
        assert!(named.ends_with(file), "{started:?}");
    }
    let invalid = wait_for_event(&running.dir, "message.invalid");
    assert_eq!(invalid.level(), "ERROR");
    assert_eq!(invalid.metadata()["raw_message"], "{\"order_id\":");
    let stopped = wait_for_event(&running.dir, "tracker.stopped");
    assert!(stopped.metadata()["uptime_seconds"].is_number());
}

fn in_english_they_are_not() {
    let mut running = running(&shared(), &[]);
    metrics_of_four(&running.dir);
    running.tracker.terminate(LONG).expect_code(0);
    for line in read_log(&running.dir) {
        assert!(!line.message().contains(['é', 'ê', 'è']), "{line:?}");
    }
}

fn invalid_messages_are_told_and_a_flood_of_them_is_counted() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let flood: Vec<Record> = (0..5_000).map(|n| Record::new(0, format!("no order {n}"))).collect();
    kafka.produce(&topic, &flood);
    let scratch = Scratch::new("flood");
    let dir = trail_dir(&scratch);
    let summary = drain(&kafka, &topic, &scratch);
    assert_eq!(summary.invalid, 5_000);
    let told = events(&dir, "message.invalid");
    assert!(!told.is_empty());
    assert!(told.len() < 200, "{} lines for 5,000 of them", told.len());
    // A line stands for itself and for those that were kept back before it.
    let counted: i64 = told.iter().map(|line| 1 + line.metadata()["suppressed"].as_i64().unwrap_or(0)).sum();
    assert_eq!(counted, 5_000, "none is left out of the count");
}

fn a_private_key_that_others_may_read_is_told_at_the_start_and_nothing_stops() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("exposed");
    let dir = trail_dir(&scratch);
    kafka.produce(&topic, &mixed());
    drain(&kafka, &topic, &scratch);
    assert!(events(&dir, "key.exposed").is_empty());
    let key = dir.join("tracker.events.key");
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("ours");
    kafka.produce(&topic, &mixed());
    assert_eq!(drain(&kafka, &topic, &scratch).received, 4);
    let told = events(&dir, "key.exposed");
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].level(), told[0].metadata()["mode"].as_str()), ("WARN", Some("644")));
    let next_step = format!("chmod 600 {}", key.display());
    assert!(told[0].get("error").as_str().is_some_and(|error| error.contains(&next_step)), "{told:?}");
}
