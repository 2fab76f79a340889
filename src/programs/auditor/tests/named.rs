//! Files that a person names may be anything.

use std::sync::mpsc::sync_channel;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::*;

/// What a command ends with, which reads nothing that has no end.
fn ended(flags: &[&str]) -> (String, u8) {
    let flags: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
    // One answer.
    let (told, heard) = sync_channel(1);
    std::thread::spawn(move || {
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        told.send(error(&flags)).unwrap();
    });
    heard.recv_timeout(Duration::from_secs(60)).expect("it waits for nobody")
}

#[test]
fn a_named_file_that_is_a_pipe_or_too_large_is_refused_and_not_read() {
    let dir = folder();
    trail(dir.path(), "orders", 0);
    let place = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (folder, pipe, large, proof) = (place(""), place("pipe"), place("large"), place("proof"));
    mknodat(CWD, &*pipe, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    fs::File::create(&large).unwrap().set_len(5 << 30).unwrap();
    fs::write(&proof, "no proof").unwrap();
    let seed = crate::words::seal::SigningKey::from_seed("ordertrail/orders/0123456789abcdef", [7; 32]).unwrap();
    let key = seed.verifier().to_string();
    for (file, why) in [(&pipe, "it is not a regular file"), (&large, "it has more than ")] {
        for flags in [
            &["verify", "--dir", &folder, "--anchors", file][..],
            &["check", file, "--line", &proof, "--key", &key],
            &["check", &proof, "--line", file, "--key", &key],
            &["check", &proof, "--line", &proof, "--key", &key, "--chain", file],
        ] {
            let (reason, exit) = ended(flags);
            assert!(reason.starts_with(&format!("cannot read {file}: {why}")), "{flags:?}: {reason}");
            assert!(reason.contains("; pass a regular file of at most "), "{flags:?}: {reason}");
            assert_eq!(exit, 1, "{flags:?}: {reason}");
        }
        let (reason, exit) = ended(&["verify", "--dir", &folder, "--key", file]);
        assert!(reason.contains(why) && reason.contains("pass tracker.events.pub"), "{reason}");
        assert_eq!(exit, 2, "{reason}");
    }
}

#[test]
fn files_beside_the_lines_that_are_pipes_hold_nobody_up() {
    let dir = folder();
    trail(dir.path(), "orders", 0);
    let place = dir.path().to_str().unwrap();
    let whole = text(dir.path(), &["query", "--json"]);
    for name in ["seal", "segments", "index"] {
        let pipe = dir.path().join(format!("tracker.events.{name}"));
        mknodat(CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    }
    assert_eq!(text(dir.path(), &["query", "--json"]), whole);
    fs::remove_file(dir.path().join("tracker.events")).unwrap();
    mknodat(CWD, dir.path().join("tracker.events"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let (reason, exit) = ended(&["stats", "--dir", place]);
    assert!(reason.contains("it is not a regular file"), "{reason}");
    assert_eq!(exit, 1);
}
