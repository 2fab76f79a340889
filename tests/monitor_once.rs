//! `log-monitor --once` and `--json`, the real program over real files: every count is what `jq` counts.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const NEXT_STEP: &str = "./start.sh";

fn monitor(dir: &Path, flags: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_log-monitor"));
    command.arg("--dir").arg(dir).args(flags).stdin(Stdio::null()).output().unwrap()
}

fn stdout(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json(dir: &Path) -> Value {
    serde_json::from_str(&stdout(&monitor(dir, &["--json"]))).unwrap()
}

/// So many seconds ago, as the Go program writes it; ours has milliseconds too.
fn timestamp(seconds_ago: i64, milliseconds: &str) -> String {
    let now = jiff::Timestamp::now().as_second();
    let time = jiff::Timestamp::from_second(now - seconds_ago).unwrap();
    format!("{}{milliseconds}Z", time.strftime("%Y-%m-%dT%H:%M:%S"))
}

fn valid(timestamp: &str, partition: i32, offset: i64, rest: &str) -> String {
    let order = r#"{"order_id":"cc69b8a1-0c5b-4d11-8f3a-6b7d1c9e2a40","sequence":7,"status":"pending"}"#;
    let raw = serde_json::to_string(order).unwrap();
    format!(
        r#"{{"timestamp":"{timestamp}","event_type":"message.received","kafka_topic":"orders","kafka_partition":{partition},"kafka_offset":{offset},"raw_message":{raw},"message_size":{},"deserialized":true,"order_full":{order}{rest}}}"#,
        order.len()
    )
}

fn invalid(timestamp: &str, partition: i32, offset: i64, rest: &str) -> String {
    format!(
        r#"{{"timestamp":"{timestamp}","event_type":"message.received.deserialization_error","kafka_topic":"orders","kafka_partition":{partition},"kafka_offset":{offset},"raw_message":"{{\"event_type\":\"audit.gap\"","message_size":24,"deserialized":false,"error":"unexpected end of JSON input"{rest}}}"#
    )
}

fn gap(timestamp: &str, partition: i32, from: i64, to: i64) -> String {
    format!(
        r#"{{"timestamp":"{timestamp}","event_type":"audit.gap","kafka_topic":"orders","kafka_partition":{partition},"kafka_offset":{from},"raw_message":"","message_size":0,"deserialized":false,"error":"gone","audit":{{"kind":"retention","from":{from},"to":{to}}}}}"#
    )
}

fn write(path: &Path, lines: &[String]) {
    let mut file = fs::File::create(path).unwrap();
    for line in lines {
        writeln!(file, "{line}").unwrap();
    }
}

/// A trail of the Go program with its log, a message every two seconds, each 40th of them broken.
fn go_folder() -> TempDir {
    let dir = TempDir::new().unwrap();
    let line = |number: i64| {
        let time = timestamp(400 - 2 * number, "");
        let (partition, offset) = ((number % 3) as i32, number / 3);
        if number % 40 == 39 { invalid(&time, partition, offset, "") } else { valid(&time, partition, offset, "") }
    };
    write(&dir.path().join("tracker.events"), &(0..200).map(line).collect::<Vec<_>>());
    let log = |ago: i64, level: &str, message: &str, rest: &str| {
        let time = timestamp(ago, "");
        format!(r#"{{"timestamp":"{time}","level":"{level}","message":"{message}","service":"order-tracker"{rest}}}"#)
    };
    let mut lines = vec![
        log(
            402,
            "INFO",
            "Système de journalisation initialisé",
            r#","metadata":{"events_file":"tracker.events","log_file":"tracker.log"}"#,
        ),
        log(401, "INFO", "Consommateur démarré et abonné au topic 'orders'", ""),
        log(
            322,
            "ERROR",
            "Erreur de désérialisation du message",
            r#","error":"unexpected end of JSON input","metadata":{"kafka_offset":13,"raw_message":"{"}"#,
        ),
    ];
    for number in 1..=13_i64 {
        let (received, uptime) = (15 * number, 30.011140065 * number as f64);
        let rest = format!(
            r#","metadata":{{"messages_failed":1,"messages_per_second":"0.50","messages_processed":{},"messages_received":{received},"success_rate_percent":"99.00","uptime_seconds":{uptime}}}"#,
            received - 1
        );
        lines.push(log(402 - 30 * number, "INFO", "Métriques système périodiques", &rest));
    }
    write(&dir.path().join("tracker.log"), &lines);
    dir
}

/// A trail of ours: rotated twice, with gaps, garbage and a torn end; without a seal.
fn rotated_folder() -> TempDir {
    let dir = TempDir::new().unwrap();
    let line = |number: i64| {
        let time = timestamp(900 - number, ".123");
        let (partition, offset) = ((number % 4) as i32, number / 4);
        match number % 50 {
            17 => invalid(&time, partition, offset, r#","kafka_timestamp":1795253667118,"kafka_headers":[["a",null]]"#),
            31 => gap(&time, partition, offset, offset + 318),
            _ => {
                valid(&time, partition, offset, r#","kafka_timestamp":1795253667118,"kafka_key":"k","leader_epoch":0"#)
            }
        }
    };
    write(&dir.path().join("tracker.events.1"), &(0..300).map(line).collect::<Vec<_>>());
    write(&dir.path().join("tracker.events.301"), &(300..500).map(line).collect::<Vec<_>>());
    let mut newest: Vec<String> = (500..640).map(line).collect();
    newest.insert(20, "?? no line at all {".to_owned());
    newest.insert(90, r#"{"event_type":"message.received"}"#.to_owned());
    let path = dir.path().join("tracker.events");
    write(&path, &newest);
    let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(&line(641).as_bytes()[..150]).unwrap();
    dir
}

/// How many lines of the trail fit, as jq counts them; `None` when there is no jq, which only CI must have.
fn jq(dir: &Path, fits: &str) -> Option<u64> {
    let mut files: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.file_name().unwrap().to_str().unwrap().starts_with("tracker.events"));
    // The newest one last: jq would join its torn end with what comes behind.
    files.sort();
    files.reverse();
    let filter = format!("[inputs | fromjson? | objects | select(.kafka_offset != null) | select({fits})] | length");
    match Command::new("jq").arg("-nR").arg(filter).args(files).output() {
        Ok(output) => Some(String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "jq is needed to compare the counts: {error}");
            // Straight to standard error: what a passing test prints otherwise is not shown.
            let notice = format!("LEFT OUT: the counts were not compared, since jq cannot be run: {error}\n");
            std::io::stderr().write_all(notice.as_bytes()).unwrap();
            None
        }
    }
}

fn assert_counts_are_those_of_jq(dir: &Path) {
    let told = json(dir);
    for (key, fits) in [
        ("valid", r#".event_type == "message.received""#),
        ("invalid", r#".event_type == "message.received.deserialization_error""#),
        ("gaps", r#".event_type == "audit.gap""#),
        ("received", r#".event_type | startswith("message.received")"#),
    ] {
        let Some(counted) = jq(dir, fits) else { return };
        assert_eq!(told[key].as_u64(), Some(counted), "{key} in {told}");
    }
    assert_eq!(told["is_exact"], true);
}

#[test]
fn counts_of_the_go_programs_files_are_those_of_jq() {
    let dir = go_folder();
    assert_counts_are_those_of_jq(dir.path());
    let told = json(dir.path());
    assert_eq!((told["received"].as_u64(), told["invalid"].as_u64()), (Some(200), Some(5)));
    // 195 of 200, and one error each; the log's line about one of them is none of its own.
    assert_eq!((told["success_percent"].as_f64(), told["errors"].as_u64()), (Some(97.5), Some(5)));
    assert_eq!((told["run"]["received"].as_u64(), told["run"]["messages_per_second"].as_f64()), (Some(195), Some(0.5)));
    assert_eq!((told["tracker"]["state"].as_str(), told["lag"].is_null()), (Some("running"), true));
    let rate = told["messages_per_second"].as_f64().unwrap();
    assert!((0.1..=0.5).contains(&rate), "{rate}");
    let next: Vec<_> = told["partitions"].as_array().unwrap().iter().map(|one| one["next"].as_i64().unwrap()).collect();
    assert_eq!(next, [67, 67, 66]);
}

#[test]
fn counts_of_a_rotated_and_damaged_trail_are_those_of_jq() {
    let dir = rotated_folder();
    assert_counts_are_those_of_jq(dir.path());
    let told = json(dir.path());
    assert_eq!((told["received"].as_u64(), told["gaps"].as_u64()), (Some(627), Some(13)));
    assert_eq!((told["unreadable"].as_u64(), told["gap_offsets"].as_u64()), (Some(2), Some(13 * 318)));
    // The last gap is minutes old.
    assert_eq!(told["verdict"], "GAP");
    assert!(told["tracker"]["state"].is_null());
}

#[test]
fn the_lines_have_the_labels_of_the_screen_and_no_escape_codes() {
    let dir = go_folder();
    let text = stdout(&monitor(dir.path(), &["--once", "--color", "always"]));
    for line in ["Received 200", "Valid 195", "Invalid 5", "Gaps 0", "Unreadable 0", "Lag –"] {
        assert!(text.lines().any(|one| one == line), "{line:?} in\n{text}");
    }
    assert!(text.contains("97.50 %") && text.contains("EXCELLENT"), "{text}");
    let french = stdout(&monitor(dir.path(), &["--lang", "fr"]));
    for line in ["Messages reçus 200", "Messages traités 195", "Messages échoués 5", "Trous 0", "Retard (lag) –"]
    {
        assert!(french.lines().any(|one| one == line), "{line:?} in\n{french}");
    }
    assert!(french.contains("Taux de succès 97,50 % ● EXCELLENT"), "{french}");
    for text in [text, french] {
        assert!(!text.chars().any(|character| character.is_control() && character != '\n'), "{text:?}");
    }
    let ascii = stdout(&monitor(dir.path(), &["--ascii"]));
    assert!(ascii.is_ascii(), "{ascii}");
}

#[test]
fn the_object_has_every_key_and_null_for_what_is_unknown() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("tracker.log"), "").unwrap();
    let told = json(dir.path());
    let keys = [
        "verdict",
        "score",
        "received",
        "valid",
        "invalid",
        "gaps",
        "unreadable",
        "success_percent",
        "messages_per_second",
        "last_message_age_seconds",
        "errors",
        "lag",
        "run",
        "tracker",
        "partitions",
        "as_of",
    ];
    for key in keys {
        assert!(told.as_object().unwrap().contains_key(key), "{key} in {told}");
    }
    for key in ["score", "received", "gaps", "success_percent", "messages_per_second", "lag", "run", "partitions"] {
        assert!(told[key].is_null(), "{key} in {told}");
    }
    assert_eq!(told["verdict"], "WAITING");
    assert!(told["as_of"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
}

#[test]
fn neither_file_is_a_failure_that_names_the_next_step() {
    let dir = TempDir::new().unwrap();
    for flags in [&[][..], &["--once"], &["--json"]] {
        let output = monitor(dir.path(), flags);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]), "{said}");
        assert!(said.contains(NEXT_STEP) && said.contains("tracker.events") && said.contains("tracker.log"), "{said}");
    }
}

#[test]
fn an_empty_trail_waits_and_says_how_to_fill_it() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("tracker.events"), "").unwrap();
    let text = stdout(&monitor(dir.path(), &[]));
    assert!(text.contains("WAITING") && text.contains(NEXT_STEP), "{text}");
    assert!(text.lines().any(|line| line == "Received 0"), "{text}");
}

#[test]
fn a_reader_that_has_gone_is_a_quiet_end() {
    let dir = go_folder();
    for flag in ["--once", "--json"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(env!("CARGO_BIN_EXE_log-monitor"));
        command.arg("--dir").arg(dir.path()).arg(flag).stdout(writer).stderr(Stdio::piped());
        let output = command.spawn().unwrap().wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), said.as_str()), (Some(0), ""));
    }
}

#[test]
fn what_the_files_hold_cannot_command_a_terminal() {
    let dir = TempDir::new().unwrap();
    let log = r#"{"timestamp":"WHEN","level":"WARN","message":"x","service":"order-tracker","error":"\u001b[2J\u202e","metadata":{"brokers":"\u001b]0;owned\u0007"},"event":"broker.lost"}"#;
    fs::write(dir.path().join("tracker.log"), log.replace("WHEN", &timestamp(3, ".118")) + "\n").unwrap();
    let text = stdout(&monitor(dir.path(), &[]));
    assert!(text.contains("BROKER LOST") && text.contains("owned"), "{text}");
    let is_harmless = |character: char| character == '\n' || !(character.is_control() || character == '\u{202e}');
    assert!(text.chars().all(is_harmless), "{text:?}");
}

#[test]
fn looking_changes_nothing() {
    let dir = rotated_folder();
    let listing = || {
        let mut files: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files.into_iter().map(|path| (fs::read(&path).unwrap(), path)).collect::<Vec<_>>()
    };
    let before = listing();
    stdout(&monitor(dir.path(), &["--json"]));
    assert!(listing() == before);
}

#[test]
fn a_wrong_flag_is_a_usage_error_and_help_is_none() {
    let dir = TempDir::new().unwrap();
    assert_eq!(monitor(dir.path(), &["--theme", "pink"]).status.code(), Some(2));
    let help = stdout(&monitor(dir.path(), &["--help"]));
    assert!(help.contains("--no-mouse") && help.contains("Exit codes"), "{help}");
    assert!(stdout(&monitor(dir.path(), &["--version"])).starts_with("log-monitor "));
}
