//! What somebody who may write the folder, and has not the key, can make of a trail: nothing that is called
//! sound and was not written, but what was there before.

use super::maker::{CHECKPOINTS, Dice, EVENTS, KEYS, Maker, ORIGIN, SEAL, SEGMENTS};
use super::{assert_sound, folder_of, verified, verified_with};
use ordertrail::base::tree::{Tree, leaf_hash};
use ordertrail::doors::audit::verify::{DamageKind, Report, VerifyError, VerifyOptions, verify};
use ordertrail::tools::shutdown::Shutdown;
use ordertrail::words::record::GapKind;
use ordertrail::words::seal::{KeyChain, Notes, Seal, SigningKey, VerifierKey};
use std::collections::BTreeMap;
use std::fs;

fn trusting(maker: &Maker, key: VerifierKey) -> Report {
    let keys = Some(KeyChain::of(key));
    verified_with(&folder_of(maker), &VerifyOptions { keys, ..VerifyOptions::default() })
}

/// A trail that somebody else signs, under the name of ours.
fn strangers(number: u8) -> Maker {
    let mut maker = Maker::new();
    maker.key = SigningKey::from_seed(ORIGIN, [number; 32]).expect("a name");
    maker.files.insert(KEYS.to_owned(), format!("{}\n", maker.key.verifier()).into_bytes());
    maker
}

#[test]
fn a_trail_that_the_kept_key_never_signed_is_not_sound_though_its_keys_end_with_it() {
    let kept = Maker::new().key;
    let mut forged = strangers(60);
    for with_old_note in [false, true] {
        if with_old_note {
            // The first checkpoint of the true trail, which anybody may have.
            let note = kept.sign(&Maker::new().checkpoint(), 1);
            forged = strangers(60);
            forged.file(CHECKPOINTS).extend_from_slice(note.as_bytes());
        }
        forged.some_lines(30, &mut Dice(4));
        forged.seal();
        let seal = Seal::parse(&forged.files[SEAL]).expect("a seal");
        let note = forged.key.sign_succession(seal.lines, &seal.root, &kept.verifier());
        forged.file(KEYS).extend_from_slice(note.as_bytes());
        forged.stop();
        let report = trusting(&forged, kept.verifier());
        assert!(!report.is_sound && report.covered_lines == 0, "{report:#?}");
        // By themselves its files agree: that is why a key is kept.
        if !with_old_note {
            assert_sound(&verified(&folder_of(&forged)));
        }
    }
}

#[test]
fn checkpoints_before_the_kept_key_are_passed_over_and_said() {
    let maker = Maker::full(1);
    let report = trusting(&maker, maker.key.verifier());
    assert_sound(&report);
    assert_eq!(report.covered_lines, maker.lines);
    let told = report.information.iter().any(|text| text.contains("before the one that was given"));
    assert!(told, "{:?}", report.information);
    // A key that has signed nothing yet vouches for nothing.
    let mut changed = maker.clone();
    changed.rotate_key(9);
    assert!(!trusting(&changed, changed.key.verifier()).is_sound);
    changed.stop();
    assert_sound(&trusting(&changed, changed.key.verifier()));
}

#[test]
fn sealed_lines_cannot_be_changed_with_the_seal_made_anew_and_the_checkpoints_cut() {
    let mut maker = Maker::new();
    maker.seal();
    maker.some_lines(60, &mut Dice(3));
    maker.stop();
    let text = String::from_utf8(maker.files[EVENTS].clone()).expect("UTF-8");
    let forged = text.replacen("\"timestamp\":\"2", "\"timestamp\":\"3", 1).into_bytes();
    let mut changed = maker.clone();
    changed.files.insert(EVENTS.to_owned(), forged.clone());
    resealed(&mut changed, &forged, false);
    let first = Notes::new(&maker.files[CHECKPOINTS]).next().expect("one").bytes.to_vec();
    changed.files.insert(CHECKPOINTS.to_owned(), first.clone());
    let report = trusting(&changed, maker.key.verifier());
    let damage = report.damages.iter().find(|damage| damage.kind == DamageKind::Seal).expect("not signed");
    assert!(damage.what.contains("not signed by the key"), "{damage:?}");
    assert_eq!(report.covered_lines, 0);
    // With the true lines and the true seal the checkpoints are not needed: the seal is signed.
    let mut cut = maker.clone();
    cut.files.insert(CHECKPOINTS.to_owned(), first);
    cut.start();
    let report = trusting(&cut, maker.key.verifier());
    assert_sound(&report);
    assert_eq!((report.covered_lines, report.signed_lines), (60, 0));
}

/// Makes the seal that of other lines, as far as it can be done without the key.
fn resealed(maker: &mut Maker, lines: &[u8], clean: bool) {
    use sha2::{Digest as _, Sha256};
    let mut seal = Seal::parse(&maker.files[SEAL]).expect("a seal");
    let mut tree = Tree::new();
    lines.split_inclusive(|&byte| byte == b'\n').for_each(|line| tree.push(leaf_hash(&line[..line.len() - 1])));
    let last = &lines[lines.len().saturating_sub(65_536)..];
    (seal.root, seal.frontier, seal.clean) = (tree.root(), tree.frontier(), clean);
    seal.segment.bytes = lines.len() as u64;
    (seal.tail.bytes, seal.tail.sha256) = (last.len() as u64, Sha256::digest(last).into());
    maker.files.insert(SEAL.to_owned(), seal.to_bytes());
}

#[test]
fn lines_behind_the_seal_of_a_tracker_that_stopped_as_asked_are_damage() {
    let mut maker = Maker::full(2);
    let sealed = maker.lines;
    maker.some_lines(2, &mut Dice(1));
    let report = verified(&folder_of(&maker));
    let [damage] = report.damages.as_slice() else { panic!("{:#?}", report.damages) };
    assert_eq!((damage.first_line, damage.last_line), (Some(sealed + 1), Some(sealed + 2)));
    assert!(damage.what.contains("stopped as asked"), "{damage}");
    let mut torn = Maker::full(2);
    torn.file(EVENTS).extend_from_slice(b"{\"torn");
    assert!(!verified(&folder_of(&torn)).is_sound);
}

#[test]
fn a_tracker_that_starts_while_a_clean_seal_is_verified_is_no_damage() {
    let mut maker = Maker::full(2);
    let before = maker.files[SEAL].clone();
    maker.start();
    maker.some_lines(2, &mut Dice(1));
    let folder = folder_of(&maker);
    let after = fs::read(folder.path().join(SEAL)).expect("there");
    fs::write(folder.path().join(SEAL), before).expect("room");
    // The seal is read first; the lines, which are there already, and the end come after it.
    let report = verify(folder.path(), &VerifyOptions::default(), &Shutdown::new(), |_, _| {
        fs::write(folder.path().join(SEAL), &after).expect("room");
    });
    assert_sound(&report.expect("it can be read"));
}

#[test]
fn an_anchor_of_archived_lines_that_no_checkpoint_of_the_folder_has_is_damage() {
    let mut dice = Dice(5);
    let mut maker = Maker::new();
    for _ in 0..4 {
        maker.some_lines(5, &mut dice);
        maker.seal();
    }
    maker.rotate();
    maker.some_lines(5, &mut dice);
    maker.stop();
    let mut archived = maker.clone();
    archived.files.remove("tracker.events.1");
    let with = |maker: &Maker, anchors: &[u8]| {
        let anchors = vec![("kept".to_owned(), anchors.to_vec())];
        verified_with(&folder_of(maker), &VerifyOptions { anchors, ..VerifyOptions::default() })
    };
    let notes = &maker.files[CHECKPOINTS];
    assert_sound(&with(&archived, notes));
    // The holder of the key writes another past, archives it, and leaves out the sizes that were published.
    let all: Vec<Vec<u8>> = Notes::new(notes).map(|note| note.bytes.to_vec()).collect();
    archived.files.insert(CHECKPOINTS.to_owned(), all[3..].concat());
    let report = with(&archived, &all[..3].concat());
    assert!(report.damages.iter().all(|damage| damage.kind == DamageKind::Anchor) && !report.is_sound);
    assert!(report.damages[0].what.contains("none of 5 lines"), "{:?}", report.damages);
}

#[test]
fn anchors_of_which_none_can_be_compared_prove_nothing() {
    let mut maker = Maker::full(1);
    let old = maker.files[CHECKPOINTS].clone();
    maker.rotate_key(9);
    maker.some_lines(3, &mut Dice(1));
    maker.stop();
    let keys = Some(KeyChain::of(maker.key.verifier()));
    let anchors = vec![("kept".to_owned(), old)];
    let report = verified_with(&folder_of(&maker), &VerifyOptions { keys, anchors, ..VerifyOptions::default() });
    let [damage] = report.damages.as_slice() else { panic!("{:#?}", report.damages) };
    assert!(damage.kind == DamageKind::Anchor && damage.what.contains("could be compared"), "{damage}");
}

#[test]
fn a_pipe_in_the_place_of_any_file_is_an_error_and_holds_nothing_up() {
    let maker = Maker::full(3);
    for name in maker.files.keys() {
        let folder = folder_of(&maker);
        let path = folder.path().join(name);
        fs::remove_file(&path).expect("there");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("a pipe");
        let error = verify(folder.path(), &VerifyOptions::default(), &Shutdown::new(), |_, _| {});
        let error = error.expect_err("a pipe is no file");
        assert!(
            matches!(error, VerifyError::Disk { .. }) && error.to_string().contains("not a regular file"),
            "{error}"
        );
    }
}

/// All lines of a trail, over all segments.
fn lines(files: &BTreeMap<String, Vec<u8>>) -> Vec<Vec<u8>> {
    let number = |name: &str| name.strip_prefix("tracker.events.").and_then(|end| end.parse::<u64>().ok());
    let mut segments: Vec<(u64, &Vec<u8>)> =
        files.iter().filter_map(|(name, bytes)| Some((number(name)?, bytes))).collect();
    segments.sort_unstable_by_key(|(first, _)| *first);
    let bytes = segments.into_iter().map(|(_, bytes)| bytes).chain(files.get(EVENTS)).flatten().copied();
    bytes.collect::<Vec<u8>>().split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect()
}

/// Files that were there at any time, put together at random, with lines changed and the seal made anew.
#[test]
fn whatever_is_put_together_without_the_key_is_an_older_state_or_damage() {
    let mut sound = 0;
    for seed in 0..40 {
        let mut dice = Dice(seed);
        let mut maker = Maker::new();
        let mut states = Vec::new();
        for part in 0..8 {
            maker.some_lines(6, &mut dice);
            if part == 4 {
                maker.gap(GapKind::Retention, 0);
            }
            maker.seal();
            states.push(maker.files.clone());
            match part {
                2 => maker.rotate(),
                5 => maker.rotate_key(2),
                6 => maker.stop(),
                _ => {}
            }
            states.push(maker.files.clone());
        }
        maker.stop();
        states.push(maker.files.clone());
        let first = KeyChain::parse(std::str::from_utf8(&maker.files[KEYS]).expect("UTF-8")).expect("good");
        let (keys, truth) = (Some(KeyChain::of(first.keys().next().expect("one").clone())), lines(&maker.files));
        for _ in 0..60 {
            let mut mixed = maker.clone();
            let base = dice.below(states.len());
            mixed.files = states[base].clone();
            for name in [SEAL, CHECKPOINTS, KEYS, SEGMENTS] {
                let other = &states[dice.below(states.len())];
                match (dice.below(5), other.get(name)) {
                    (0, _) => drop(mixed.files.remove(name)),
                    (1, Some(bytes)) => drop(mixed.files.insert(name.to_owned(), bytes.clone())),
                    _ => {}
                }
            }
            let is_changed = dice.below(2) == 0;
            if is_changed {
                let text = String::from_utf8(mixed.files[EVENTS].clone()).expect("UTF-8");
                let forged = text.replacen("\"timestamp\":\"2", "\"timestamp\":\"3", 1).into_bytes();
                mixed.files.insert(EVENTS.to_owned(), forged.clone());
                if dice.below(2) == 0 && mixed.files.contains_key(SEAL) {
                    resealed(&mut mixed, &forged, dice.below(2) == 0);
                }
            }
            let folder = folder_of(&mixed);
            let report = verified_with(&folder, &VerifyOptions { keys: keys.clone(), ..VerifyOptions::default() });
            if report.is_sound {
                sound += 1;
                let covered = usize::try_from(report.covered_lines).expect("small");
                assert_eq!(lines(&mixed.files)[..covered], truth[..covered], "seed {seed}");
            }
        }
    }
    assert!(sound > 100, "{sound}: too little was sound to say anything");
}
