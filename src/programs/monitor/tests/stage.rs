//! A stage for the screen: files that hold what a test says, a clock that it sets, keys that it presses.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tempfile::TempDir;
use uuid::Uuid;

use crate::base::language::Language;
use crate::base::message::{Headers, Message, MessageTime, push_header};
use crate::doors::screen::{Effect, Glyphs, Input, Key, Rendered, Theme, rendered};
use crate::programs::monitor::app::App;
use crate::programs::monitor::keys::Around;
use crate::programs::monitor::sources::{Looked, SourceOptions, Sources};
use crate::programs::monitor::texts::Clock;
use crate::programs::monitor::view::View;
use crate::words::order::{DemoIds, demo_order};
use crate::words::record::{Gap, GapKind, Received, Verdict, write_gap, write_message};

/// 2026-11-21 09:41:07 UTC, in milliseconds.
pub(super) const NOW_MS: i64 = 1_795_254_067_000;

pub(super) struct Stage {
    dir: TempDir,
    pub(super) sources: Sources,
    pub(super) app: App,
    pub(super) view: View,
    pub(super) now_ms: i64,
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) theme: Theme,
    pub(super) glyphs: Glyphs,
}

impl Stage {
    /// Nothing is there yet.
    pub(super) fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let files = SourceOptions { events: dir.path().join("tracker.events"), log: dir.path().join("tracker.log") };
        // What is said about the files must not hold a name that changes from run to run.
        let named = SourceOptions { events: PathBuf::from("./tracker.events"), log: PathBuf::from("./tracker.log") };
        Self {
            sources: Sources::open(files, NOW_MS),
            app: App::new(Language::En, Clock::in_zone(TimeZone::UTC, true), named),
            view: View::new(),
            dir,
            now_ms: NOW_MS,
            width: 80,
            height: 24,
            theme: Theme::Dark,
            glyphs: Glyphs::Unicode,
        }
    }

    /// Half an hour of a healthy tracker with a few troubles.
    pub(super) fn of_a_morning() -> Self {
        let stage = Self::empty();
        stage.write_events(&morning());
        stage.write_log(&morning_log());
        stage
    }

    pub(super) fn sized(mut self, width: u16, height: u16) -> Self {
        (self.width, self.height) = (width, height);
        self
    }

    pub(super) fn write_events(&self, bytes: &[u8]) {
        append(self.dir.path().join("tracker.events"), bytes);
    }

    pub(super) fn write_log(&self, text: &str) {
        append(self.dir.path().join("tracker.log"), text.as_bytes());
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Lets so much time pass, and everything that is to be read be read.
    pub(super) fn after(&mut self, milliseconds: i64) -> &mut Self {
        self.now_ms += milliseconds;
        self.settle();
        self
    }

    /// Reads until there is nothing more to do.
    pub(super) fn settle(&mut self) {
        for _ in 0..10_000 {
            let looked = self.sources.look(self.now_ms, 1 << 20);
            // As if a second had passed for the lists alone: they are read again at most four times in it.
            self.app.tick(&looked, &self.sources, self.now_ms);
            self.now_ms += 1;
            if !looked.is_busy
                && !self.app.is_busy()
                && looked == (Looked { figures_changed: looked.figures_changed, ..Looked::default() })
            {
                break;
            }
        }
        if self.app.frozen.is_none() {
            self.app.refresh(&self.sources);
        }
        self.view.figures_of(&self.sources, &self.app, self.now_ms);
    }

    /// The screen as it is now.
    pub(super) fn frame(&mut self) -> Rendered {
        self.settle();
        let (app, view, sources, now_ms) = (&mut self.app, &mut self.view, &self.sources, self.now_ms);
        // The first drawing tells the lists how many rows there are; then they have them.
        for _ in 0..2 {
            rendered(self.width, self.height, self.theme, self.glyphs, |canvas| {
                view.draw(canvas, app, sources, now_ms)
            });
            if app.frozen.is_none() {
                app.refresh(sources);
            }
        }
        rendered(self.width, self.height, self.theme, self.glyphs, |canvas| view.draw(canvas, app, sources, now_ms))
    }

    pub(super) fn text(&mut self) -> String {
        self.frame().text
    }

    pub(super) fn input(&mut self, input: Input) -> Effect {
        let around = Around {
            sources: &self.sources,
            layout: self.view.layout(),
            now_ms: self.now_ms,
            bucket: self.view.bucket(),
        };
        let effect = self.app.on_input(input, &around);
        self.settle();
        effect
    }

    pub(super) fn key(&mut self, key: Key) -> Effect {
        self.input(Input::Key(key))
    }

    /// Presses one key after another.
    pub(super) fn types(&mut self, text: &str) -> &mut Self {
        for character in text.chars() {
            self.key(Key::Char(character));
        }
        self
    }

    /// Draws, whatever comes of it.
    pub(super) fn view_only(&mut self) {
        let (app, view, sources, now_ms) = (&mut self.app, &mut self.view, &self.sources, self.now_ms);
        rendered(self.width, self.height, self.theme, self.glyphs, |canvas| view.draw(canvas, app, sources, now_ms));
    }
}

/// A morning on a screen that was drawn.
pub(super) fn stage() -> Stage {
    let mut stage = Stage::of_a_morning();
    stage.text();
    stage
}

/// Partition and offset of the selected row.
pub(super) fn selected_offset(stage: &Stage) -> (i32, i64) {
    let row = stage.app.events.selected().expect("a row is selected");
    (row.partition, row.offset)
}

fn append(path: PathBuf, bytes: &[u8]) {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(bytes).unwrap();
}

pub(super) fn rfc3339(time_ms: i64) -> String {
    Timestamp::from_millisecond(time_ms).unwrap().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// The line of order `number`, received at `time_ms`, at the offset that goes with the number.
pub(super) fn order_line(number: i64, time_ms: i64) -> Vec<u8> {
    let ids = DemoIds {
        order_id: Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("order {number}").as_bytes()),
        correlation_id: Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("correlation {number}").as_bytes()),
    };
    let order = demo_order(number, ids, Timestamp::from_millisecond(time_ms - 5).unwrap());
    let text = serde_json::to_string(&order).unwrap();
    line(number, time_ms, text.as_bytes(), &Verdict::Order { warnings: Vec::new() })
}

/// The line of a payload that is no order.
pub(super) fn invalid_line(number: i64, time_ms: i64, payload: &[u8], reason: &str) -> Vec<u8> {
    line(number, time_ms, payload, &Verdict::Invalid { reason: reason.to_owned() })
}

fn line(number: i64, time_ms: i64, payload: &[u8], verdict: &Verdict) -> Vec<u8> {
    let key = format!("key-{number}");
    let mut headers = Vec::new();
    push_header(&mut headers, b"content-type", Some(b"application/json"));
    push_header(&mut headers, b"x-empty", None);
    let message = Message {
        partition: i32::try_from(number % 3).unwrap(),
        offset: number / 3,
        time: MessageTime::Create(time_ms - 3),
        key: Some(key.as_bytes()),
        payload: Some(payload),
        headers: Headers::from_block(&headers),
        leader_epoch: Some(0),
    };
    let mut bytes = Vec::new();
    let text = std::str::from_utf8(payload).ok();
    let timestamp = rfc3339(time_ms);
    write_message(
        &mut bytes,
        &Received { timestamp: &timestamp, topic: "orders", message: &message, text, gap_before: 0 },
        verdict,
    );
    bytes
}

pub(super) fn gap_line(partition: i32, from: i64, to: i64, time_ms: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_gap(&mut bytes, &rfc3339(time_ms), "orders", partition, &Gap::new(GapKind::Retention, from, to));
    bytes
}

/// An order every two seconds for half an hour; three payloads that are none, one gap.
pub(in crate::programs::monitor) fn morning() -> Vec<u8> {
    let mut bytes = Vec::new();
    let began = NOW_MS - 1_800_000;
    for number in 0..900 {
        let time_ms = began + number * 2_000;
        bytes.extend(match number {
            100 => invalid_line(number, time_ms, br#"{"order_id":"#, "the JSON ends early: object open at column 12"),
            300 => invalid_line(number, time_ms, &[0xff, 0xfe, b'A', 0, 0x1b, b'[', b'2', b'J'], "byte 0 is not UTF-8"),
            500 => invalid_line(number, time_ms, "\u{1b}[2J\u{202e}evil".as_bytes(), "no JSON: it begins with U+001B"),
            number => order_line(number, time_ms),
        });
        if number == 200 {
            bytes.extend(gap_line(1, 80, 398, time_ms + 1));
        }
    }
    bytes
}

/// A line of the log with its event and its metadata, which is JSON.
pub(super) fn log_line(time_ms: i64, level: &str, event: &str, message: &str, error: &str, metadata: &str) -> String {
    let mut line = format!(
        r#"{{"timestamp":"{}","level":"{level}","message":"{message}","service":"order-tracker""#,
        rfc3339(time_ms)
    );
    if !error.is_empty() {
        write!(line, r#","error":"{error}""#).unwrap();
    }
    write!(line, r#","metadata":{metadata},"event":"{event}"}}"#).unwrap();
    line.push('\n');
    line
}

pub(super) fn metrics_line(time_ms: i64, began_ms: i64, received: i64, lag: i64) -> String {
    let uptime = (time_ms - began_ms) as f64 / 1_000.0;
    let metadata = format!(
        r#"{{"uptime_seconds":{uptime},"messages_received":{received},"messages_processed":{received},"messages_failed":0,"success_rate_percent":"100.00","messages_per_second":"0.50","interval_messages_per_second":"0.50","gaps":0,"lag":{lag},"partitions":{{"0":{{"next":{},"readable_end":{},"lag":{lag}}},"1":{{"next":310,"readable_end":310,"lag":0}},"2":{{"next":305,"readable_end":305,"lag":0}}}},"bytes_written":{},"syncs":{},"rotations":0,"sealed_lines":{received},"unsealed_bytes":0,"write_ms_p50":0.4,"write_ms_p99":4.1,"write_ms_max":9.0,"sync_ms_p50":2.9,"sync_ms_p99":7.2,"sync_ms_max":21.5,"process_cpu_percent":0.4,"process_memory_bytes":22020096,"host_load_1m":0.3,"disk_free_bytes":41200000000}}"#,
        received / 3,
        received / 3 + lag,
        received * 2_100,
        received,
    );
    log_line(time_ms, "INFO", "tracker.metrics", "periodic system metrics", "", &metadata)
}

pub(super) const BEGAN_MS: i64 = NOW_MS - 1_810_000;

pub(in crate::programs::monitor) fn morning_log() -> String {
    let mut log = log_line(
        BEGAN_MS,
        "INFO",
        "tracker.started",
        "logging started",
        "",
        r#"{"version":"1.0.0","pid":4121,"events_file":"./tracker.events","log_file":"./tracker.log","brokers":"localhost:9092","topic":"orders","group":"order-tracker-group"}"#,
    );
    for round in 1..=60 {
        let time_ms = BEGAN_MS + round * 30_000;
        log += &metrics_line(time_ms, BEGAN_MS, round * 15, 0);
        if round == 50 {
            log += &log_line(
                time_ms + 5_000,
                "WARN",
                "broker.lost",
                "no broker can be reached",
                "connection refused",
                r#"{"brokers":"localhost:9092"}"#,
            );
            log += &log_line(
                time_ms + 25_000,
                "INFO",
                "broker.back",
                "a broker can be reached again",
                "",
                r#"{"brokers":"localhost:9092","away_seconds":20.0}"#,
            );
        }
    }
    log
}
