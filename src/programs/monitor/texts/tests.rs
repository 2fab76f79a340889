//! Both languages say everything, and write numbers as people do.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::tz::TimeZone;
use serde_json::Map;

use super::words::TABLE;
use super::*;
use crate::base::language::Language;
use crate::doors::health::{HealthEvent, MetricsReport};
use crate::logic::monitor::{
    BucketSize, Cause, Counted, ErrorState, Errors, Figures, FileState, LogKind, LogTally, Model, Percent,
    ProcessState, Sign, Success, SuccessState, ThroughputState, Verdict,
};
use crate::words::record::{HealthLine, SERVICE};

const NOW: i64 = 1_795_253_667_250;

fn both() -> [&'static Texts; 2] {
    [Texts::of(Language::En), Texts::of(Language::Fr)]
}

/// The English and the French way, its no-break spaces shown as `_`.
fn ways(write: impl Fn(&Texts) -> String) -> [String; 2] {
    both().map(|texts| write(texts).replace('\u{a0}', "_"))
}

#[test]
fn every_word_is_there_in_both_languages() {
    for (name, english, french) in TABLE {
        assert!(!english.trim().is_empty() && !french.trim().is_empty(), "{name}");
        let is_harmless = |text: &str| text.chars().all(|one| !one.is_control());
        assert!(is_harmless(english) && is_harmless(french), "{name}");
    }
    assert_eq!(Texts::of(Language::En).other().language, Language::Fr);
    assert_eq!(Texts::of(Language::Fr).other().language, Language::En);
}

#[test]
fn numbers_are_written_as_each_language_does() {
    assert_eq!(ways(|texts| texts.count(1_866)), ["1,866", "1_866"]);
    assert_eq!(
        ways(|texts| texts.counted(Counted { count: 4_102_118, is_exact: false })),
        ["≥ 4,102,118", "≥_4_102_118"]
    );
    assert_eq!(ways(|texts| texts.percent(Percent::from_hundredths(9_984))), ["99.84 %", "99,84_%"]);
    assert_eq!(ways(|texts| texts.percent(Percent::of(1_999, 2_000).unwrap())), ["99.95 %", "99,95_%"]);
    assert_eq!(ways(|texts| texts.percent_short(Percent::from_hundredths(9_338))), ["93.3", "93,3"]);
    assert_eq!(ways(|texts| texts.rate(0.5)), ["0.50/s", "0,50/s"]);
    assert_eq!(ways(|texts| texts.rate(4_812.4)), ["4,812/s", "4_812/s"]);
    assert_eq!(ways(|texts| texts.rate_number(48.06)), ["48.1", "48,1"]);
    assert_eq!(ways(|texts| texts.change(-103.2)), ["−103/s", "−103/s"]);
    assert_eq!(ways(|texts| texts.change(1.24)), ["+1.2/s", "+1,2/s"]);
    assert_eq!(ways(|texts| texts.change(-0.01)), ["0.0/s", "0,0/s"]);
    assert_eq!(ways(|texts| texts.milliseconds(7.24)), ["7.2 ms", "7,2_ms"]);
    assert_eq!(ways(|texts| texts.size(41_200_000_000)), ["41.2 GB", "41,2_Go"]);
    assert_eq!(ways(|texts| texts.size(958)), ["958 B", "958_o"]);
    assert_eq!(ways(|texts| texts.memory_size(22_020_096)), ["21 MiB", "21_Mio"]);
    assert_eq!(ways(|texts| texts.load_percent(0.4)), ["0.4 %", "0,4_%"]);
    let axis = [0.0, 0.05, 0.5, 1.0, 5.0, 500.0, 2_000.0, 1_000_000.0].map(|top| Texts::of(Language::En).axis(top));
    assert_eq!(axis, ["0", "0.05", "0.5", "1.0", "5", "500", "2 k", "1 M"]);
}

#[test]
fn money_is_never_computed_only_written() {
    assert_eq!(ways(|texts| texts.money("20.5", "EUR")), ["€20.50", "20,50_€"]);
    assert_eq!(ways(|texts| texts.money("1234", "EUR")), ["€1,234.00", "1_234,00_€"]);
    assert_eq!(ways(|texts| texts.money("-3.125", "USD")), ["-3.125 USD", "-3,125_USD"]);
    assert_eq!(ways(|texts| texts.money("1e3", "EUR")), ["1e3 EUR", "1e3_EUR"]);
}

#[test]
fn spans_of_time_have_two_units_at_most() {
    let seconds = |seconds: i64| ways(|texts| texts.duration(seconds * 1_000));
    assert_eq!(seconds(41), ["41 s", "41_s"]);
    assert_eq!(seconds(185), ["3m 05s", "3_min_05_s"]);
    assert_eq!(seconds(3_732), ["1h 02m", "1_h_02_min"]);
    assert_eq!(seconds(273_600), ["3d 04h", "3_j_04_h"]);
    assert_eq!(ways(|texts| texts.uptime(3_732_000)), ["1h 02m 12s", "1_h_02_min"]);
    assert_eq!(ways(|texts| texts.age(2_900)), ["2 s ago", "il_y_a_2_s"]);
    assert_eq!(ways(|texts| texts.age(732_000)), ["12m ago", "il_y_a_12_min"]);
    assert_eq!(ways(|texts| texts.age_long(134_000)), ["2m 14s ago", "il_y_a_2_min_14_s"]);
    assert_eq!(ways(|texts| texts.age_long(240)), ["0.2 s ago", "il_y_a_0,2_s"]);
    assert_eq!(ways(|texts| texts.age(-5)), ["0 s ago", "il_y_a_0_s"]);
    assert_eq!(ways(|texts| texts.a_bar_of(BucketSize::Minutes5)), ["5 min a bar", "5_min/barre"]);
}

#[test]
fn titles_count() {
    assert_eq!(ways(|texts| texts.paused_with(312)), ["PAUSED +312 new", "EN PAUSE +312"]);
    assert_eq!(ways(|texts| texts.paused_with(0)), ["PAUSED", "EN PAUSE"]);
    assert_eq!(ways(|texts| texts.paused_with(u64::MAX)), ["PAUSED +99k new", "EN PAUSE +99k"]);
    let log = LogTally { lines: 131, errors: 1, ..LogTally::default() };
    assert_eq!(ways(|texts| texts.log_title(&log)), ["131 lines, 1 error", "131 lignes, 1 erreur"]);
    assert_eq!(ways(|texts| texts.hit(150, 1_186, false)), ["hit 150 of 1,186+", "résultat 150 sur 1_186+"]);
    assert_eq!(ways(|texts| texts.line_of(1_501, Some(1_866))), ["line 1,501 of 1,866", "ligne 1_501 sur 1_866"]);
}

#[test]
fn a_clock_tells_its_zone() {
    let mut clock = Clock::in_zone(TimeZone::fixed(jiff::tz::offset(1)), false);
    let local = clock.second(NOW);
    clock.toggle();
    assert!(clock.is_utc() && clock.full(NOW).ends_with(" UTC"));
    assert_ne!(clock.second(NOW), local);
    assert_eq!(clock.second(0), "00:00:00");
    assert_eq!(clock.when(NOW - 86_400_000, NOW), format!("{} {}", clock.day(NOW - 86_400_000), clock.second(NOW)));
    assert_eq!(clock.full(i64::MAX), "–");
}

fn figures(cause: Cause) -> Figures {
    let mut model = Model::new();
    model.set_events_file(FileState::Readable { bytes: 1 });
    model.set_topic("orders");
    Figures { verdict: Verdict { sign: Sign::Bad, cause }, ..model.figures(NOW) }
}

fn spoken(texts: &Texts, cause: Cause) -> Spoken {
    spoken_in(Medium::Screen, texts, &figures(cause))
}

fn spoken_in(medium: Medium, texts: &Texts, figures: &Figures) -> Spoken {
    let clock = Clock::in_zone(TimeZone::UTC, true);
    let place = Place { events: Path::new("./tracker.events"), log: Path::new("./tracker.log"), clock: &clock, medium };
    texts.verdict(figures, place)
}

#[test]
fn a_verdict_says_what_since_when_and_what_to_do() {
    let english = Texts::of(Language::En);
    let process = ProcessState::NotRunning { pid: 4121 };
    let cause = Cause::NoSignOfLife { silent_ms: 124_000, interval_ms: 30_000, process, last: Some((1, 601)) };
    let said = spoken(english, cause);
    assert_eq!(said.word, "NO SIGN OF LIFE");
    assert_eq!(said.reason, "no line for 2m 04s (one every 30 s), pid 4121 is gone");
    assert_eq!(said.advice, "Start it: ./start.sh. Nothing is lost: it goes on after orders/1@601.");
    let said = spoken(english, Cause::Stopped { at_ms: NOW - 185_000, sealed_lines: Some(1_774) });
    assert!(said.reason.starts_with("cleanly at ") && said.reason.ends_with(", 3m 05s ago"), "{said:?}");
    assert_eq!(said.advice, "All 1,774 lines sealed. Start it again: ./start.sh");
    let error = Some("connection \u{1b}[2J refused".to_owned());
    let said =
        spoken(english, Cause::BrokerLost { since_ms: NOW - 41_000, brokers: Some("localhost:9092".into()), error });
    assert_eq!(said.reason, "localhost:9092 for 41 s: connection ·[2J refused");
    let said = spoken(english, Cause::Gap { at_ms: NOW, partition: 1, from: 1_091_200, to: 1_091_518 });
    assert_eq!(said.reason, "orders/1: 318 offsets lost from 1,091,200, 1 s ago");
    let said = spoken(english, Cause::Unreadable { lines: 2, byte: Some(104_857_200), torn_byte: Some(104_857_112) });
    assert_eq!(said.reason, "2 lines of tracker.events: torn @104,857,112, no JSON @104,857,200");
    let said = spoken(english, Cause::NoTrail { gone_since_ms: None });
    assert_eq!((said.word, said.reason.as_str()), ("WAITING", "./tracker.events is not there yet"));
}

#[test]
fn where_there_are_no_keys_no_advice_names_one() {
    let health = |success, errors| Cause::Health { success, throughput: None, errors, idle_ms: None, lag: None };
    let gap = figures(Cause::Gap { at_ms: NOW, partition: 1, from: 5, to: 9 });
    let mut low = figures(health(Some(SuccessState::Critical), None));
    low.success = Success { state: Some(SuccessState::Critical), worse: Percent::of(1, 2), ..low.success };
    let mut bad = figures(health(None, Some(ErrorState::Active)));
    (bad.success.state, bad.throughput.state) = (None, None);
    bad.errors = Errors { state: Some(ErrorState::Active), newest_age_ms: Some(1_000), ..bad.errors };
    for (texts, figures) in both().into_iter().flat_map(|texts| [&gap, &low, &bad].map(|figures| (texts, figures))) {
        let advice = |medium| spoken_in(medium, texts, figures).advice;
        let names_a_key = |medium| advice(medium).split([' ', ';']).any(|word| ["d", "e"].contains(&word));
        let keys = [Medium::Screen, Medium::Page, Medium::Summary].map(names_a_key);
        assert_eq!(keys, [true, false, false], "{}", advice(Medium::Summary));
        assert!(advice(Medium::Summary).contains("audit query --"));
        assert!(!advice(Medium::Summary).contains("below") && !advice(Medium::Summary).contains("dessous"));
    }
}

#[test]
fn every_cause_has_words_in_both_languages() {
    let (success, throughput, errors) =
        (Some(SuccessState::Critical), Some(ThroughputState::Stopped), Some(ErrorState::Active));
    let causes = [
        Cause::Failed { at_ms: NOW, error: None },
        Cause::FileRefused { is_events: true, reason: "permission denied".into() },
        Cause::DiskFull { since_ms: NOW, free_bytes: Some(3_100_000), lag: Some(3_180) },
        Cause::Standby { pid: Some(4242), holder: Some("4121".into()) },
        Cause::NoTrail { gone_since_ms: Some(NOW) },
        Cause::NoMessage,
        Cause::Starting { since_ms: NOW, error: None },
        Cause::Starting { since_ms: NOW, error: Some("topic orders: no answer".into()) },
        Cause::Counting { percent: Some(34) },
        Cause::Counting { percent: None },
        Cause::Health { success, throughput, errors, idle_ms: None, lag: None },
    ];
    for cause in causes {
        let [english, french] = both().map(|texts| spoken(texts, cause.clone()));
        assert!(!english.word.is_empty() && !french.word.is_empty(), "{cause:?}");
        if !matches!(cause, Cause::Health { .. }) {
            assert!(!english.reason.is_empty() && english.reason != french.reason, "{english:?} {french:?}");
        }
    }
}

/// The reader knows the Go program's lines by texts that the tracker of ours writes in French.
#[test]
fn what_the_tracker_says_in_french_is_known_by_its_text_alone() {
    let events = [
        HealthEvent::Started {
            pid: 1,
            events_file: "a".into(),
            log_file: "b".into(),
            brokers: "c:1".into(),
            topic: "orders".into(),
            group: "g".into(),
            metrics_interval_seconds: 30.0,
        },
        HealthEvent::Subscribed {
            positions: BTreeMap::new(),
            pid: 1,
            topic: "orders".into(),
            group: "g".into(),
            cluster_id: None,
            topic_id: None,
            partitions: vec![0],
            from: "beginning",
        },
        HealthEvent::Metrics(Box::<MetricsReport>::default()),
        HealthEvent::MessageInvalid {
            topic: "orders".into(),
            partition: 0,
            offset: 0,
            size_bytes: 0,
            raw_message: String::new(),
            suppressed: 0,
            error: String::new(),
        },
        HealthEvent::Stopping { reason: "signal" },
        HealthEvent::Stopped { received: 0, processed: 0, failed: 0, gaps: 0, uptime_seconds: 0.0, lag: None },
    ];
    for event in events {
        let line = |message: String, key: &str| {
            LogKind::of(&HealthLine {
                timestamp: "2026-11-21T09:12:30Z".into(),
                level: event.level(),
                message: message.into(),
                service: SERVICE.into(),
                error: None,
                metadata: Map::new(),
                event: key.to_owned().into(),
            })
        };
        let by_key = line(String::new(), event.key());
        assert_ne!(by_key, LogKind::Other, "{}", event.key());
        assert_eq!(line(event.message(Language::Fr), ""), by_key);
    }
}
