//! What was found out is told, whatever comes after it.

use super::folder_of;
use super::maker::{EVENTS, Maker};
use clap::Parser as _;
use ordertrail::programs::auditor::{AuditArgs, Terminal, run};
use ordertrail::tools::shutdown::Shutdown;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Compares with a broker that is not there: what was printed, the error, and the exit code.
fn against_nobody(dirs: &[&Path], flags: &[&str]) -> (String, Option<String>, u8) {
    let dirs = dirs.iter().flat_map(|dir| ["--dir", dir.to_str().expect("UTF-8")]);
    let nobody = ["verify", "--against-kafka", "--brokers", "127.0.0.1:1", "--connect-timeout", "300ms"];
    let words = ["audit"].into_iter().chain(nobody).chain(flags.iter().copied()).chain(dirs);
    let args = AuditArgs::try_parse_from(words).expect("good flags");
    let mut out = Vec::new();
    let done = run(&args, &Shutdown::new(), Terminal::default(), &mut out);
    let printed = String::from_utf8(out).expect("UTF-8");
    match done {
        Ok(exit) => (printed, None, exit.code()),
        Err(error) => (printed, Some(error.to_string()), error.exit().code()),
    }
}

#[test]
fn a_trail_is_judged_though_kafka_cannot_be_asked() {
    let (sound, damaged) = (folder_of(&Maker::full(3)), folder_of(&Maker::full(4)));
    let path = damaged.path().join(EVENTS);
    let newest = fs::read(&path).expect("there");
    fs::write(&path, &newest[..newest.len() - 1]).expect("room");
    let not_compared = "  NOT compared with Kafka: that ended in an error, which standard error tells\n";

    let (text, error, code) = against_nobody(&[sound.path()], &[]);
    assert!(text.contains(": sound\n") && text.ends_with(not_compared), "{text}");
    assert!(error.expect("told").contains("127.0.0.1:1"));
    assert_eq!(code, 4, "no broker answered");
    let (json, error, code) = against_nobody(&[sound.path()], &["--json"]);
    let value: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((value["is_sound"].as_bool(), code), (Some(true), 4), "{value}");
    assert_eq!(value["against_kafka"]["error"].as_str(), error.as_deref());

    // Damage is worse, and each of the trails is judged.
    for dirs in [[sound.path(), damaged.path()], [damaged.path(), sound.path()]] {
        let (text, _, code) = against_nobody(&dirs, &[]);
        assert_eq!((text.matches(not_compared).count(), code), (2, 3), "{text}");
        assert!(text.contains(": sound\n") && text.contains(": DAMAGED\n"), "{text}");
    }
}
