//! Each command, run on trails that are made up here, through the flags that a person types.

mod named;
mod partial;

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap::Parser as _;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::base::message::{Headers, Message, MessageTime, push_header};
use crate::words::record::{Gap, GapKind, Received, Verdict, write_gap, write_message};

/// A message of which only this matters.
#[derive(Clone, Default)]
struct Made<'a> {
    topic: &'a str,
    partition: i32,
    offset: i64,
    payload: Option<&'a [u8]>,
    is_valid: bool,
}

fn line(made: &Made<'_>) -> Vec<u8> {
    let mut headers = Vec::new();
    push_header(&mut headers, b"trace", Some(b"in the header"));
    let message = Message {
        partition: made.partition,
        offset: made.offset,
        time: MessageTime::Create(1_789_034_400_000 + made.offset),
        key: Some(b"in the key \xff"),
        payload: made.payload,
        headers: Headers::from_block(&headers),
        leader_epoch: None,
    };
    let text = made.payload.and_then(|payload| std::str::from_utf8(payload).ok());
    let timestamp = format!("2026-11-21T09:41:{:02}.000Z", made.offset);
    let received = Received { timestamp: &timestamp, topic: made.topic, message: &message, text, gap_before: 0 };
    let verdict = match (made.is_valid, text) {
        (false, _) => Verdict::Invalid { reason: "not what was expected".to_owned() },
        (true, Some(text)) if text.starts_with('{') => Verdict::Order { warnings: Vec::new() },
        (true, _) => Verdict::Accepted,
    };
    let mut line = Vec::new();
    write_message(&mut line, &received, &verdict);
    line
}

fn order(id: &str) -> String {
    json!({"customer_info": {"customer_id": format!("customer of {id}"), "email": "a@b.c"}, "order_id": id}).to_string()
}

/// A valid order, something invalid, a gap, a tombstone, and the order again.
fn trail(dir: &Path, topic: &str, partition: i32) {
    let order = order("A/1");
    let base = Made { topic, partition, ..Made::default() };
    let mut lines = [
        line(&Made { offset: 0, payload: Some(order.as_bytes()), is_valid: true, ..base.clone() }),
        line(&Made { offset: 1, payload: Some(b"two\nlines \xff\0"), ..base.clone() }),
    ]
    .concat();
    write_gap(&mut lines, "2026-11-21T09:41:02.000Z", topic, partition, &Gap::new(GapKind::Retention, 2, 30));
    lines.extend(line(&Made { offset: 30, ..base.clone() }));
    lines.extend(line(&Made { offset: 31, payload: Some(order.as_bytes()), is_valid: true, ..base }));
    fs::write(dir.join("tracker.events"), lines).unwrap();
}

fn try_run(flags: &[&str], out: &mut dyn Write) -> Result<Exit, AuditError> {
    let args = AuditArgs::try_parse_from(["audit"].iter().chain(flags)).unwrap();
    run(&args, &Shutdown::new(), Terminal::default(), out)
}

/// What a command prints.
fn said(dirs: &[&Path], flags: &[&str]) -> Vec<u8> {
    let dirs: Vec<&str> = dirs.iter().flat_map(|dir| ["--dir", dir.to_str().unwrap()]).collect();
    let mut out = Vec::new();
    assert_eq!(try_run(&[flags, &dirs].concat(), &mut out).unwrap(), Exit::Done);
    out
}

fn text(dir: &Path, flags: &[&str]) -> String {
    String::from_utf8(said(&[dir], flags)).unwrap()
}

fn error(flags: &[&str]) -> (String, u8) {
    let error = try_run(flags, &mut Vec::new()).unwrap_err();
    (error.to_string(), error.exit().code())
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn a_query_gives_the_lines_that_fit_as_they_are() {
    let dir = folder();
    trail(dir.path(), "orders", 1);
    let file = fs::read_to_string(dir.path().join("tracker.events")).unwrap();
    let lines: Vec<&str> = file.lines().collect();
    for (flags, expected) in [
        (&[][..], &[0, 1, 2, 3, 4][..]),
        (&["--valid"], &[0, 4]),
        (&["--invalid"], &[1, 3]),
        (&["--gaps"], &[2]),
        (&["--partition", "0"], &[]),
        (&["--partition", "1", "--offset", "1..31"], &[1, 2, 3]),
        (&["--from", "30"], &[3, 4]),
        (&["--to", "2026-11-21 09:41:02"], &[0, 1]),
        (&["--from", "2026-11-21T10:41:01+01:00", "--to", "2026-11-21T09:41:03Z"], &[1, 2]),
        (&["--order-id", "A/1"], &[0, 4]),
        (&["--order-id", "A"], &[]),
        (&["--customer", "customer of A/1"], &[0, 4]),
        (&["--customer", "a@b.c", "--limit", "1"], &[0]),
        (&["--text", "in the header"], &[0, 1, 3, 4]),
        (&["--text", "lines"], &[1]),
        (&["--text", "deleted"], &[2]),
    ] {
        let found = text(dir.path(), &[&["query", "--json"], flags].concat());
        let expected: Vec<&str> = expected.iter().map(|&at| lines[at]).collect();
        assert_eq!(found.lines().collect::<Vec<_>>(), expected, "{flags:?}");
    }
    assert_eq!(text(dir.path(), &["query", "--order-id", "B\u{1b}"]), "No record of 5 matches order id = B·.\n");
}

#[test]
fn the_beginning_of_an_order_id_is_enough_when_it_is_long() {
    let dir = folder();
    let payload = order("7c1f2a90-0000-4000-8000-000000000000");
    let made = Made { topic: "orders", payload: Some(payload.as_bytes()), is_valid: true, ..Made::default() };
    fs::write(dir.path().join("tracker.events"), line(&made)).unwrap();
    for (wanted, expected) in [("7c1f2a90", 1), ("7c1f2a9", 0), ("7c1f2a91", 0), ("c1f2a90-0000", 0)] {
        let found = text(dir.path(), &["query", "--json", "--order-id", wanted]);
        assert_eq!(found.lines().count(), expected, "{wanted}");
    }
}

#[test]
fn a_table_tells_each_record_in_one_harmless_line() {
    let dir = folder();
    trail(dir.path(), "orders", 1);
    let table = text(dir.path(), &["query"]);
    let rows: Vec<&str> = table.lines().collect();
    assert!(rows[0].starts_with("LINE  RECEIVED (UTC)"), "{table}");
    assert!(rows[1].starts_with("   1  2026-11-21 09:41:00  orders/1@0        ok   A/1"), "{table}");
    assert!(rows[2].contains("  BAD  not what was expected") && rows[2].ends_with(" 12 B"), "{table}");
    assert!(rows[3].contains("  GAP  offsets 2 to 29 are gone"), "{table}");
    assert_eq!(rows.len(), 6);
}

#[test]
fn extract_gives_payloads_byte_for_byte() {
    let dir = folder();
    trail(dir.path(), "orders", 1);
    let order = order("A/1");
    let expected = [order.as_bytes(), b"\ntwo\nlines \xff\0\n", order.as_bytes(), b"\n"].concat();
    assert_eq!(said(&[dir.path()], &["extract"]), expected);
    assert_eq!(said(&[dir.path()], &["extract", "-0", "--invalid"]), b"two\nlines \xff\0\0");
    assert_eq!(said(&[dir.path()], &["show", "--raw", "1/1"]), b"two\nlines \xff\0");
    assert_eq!(said(&[dir.path()], &["show", "--raw", "4"]), b"", "a tombstone");
    assert_eq!(error(&["extract", "--json"]).1, 2);
}

#[test]
fn show_says_the_same_whatever_its_index_says() {
    let dir = folder();
    let lines: Vec<Vec<u8>> =
        (0..40).map(|offset| line(&Made { topic: "orders", partition: 1, offset, ..Made::default() })).collect();
    fs::write(dir.path().join("tracker.events"), lines.concat()).unwrap();
    let shown = || ["1/17", "18", "1/39"].map(|place| text(dir.path(), &["show", place]));
    let expected = shown();
    let entry = |line: usize| {
        let byte: usize = lines[..line].iter().map(Vec::len).sum();
        json!({"line": line, "segment": 1, "byte": byte, "time_ms": 0, "next": {"1": line}, "gaps": 0})
    };
    let write = |entries: &[Value]| {
        let text: String = entries.iter().map(|entry| format!("{entry}\n")).collect();
        fs::write(dir.path().join("tracker.events.index"), text).unwrap();
    };
    let sound: Vec<Value> = (0..40).step_by(5).map(entry).collect();
    write(&sound);
    assert_eq!(shown(), expected);
    for at in 0..sound.len() {
        for (field, wrong) in [
            ("line", json!(5 * at + 1)),
            ("byte", json!(sound[at]["byte"].as_u64().unwrap() + 7)),
            ("byte", entry(5 * at + 1)["byte"].clone()),
            ("next", json!({"1": 5 * at + 3})),
            ("next", json!({"1": 0})),
        ] {
            let mut damaged = sound.clone();
            damaged[at][field] = wrong;
            write(&damaged);
            assert_eq!(shown(), expected, "{}", damaged[at]);
        }
        write(&[&sound[..=at], &sound[at..]].concat());
        assert_eq!(shown(), expected, "an entry that stands there twice");
    }
}

#[test]
fn show_tells_everything_about_one_record() {
    let dir = folder();
    trail(dir.path(), "orders", 1);
    let sheet = text(dir.path(), &["show", "orders/1@1"]);
    for part in [
        "▲ orders/1@1 invalid\n",
        "line      2, tracker.events from byte ",
        "received  2026-11-21 09:41:01.000 UTC\n",
        "time      2026-09-10 10:00:00.001 UTC by the producer's clock\n",
        "reason    not what was expected\n",
        "headers   trace: in the header\n",
        "payload   12 bytes, not UTF-8\n  00000000  74 77 6f 0a 6c 69 6e 65 73 20 ff 00 ",
    ] {
        assert!(sheet.contains(part), "{part:?} in {sheet}");
    }
    assert!(text(dir.path(), &["show", "3"]).starts_with("■ orders/1@2 gap\n"));
    assert!(text(dir.path(), &["show", "1/30"]).ends_with("payload   none (a tombstone)\n"));
    let flags = ["--dir", dir.path().to_str().unwrap(), "show"];
    for (what, said) in [("1/2,000", "no line tells orders/1@2,000"), ("6", "there is no line 6")] {
        let (message, code) = error(&[&flags[..], &[what]].concat());
        assert!(message.starts_with(said) && code == 1, "{message}");
    }
}

#[test]
fn figures_are_those_of_the_lines() {
    let dir = folder();
    trail(dir.path(), "orders", 1);
    let stats: Value = serde_json::from_str(&text(dir.path(), &["stats", "--json"])).unwrap();
    for (name, expected) in [
        ("lines", json!(5)),
        ("messages", json!(4)),
        ("valid", json!(2)),
        ("invalid", json!(2)),
        ("gaps", json!(1)),
        ("orders", json!(2)),
        ("repeated_order_ids", json!(1)),
        ("repeated_examples", json!([{"order_id": "A/1", "lines": [1, 5]}])),
        ("told_gaps", json!([{"line": 3, "partition": 1, "kind": "retention", "from": 2, "to": 30}])),
        ("first_received", json!("2026-11-21T09:41:00Z")),
        ("last_received", json!("2026-11-21T09:41:31Z")),
        ("topic", json!("orders")),
    ] {
        assert_eq!(stats[name], expected, "{name}");
    }
    assert_eq!(
        (&stats["partitions"]["1"]["first_offset"], &stats["partitions"]["1"]["last_offset"]),
        (&json!(0), &json!(31))
    );
    let people = text(dir.path(), &["stats"]);
    assert!(people.contains("messages  4: 2 valid, 2 invalid, 50.00 % valid\n"), "{people}");
    assert!(people.contains("gaps      retention, partition 1 from 2, on at 30 (line 3)\n"), "{people}");
}

#[test]
fn csv_has_a_row_a_record_and_keeps_what_is_no_text() {
    let dir = folder();
    trail(dir.path(), "orders", 1);
    let out = dir.path().join("out.csv");
    assert!(said(&[dir.path()], &["export", "--format", "csv", "-o", out.to_str().unwrap()]).is_empty());
    let file = fs::read_to_string(&out).unwrap();
    assert_eq!(file, text(dir.path(), &["query", "--csv"]));
    let mut reader = csv::Reader::from_reader(file.as_bytes());
    let at = |name: &str| flat::COLUMNS.iter().position(|column| *column == name).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 5);
    assert_eq!(&rows[0][at("payload")], order("A/1"));
    assert_eq!((&rows[1][at("payload")], &rows[1][at("payload_b64")]), ("", "dHdvCmxpbmVzIP8A"));
    assert_eq!((&rows[2][at("event")], &rows[3][at("event")]), ("gap", "invalid"));
    assert!(!out.with_extension("csv.part").exists());
}

#[test]
fn several_folders_are_one_topic() {
    let (one, other, third) = (folder(), folder(), folder());
    trail(one.path(), "orders", 0);
    trail(other.path(), "orders", 2);
    trail(third.path(), "payments", 1);
    let stats = said(&[one.path(), other.path()], &["stats", "--json"]);
    let stats: Value = serde_json::from_slice(&stats).unwrap();
    assert_eq!((&stats["lines"], &stats["notes"]), (&json!(10), &json!(["no trail has partition 1"])));
    assert_eq!(
        said(&[one.path(), other.path()], &["query", "--json"]).iter().filter(|byte| **byte == b'\n').count(),
        10
    );
    trail(other.path(), "orders", 0);
    let twice = said(&[one.path(), other.path()], &["stats", "--json"]);
    let notes = serde_json::from_slice::<Value>(&twice).unwrap()["notes"].to_string();
    assert!(notes.contains("partition 0 is in ") && notes.contains("counted twice"), "{notes}");
    let dir = |folder: &tempfile::TempDir| folder.path().to_str().unwrap().to_owned();
    let (one_dir, third_dir) = (dir(&one), dir(&third));
    let (message, code) = error(&["stats", "--dir", &one_dir, "--dir", &third_dir]);
    assert!(
        message.contains("a trail of topic orders") && message.contains("one of payments") && code == 1,
        "{message}"
    );
    assert_eq!(error(&["stats", "--dir", &one_dir, "--dir", &one_dir]).1, 2);
    assert_eq!(
        error(&["stats", "--dir", "/nowhere"]),
        ("no trail in /nowhere (tracker.events is not there): pass --dir".to_owned(), 1)
    );
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    for flags in [&["--from", "9", "--to", "9"][..], &["--offset", "1..2", "--from", "1"]] {
        assert_eq!(error(&[&["query"], flags].concat()).1, 2, "{flags:?}");
    }
    assert_eq!(error(&["replay", "--to-topic", "x", "--gaps"]).1, 2);
    assert_eq!(error(&["replay", "--to-topic", "x", "-X", "acks=0"]).1, 2);
    for flags in [&["query", "--valid", "--gaps"][..], &["query", "--offset", "2..1"], &["show"], &["show", "x"]] {
        assert!(AuditArgs::try_parse_from(["audit"].iter().chain(flags)).is_err(), "{flags:?}");
    }
}

#[test]
fn a_reader_that_has_gone_is_a_quiet_end() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let dir = folder();
    trail(dir.path(), "orders", 1);
    for flags in [&["stats"][..], &["query"], &["query", "--csv"], &["query", "--json"], &["extract"], &["show", "1"]] {
        let error = try_run(&[flags, &["--dir", dir.path().to_str().unwrap()]].concat(), &mut Gone).unwrap_err();
        assert!(error.is_quiet_end(), "{flags:?}: {error}");
    }
}

/// Texts of letters that JSON can spell in more than one way.
fn letters() -> impl Strategy<Value = String> {
    proptest::collection::vec(prop_oneof![Just('Z'), Just('/'), Just('"'), Just('\\'), Just('é'), Just('\n')], 1..6)
        .prop_map(String::from_iter)
}

/// The text as JSON, with every character as an escape.
fn escaped(text: &str) -> String {
    let units: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    format!("\"{units}\"")
}

proptest! {
    #[test]
    fn a_text_is_found_exactly_where_it_stands(payload in letters(), wanted in letters(), is_text: bool) {
        let dir = folder();
        let bytes = if is_text { payload.clone().into_bytes() } else { [payload.as_bytes(), b"\xff"].concat() };
        let made = Made { topic: "t", payload: Some(&bytes), ..Made::default() };
        fs::write(dir.path().join("tracker.events"), line(&made)).unwrap();
        let found = !said(&[dir.path()], &["query", "--json", &format!("--text={wanted}")]).is_empty();
        prop_assert_eq!(found, payload.contains(&wanted));
    }

    #[test]
    fn an_order_is_found_however_its_id_is_spelled(id in letters(), wanted in letters(), is_escaped: bool, valid: bool) {
        let dir = folder();
        let spelled = if is_escaped { escaped(&id) } else { serde_json::to_string(&id).unwrap() };
        let payload = format!("{{\"a\":1,\"order_id\":{spelled},\"customer_info\":{{\"name\":{spelled}}}}}");
        let made = Made { topic: "t", payload: Some(payload.as_bytes()), is_valid: valid, ..Made::default() };
        fs::write(dir.path().join("tracker.events"), line(&made)).unwrap();
        for flag in ["order-id", "customer"] {
            for (wanted, expected) in [(&id, true), (&wanted, wanted == id)] {
                let found = !said(&[dir.path()], &["query", "--json", &format!("--{flag}={wanted}")]).is_empty();
                prop_assert_eq!(found, expected, "{} {:?} in {}", flag, wanted, payload);
            }
        }
    }
}
