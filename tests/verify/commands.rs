//! The subcommands, as a person types them.

use super::maker::{CHECKPOINTS, Dice, EVENTS, KEYS, Maker};
use super::{assert_sound, folder_of, verified};
use clap::Parser as _;
use ordertrail::doors::audit::{KeysError, rotate_key, settle_keys};
use ordertrail::programs::auditor::{AuditArgs, Terminal, run};
use ordertrail::tools::durable::OsDisk;
use ordertrail::tools::durable::{Lock, LockAttempt};
use ordertrail::tools::exit::Exit;
use ordertrail::tools::shutdown::Shutdown;
use ordertrail::words::seal::{LineProof, SigningKey};
use serde_json::Value;
use signed_note::{Note, StandardVerifier, VerifierList};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Runs `audit --dir DIR …`; what it printed, and its exit code.
fn audit(dir: &Path, flags: &[&str]) -> (String, u8) {
    let dir = dir.to_str().expect("UTF-8");
    let args = AuditArgs::try_parse_from(["audit"].iter().chain(flags).chain(&["--dir", dir])).expect("good flags");
    let mut out = Vec::new();
    match run(&args, &Shutdown::new(), Terminal::default(), &mut out) {
        Ok(exit) => (String::from_utf8(out).expect("UTF-8"), exit.code()),
        Err(error) => (error.to_string(), error.exit().code()),
    }
}

fn line(maker: &Maker, number: usize) -> Vec<u8> {
    let segments: [String; 3] = std::array::from_fn(|part| {
        let mut names: Vec<(u64, &String)> = maker
            .files
            .keys()
            .filter_map(|name| Some((name.strip_prefix("tracker.events.")?.parse().ok()?, name)))
            .collect();
        names.sort_unstable();
        names.get(part).map_or(EVENTS.to_owned(), |(_, name)| (*name).clone())
    });
    let all: Vec<u8> = segments.iter().flat_map(|name| maker.files[name].clone()).collect();
    all.split(|&byte| byte == b'\n').nth(number - 1).expect("so many").to_vec()
}

#[test]
fn a_sound_trail_and_a_damaged_one_are_told_apart_by_the_exit_code() {
    let maker = Maker::full(3);
    let folder = folder_of(&maker);
    let (text, code) = audit(folder.path(), &["verify"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains(": sound\n") && text.contains("3 segments"), "{text}");
    let (json, _) = audit(folder.path(), &["verify", "--json"]);
    let value: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((value["is_sound"].as_bool(), value["lines"].as_u64()), (Some(true), Some(maker.lines)));

    let second = folder_of(&Maker::full(4));
    let path = folder.path().join(EVENTS);
    let newest = fs::read(&path).expect("there");
    fs::write(&path, &newest[..newest.len() - 1]).expect("room");
    let (text, code) = audit(folder.path(), &["verify", "--dir", second.path().to_str().expect("UTF-8")]);
    assert_eq!(code, Exit::Damaged.code(), "{text}");
    assert!(text.contains(": DAMAGED\n  first: line ") && text.contains(": sound\n"), "{text}");
    assert!(text.contains("sound: lines 1 to ") && text.contains("up to the checkpoint of 2026-"), "{text}");
    let (json, code) = audit(folder.path(), &["verify", "--json"]);
    let value: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((code, value["damages"][0]["kind"].as_str()), (3, Some("missing")));
    assert_eq!(value["damages"][0]["last_line"].as_u64(), Some(maker.lines));
}

/// A folder of another topic or run is as sound, so it is said which one was looked at, and who vouches for it.
#[test]
fn which_trail_was_judged_by_which_key_is_said() {
    let maker = Maker::full(3);
    let folder = folder_of(&maker);
    let public = String::from_utf8(maker.files[KEYS].clone()).expect("UTF-8");
    let first = public.lines().next().expect("a key");
    let (origin, id) = first
        .split_once('+')
        .map(|(origin, rest)| (origin, rest.get(..8).unwrap_or_default()))
        .expect("a verifier key");
    for (flags, how, is_given) in
        [(&[][..], "the folder, which proves nothing to others", false), (&["--key", public.as_str()], "--key", true)]
    {
        let (text, _) = audit(folder.path(), &[&["verify"], flags].concat());
        assert!(text.contains(&format!(": sound\n  trail {origin}, key +{id} from {how}\n")), "{text}");
        assert!(!text.contains("next:"), "{text}");
        let (json, _) = audit(folder.path(), &[&["verify", "--json"], flags].concat());
        let value: Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(value["origin"].as_str(), Some(origin));
        assert_eq!(value["key"], serde_json::json!({"id": id, "is_given": is_given}));
    }
}

#[test]
fn missing_lines_are_not_counted_as_here_and_damage_ends_with_the_next_step() {
    let folder = folder_of(&Maker::full(3));
    let (json, _) = audit(folder.path(), &["verify", "--json"]);
    let all = serde_json::from_str::<Value>(&json).expect("JSON")["lines"].as_u64().expect("a count");
    let entries = fs::read_to_string(folder.path().join("tracker.events.segments")).expect("there");
    let last: Value = serde_json::from_str(entries.lines().last().expect("one")).expect("JSON");
    let name = format!("{EVENTS}.{}", last["first_line"]);
    fs::remove_file(folder.path().join(name)).expect("there");
    let (text, code) = audit(folder.path(), &["verify"]);
    assert_eq!(code, Exit::Damaged.code(), "{text}");
    let here = all - last["lines"].as_u64().expect("a count");
    assert!(text.contains(&format!("\n  {here} lines, ")), "{text}");
    assert!(text.trim_end().lines().last().is_some_and(|line| line.contains("docs/operating.md")), "{text}");
}

#[test]
fn the_key_may_be_typed_or_be_in_a_file() {
    let maker = Maker::full(2);
    let folder = folder_of(&maker);
    let key = maker.key.verifier().to_string();
    let kept = TempDir::new().expect("a folder");
    let file = kept.path().join("kept.pub");
    fs::write(&file, format!("{key}\n")).expect("room");
    for given in [key.as_str(), file.to_str().expect("UTF-8")] {
        assert_eq!(audit(folder.path(), &["verify", "--key", given]).1, 0);
    }
    assert_eq!(audit(folder.path(), &["verify", "--key", "nonsense"]).1, Exit::Usage.code());
}

#[test]
fn a_line_is_proven_and_the_proof_holds_alone() {
    let maker = Maker::full(6);
    let folder = folder_of(&maker);
    let alone = TempDir::new().expect("a folder");
    let (proof, text, key) = (alone.path().join("a.tlog-proof"), alone.path().join("line"), alone.path().join("pub"));
    let [proof_name, text_name, key_name] = [&proof, &text, &key].map(|path: &PathBuf| path.to_str().expect("UTF-8"));
    fs::write(&key, &maker.files[KEYS]).expect("room");
    for number in [1, 7, usize::try_from(maker.lines).expect("small")] {
        let (told, code) = audit(folder.path(), &["prove", &number.to_string(), "-o", proof_name]);
        assert_eq!(code, 0, "{told}");
        for end in ["", "\n"] {
            fs::write(&text, [&line(&maker, number), end.as_bytes()].concat()).expect("room");
            let (told, code) = audit(alone.path(), &["check", proof_name, "--line", text_name, "--key", key_name]);
            assert_eq!(code, 0, "{told}");
            assert!(told.contains(&format!("line {number} of the {} lines", maker.lines)), "{told}");
        }
        fs::write(&text, line(&maker, number + 1 - 2 * (number / 2).min(1))).expect("room");
        let (told, code) = audit(alone.path(), &["check", proof_name, "--line", text_name, "--key", key_name]);
        assert_eq!(code, Exit::Damaged.code(), "{told}");
    }
}

#[test]
fn a_proof_is_one_that_the_independent_implementation_accepts() {
    let maker = Maker::full(6);
    let folder = folder_of(&maker);
    let (text, code) = audit(folder.path(), &["prove", "9"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nindex 8\n"), "{text}");
    let (head, note) = text.split_once("\n\n").expect("an empty line");
    let note = Note::from_bytes(note.as_bytes()).expect("a note");
    let verifier = StandardVerifier::new(&maker.key.verifier().to_string()).expect("a key");
    note.verify(&VerifierList::new(vec![Box::new(verifier)])).expect("signed");
    let checkpoint = tlog_tiles::Checkpoint::from_bytes(note.text()).expect("a checkpoint");
    let hashes: Vec<_> = head.lines().skip(2).map(|hash| tlog_tiles::Hash::parse_hash(hash).expect("a hash")).collect();
    let leaf = tlog_tiles::record_hash(&line(&maker, 9));
    tlog_tiles::check_record(&hashes, checkpoint.size(), *checkpoint.hash(), 8, leaf).expect("proven");
}

#[test]
fn a_message_is_found_by_its_offset_and_archived_lines_are_not_proven() {
    let mut maker = Maker::new();
    let mut dice = Dice(2);
    for number in 0..30_i64 {
        maker.message(2, Some(format!("{{\"n\":{number}}}").as_bytes()), i64::from(number == 20), &mut dice);
        if number == 14 {
            maker.rotate();
        }
    }
    maker.seal();
    maker.some_lines(1, &mut dice);
    let folder = folder_of(&maker);
    let index = |flags: &[&str]| LineProof::parse(&audit(folder.path(), flags).0).map(|proof| proof.index).ok();
    assert_eq!(index(&["prove", "--offset", "2/19"]), Some(19));
    assert_eq!(index(&["prove", "--offset", "2/22"]), Some(21));
    let (told, code) = audit(folder.path(), &["prove", "--offset", "2/20"]);
    assert!(code == 1 && told.contains("no signed line"), "{told}");
    let (told, code) = audit(folder.path(), &["prove", "31"]);
    assert!(code == 1 && told.contains("30 lines are signed"), "{told}");
    fs::remove_file(folder.path().join("tracker.events.1")).expect("there");
    assert_eq!(index(&["prove", "--offset", "2/22"]), Some(21));
    let (told, code) = audit(folder.path(), &["prove", "3"]);
    assert!(code == 1 && told.contains("archived"), "{told}");
    let path = folder.path().join(EVENTS);
    let changed = fs::read_to_string(&path).expect("there").replacen("2026", "2027", 1);
    fs::write(path, changed).expect("room");
    assert_eq!(audit(folder.path(), &["prove", "20"]).1, Exit::Damaged.code());
}

/// A folder with its private key.
fn with_key(maker: &Maker) -> TempDir {
    let folder = folder_of(maker);
    fs::write(folder.path().join("tracker.events.key"), maker.key.to_text()).expect("room");
    folder
}

#[test]
fn a_new_key_is_signed_by_the_old_one_and_the_trail_goes_on() {
    let mut maker = Maker::full(9);
    let folder = with_key(&maker);
    let (told, code) = audit(folder.path(), &["rotate-key", "--json"]);
    assert_eq!(code, 0, "{told}");
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["lines"].as_u64(), Some(maker.lines));
    assert_eq!(told["old"].as_str(), Some(maker.key.verifier().to_string().as_str()));
    assert_sound(&verified(&folder));
    let private = folder.path().join("tracker.events.key");
    assert_eq!(fs::metadata(&private).expect("there").permissions().mode() & 0o777, 0o600);
    maker.key = SigningKey::parse(&fs::read_to_string(private).expect("there")).expect("good");
    assert_eq!(told["new"].as_str(), Some(maker.key.verifier().to_string().as_str()));
    maker.files.insert(KEYS.to_owned(), fs::read(folder.path().join(KEYS)).expect("there"));
    maker.some_lines(4, &mut Dice(1));
    maker.stop();
    assert_sound(&verified(&folder_of(&maker)));
    let names: Vec<_> = fs::read_dir(folder.path()).expect("there").flatten().map(|entry| entry.file_name()).collect();
    assert!(
        !names.iter().any(|name| name.to_string_lossy().ends_with("next") || name.to_string_lossy().ends_with("tmp"))
    );
}

#[test]
fn no_key_is_changed_while_lines_are_sealed_that_no_checkpoint_has() {
    let mut maker = Maker::full(9);
    let signed_lines = maker.lines;
    let refused = |maker: &Maker, signed: u64| {
        let folder = with_key(maker);
        let (told, code) = audit(folder.path(), &["rotate-key"]);
        assert_eq!(code, 1, "{told}");
        assert!(told.contains(&format!("the last checkpoint is of {signed}:")), "{told}");
        assert!(told.contains("start the tracker and stop it"), "{told}");
        assert_eq!(fs::read(folder.path().join(KEYS)).expect("there"), maker.files[KEYS]);
        assert!(!folder.path().join("tracker.events.key.next").exists());
    };
    for checkpoints in [None, Some(&maker.files[CHECKPOINTS][..40])] {
        let mut without = maker.clone();
        without.files.remove(CHECKPOINTS);
        if let Some(torn) = checkpoints {
            without.files.insert(CHECKPOINTS.to_owned(), torn.to_vec());
        }
        refused(&without, 0);
    }
    maker.some_lines(3, &mut Dice(1));
    maker.seal_only();
    refused(&maker, signed_lines);
    maker.sign();
    assert_eq!(audit(with_key(&maker).path(), &["rotate-key"]).1, 0);
}

#[test]
fn a_proof_by_a_later_key_is_checked_with_the_first_one_and_the_chain() {
    let mut maker = Maker::new();
    let first = maker.key.verifier().to_string();
    maker.some_lines(5, &mut Dice(1));
    maker.seal();
    maker.rotate_key(2);
    maker.some_lines(5, &mut Dice(1));
    maker.stop();
    let folder = folder_of(&maker);
    let alone = TempDir::new().expect("a folder");
    let [proof, text, chain] = ["proof", "line", "now.pub"].map(|name| alone.path().join(name));
    let [proof, text, chain] = [&proof, &text, &chain].map(|path: &PathBuf| path.to_str().expect("UTF-8"));
    assert_eq!(audit(folder.path(), &["prove", "5", "-o", proof]).1, 0);
    fs::write(text, line(&maker, 5)).expect("room");
    fs::write(chain, &maker.files[KEYS]).expect("room");
    let check = |key: &str, more: &[&str]| {
        audit(alone.path(), &[&["check", proof, "--line", text, "--key", key], more].concat())
    };
    let (told, code) = check(&first, &[]);
    assert!(code == 3 && told.contains("--chain") && told.contains("rotate-key"), "{told}");
    let (told, code) = check(&first, &["--chain", chain]);
    assert!(code == 0 && told.contains("line 5 of the 10 lines"), "{told}");
    let stranger = SigningKey::from_seed(maker.key.origin(), [77; 32]).expect("a name").verifier().to_string();
    let (told, code) = check(&stranger, &["--chain", chain]);
    assert!(code == Exit::Usage.code() && told.contains("does not begin with the key"), "{told}");
}

#[test]
fn the_headline_says_up_to_where_signatures_reach() {
    let mut maker = Maker::full(3);
    let sealed = maker.lines;
    let told = |maker: &Maker| audit(folder_of(maker).path(), &["verify"]).0;
    assert!(told(&maker).contains(": sound\n"), "{}", told(&maker));
    maker.start();
    maker.some_lines(4, &mut Dice(1));
    let headline = format!(": sound up to line {sealed}; no signature covers the lines after it\n");
    assert!(told(&maker).contains(&headline), "{}", told(&maker));
    maker.seal_only();
    let of_seal = format!("lines {} to {} are signed in the seal", sealed + 1, sealed + 4);
    assert!(told(&maker).contains(": sound\n") && told(&maker).contains(&of_seal), "{}", told(&maker));
    let mut unsealed = Maker::new();
    unsealed.some_lines(4, &mut Dice(1));
    unsealed.files.retain(|name, _| name == EVENTS);
    assert!(told(&unsealed).contains(": nothing is damaged, and no line is signed\n"), "{}", told(&unsealed));
}

#[test]
fn no_key_is_changed_while_a_tracker_runs_or_when_the_keys_do_not_fit() {
    let maker = Maker::full(9);
    let folder = with_key(&maker);
    let held = Lock::try_acquire(&folder.path().join("tracker.events.lock")).expect("it can be locked");
    assert!(matches!(held, LockAttempt::Acquired(_)));
    assert!(matches!(rotate_key(folder.path(), [7; 32]), Err(KeysError::Held { .. })));
    drop(held);
    let private = folder.path().join("tracker.events.key");
    let stranger = SigningKey::from_seed(maker.key.origin(), [55; 32]).expect("a name");
    fs::write(&private, stranger.to_text()).expect("room");
    assert!(matches!(rotate_key(folder.path(), [7; 32]), Err(KeysError::Mismatch { .. })));
    fs::remove_file(private).expect("there");
    assert!(matches!(rotate_key(folder.path(), [7; 32]), Err(KeysError::NoKey { .. })));
    assert_eq!(fs::read(folder.path().join(KEYS)).expect("there"), maker.files[KEYS]);
    let empty = TempDir::new().expect("a folder");
    assert!(matches!(rotate_key(empty.path(), [7; 32]), Err(KeysError::NoKey { .. })));
    assert_eq!(fs::read_dir(empty.path()).expect("there").count(), 0);
}

#[test]
fn a_crash_at_any_step_of_a_change_of_keys_leaves_one_key_that_fits() {
    let maker = Maker::full(9);
    let new = SigningKey::from_seed(maker.key.origin(), [7; 32]).expect("a name");
    let rotated = with_key(&maker);
    rotate_key(rotated.path(), [7; 32]).expect("it can be changed");
    let public = fs::read(rotated.path().join(KEYS)).expect("there");
    let next = new.to_text().into_bytes();
    // What is beside the old files after each step: the next key, the replacement, the public file.
    let (key, replacement) = ("tracker.events.key.next", "tracker.events.pub.tmp");
    let steps: [&[(&str, &[u8])]; 5] = [
        &[(key, &next[..40])],
        &[(key, &next)],
        &[(key, &next), (replacement, &public[..100])],
        &[(key, &next), (replacement, &public)],
        &[(key, &next), (KEYS, &public)],
    ];
    for (number, files) in steps.into_iter().enumerate() {
        let folder = with_key(&maker);
        for (name, bytes) in files {
            fs::write(folder.path().join(name), bytes).expect("room");
        }
        assert_sound(&verified(&folder));
        let (settled, chain) = settle_keys(&OsDisk, folder.path()).expect("repaired").expect("there");
        let expected = if files[1..].iter().any(|(name, _)| *name == KEYS) { &new } else { &maker.key };
        assert_eq!(settled.verifier(), expected.verifier(), "step {number}");
        assert_eq!(*chain.last(), expected.verifier());
        assert!(!folder.path().join("tracker.events.key.next").exists());
        assert_sound(&verified(&folder));
        rotate_key(folder.path(), [8; 32]).expect("it can be changed after that");
        assert_sound(&verified(&folder));
    }
}

#[test]
fn a_verification_that_was_stopped_is_not_taken_for_a_good_one() {
    let folder = folder_of(&Maker::full(1));
    let stop = Shutdown::new();
    stop.request();
    for command in [&["verify"][..], &["prove", "3"]] {
        let dir = folder.path().to_str().expect("UTF-8");
        let args = AuditArgs::try_parse_from(["audit", "--dir", dir].iter().chain(command)).expect("good flags");
        let stopped = run(&args, &stop, Terminal::default(), &mut Vec::new()).expect_err("stopped");
        assert_eq!(stopped.exit(), Exit::Failed);
    }
}
