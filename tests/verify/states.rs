//! States in which a trail may be, and what is said of each.

use super::maker::{CHECKPOINTS, Dice, EVENTS, KEYS, Maker, ORIGIN, SEAL, SEGMENTS, START_MS};
use super::{assert_sound, folder_of, verified, verified_with};
use ordertrail::doors::audit::verify::{DamageKind, VerifyOptions};
use ordertrail::words::record::GapKind;
use ordertrail::words::seal::{KeyChain, SigningKey, VerifierKey};
use std::fs;

/// Three segments of twenty lines each and twelve lines in the newest, sealed every four lines.
fn in_segments() -> Maker {
    let mut dice = Dice(5);
    let mut maker = Maker::new();
    for part in 0..18 {
        maker.some_lines(4, &mut dice);
        maker.seal();
        if part % 5 == 4 {
            maker.rotate();
        }
    }
    maker.stop();
    maker
}

#[test]
fn untouched_trails_are_sound() {
    for seed in 0..60 {
        let maker = Maker::full(seed);
        let report = verified(&folder_of(&maker));
        assert!(report.is_sound, "seed {seed}: {:#?}", report.damages);
        assert_eq!((report.lines, report.sealed_lines, report.unsealed_lines), (maker.lines, maker.lines, 0));
        assert_eq!(report.valid + report.invalid + report.gaps, maker.lines);
    }
}

#[test]
fn a_trail_that_was_never_sealed_is_only_told_to_be_so() {
    let mut maker = Maker::new();
    maker.some_lines(5, &mut Dice(1));
    let folder = folder_of(&maker);
    let report = verified(&folder);
    assert_sound(&report);
    assert_eq!(report.unsealed_lines, 5);
    assert!(report.information[0].contains("not sealed"), "{:?}", report.information);
    let keys = Some(KeyChain::of(maker.key.verifier()));
    assert!(!verified_with(&folder, &VerifyOptions { keys, ..VerifyOptions::default() }).is_sound);
}

#[test]
fn lines_after_the_seal_are_counted_and_may_be_torn_or_no_lines_at_all() {
    let mut maker = in_segments();
    maker.start();
    maker.some_lines(3, &mut Dice(2));
    maker.file(EVENTS).extend_from_slice(b"{\"torn");
    let report = verified(&folder_of(&maker));
    assert_sound(&report);
    assert_eq!((report.unsealed_lines, report.torn_bytes), (3, 6));
    maker.file(EVENTS).extend_from_slice(b"\n");
    let report = verified(&folder_of(&maker));
    assert_sound(&report);
    assert!(report.information.iter().any(|text| text.contains("line 76")), "{:?}", report.information);
}

#[test]
fn a_kill_between_any_two_steps_leaves_a_sound_trail() {
    let mut dice = Dice(3);
    let mut maker = in_segments();
    maker.some_lines(2, &mut dice);
    maker.seal_only();
    assert_sound(&verified(&folder_of(&maker)));
    let before = maker.files[CHECKPOINTS].len();
    maker.sign();
    for end in before..maker.files[CHECKPOINTS].len() {
        let mut torn = maker.clone();
        torn.file(CHECKPOINTS).truncate(end);
        let report = verified(&folder_of(&torn));
        assert!(report.is_sound, "cut at {end}: {:#?}", report.damages);
    }
    maker.close_segment();
    assert_sound(&verified(&folder_of(&maker)));
    maker.rename_segment();
    assert_sound(&verified(&folder_of(&maker)));
    maker.seal();
    assert_sound(&verified(&folder_of(&maker)));
    let mut torn = maker.clone();
    torn.file(SEGMENTS).extend_from_slice(b"{\"first_line\":75,\"li");
    assert_sound(&verified(&folder_of(&torn)));
    maker.some_lines(2, &mut dice);
    maker.seal();
    assert_sound(&verified(&folder_of(&maker)));
}

#[test]
fn archived_segments_are_proven_and_are_damage_only_when_all_are_asked_for() {
    let maker = in_segments();
    for (taken, archived) in [(vec![1], 20), (vec![1, 21], 40), (vec![1, 21, 41], 60)] {
        let folder = folder_of(&maker);
        for first in &taken {
            fs::remove_file(folder.path().join(format!("{EVENTS}.{first}"))).expect("there");
        }
        let report = verified(&folder);
        assert_sound(&report);
        assert_eq!((report.archived_lines, report.lines), (archived, 72));
        assert!(report.information.contains(&format!("lines 1 to {archived} archived, not here")));
        let complete = VerifyOptions { is_complete: true, ..VerifyOptions::default() };
        let damage = &verified_with(&folder, &complete).damages[0];
        assert_eq!((damage.first_line, damage.last_line), (Some(1), Some(archived)));
    }
}

#[test]
fn an_archived_part_that_nothing_signed_proves_is_damage() {
    let maker = in_segments();
    let folder = folder_of(&maker);
    fs::remove_file(folder.path().join(format!("{EVENTS}.1"))).expect("there");
    fs::remove_file(folder.path().join(SEGMENTS)).expect("there");
    let report = verified(&folder);
    assert!(report.damages.iter().any(|damage| damage.what.contains("lines 1 to 20")), "{:#?}", report.damages);
}

#[test]
fn a_missing_middle_is_named_and_what_is_around_it_is_sound() {
    let folder = folder_of(&in_segments());
    fs::remove_file(folder.path().join(format!("{EVENTS}.21"))).expect("there");
    let report = verified(&folder);
    let [damage] = report.damages.as_slice() else { panic!("{:#?}", report.damages) };
    assert_eq!((damage.kind, damage.first_line, damage.last_line), (DamageKind::Missing, Some(21), Some(40)));
    let sound: Vec<_> = report.sound.iter().map(|sound| (sound.first, sound.last)).collect();
    assert_eq!(sound, [(1, 20), (41, 72)]);
}

#[test]
fn the_last_rotated_segment_may_be_the_missing_one() {
    let folder = folder_of(&in_segments());
    fs::remove_file(folder.path().join(format!("{EVENTS}.41"))).expect("there");
    let report = verified(&folder);
    let [damage] = report.damages.as_slice() else { panic!("{:#?}", report.damages) };
    assert_eq!((damage.kind, damage.first_line, damage.last_line), (DamageKind::Missing, Some(41), Some(60)));
}

#[test]
fn a_changed_line_is_named_and_lies_between_two_checkpoints() {
    let maker = in_segments();
    let folder = folder_of(&maker);
    let path = folder.path().join(format!("{EVENTS}.21"));
    let text = String::from_utf8(fs::read(&path).expect("there")).expect("UTF-8");
    // A timestamp: no other check can see that it is another one.
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let changed = lines[9].replacen("\"timestamp\":\"2", "\"timestamp\":\"3", 1);
    let bytes: usize = lines[..8].iter().map(|line| line.len()).sum();
    fs::write(&path, text.replacen(lines[9], &changed, 1)).expect("room");
    let report = verified(&folder);
    let [damage] = report.damages.as_slice() else { panic!("{:#?}", report.damages) };
    assert_eq!((damage.kind, damage.first_line, damage.last_line), (DamageKind::Altered, Some(29), Some(32)));
    assert_eq!((damage.file.as_str(), damage.byte), ("tracker.events.21", Some(bytes as u64)));
    let sound: Vec<_> = report.sound.iter().map(|sound| (sound.first, sound.last)).collect();
    assert_eq!(sound, [(1, 28), (41, 72)]);

    // A line of another length is named itself.
    fs::write(&path, text.replacen(lines[9], &lines[9].replacen("\"message_size\":", "\"message_size\":1", 1), 1))
        .expect("room");
    let report = verified(&folder);
    let damage = &report.damages[0];
    assert_eq!((damage.kind, damage.first_line, damage.last_line), (DamageKind::Line, Some(30), Some(30)));
    assert_eq!(damage.byte, Some((bytes + lines[8].len()) as u64));
    assert!(damage.what.contains("message_size") && damage.what.contains("lines 29 to 32"), "{}", damage.what);
}

#[test]
fn the_key_that_was_kept_decides() {
    let maker = Maker::full(1);
    let folder = folder_of(&maker);
    let trusting = |key: VerifierKey| {
        verified_with(&folder, &VerifyOptions { keys: Some(KeyChain::of(key)), ..VerifyOptions::default() })
    };
    let first = KeyChain::parse(std::str::from_utf8(&maker.files[KEYS]).expect("UTF-8")).expect("good");
    assert_sound(&trusting(first.keys().next().expect("one").clone()));
    assert_sound(&trusting(maker.key.verifier()));
    let stranger = SigningKey::from_seed(ORIGIN, [99; 32]).expect("a name").verifier();
    assert_eq!(trusting(stranger).damages[0].kind, DamageKind::Keys);
    fs::remove_file(folder.path().join(KEYS)).expect("there");
    assert_eq!(verified(&folder).damages[0].kind, DamageKind::Keys);
}

#[test]
fn checkpoints_from_elsewhere_must_be_of_these_lines() {
    let mut maker = in_segments();
    let with = |maker: &Maker, anchors: Vec<u8>| {
        let anchors = vec![("kept".to_owned(), anchors)];
        verified_with(&folder_of(maker), &VerifyOptions { anchors, ..VerifyOptions::default() })
    };
    let witness = SigningKey::from_seed("witness.example/w", [9; 32]).expect("a name");
    let mut kept = b"printed on Monday\n".to_vec();
    kept.extend_from_slice(&maker.files[CHECKPOINTS]);
    kept.extend(witness.sign(&maker.checkpoint(), 1).lines().skip(4).flat_map(|line| format!("{line}\n").into_bytes()));
    assert_sound(&with(&maker, kept.clone()));
    assert!(!with(&maker, b"nothing of ours".to_vec()).is_sound);
    // The same trail, cut and carried on otherwise, with everything signed again.
    let mut dice = Dice(5);
    let mut forged = Maker::new();
    forged.some_lines(8, &mut dice);
    forged.stop();
    let beyond = with(&forged, kept.clone());
    assert_eq!(beyond.damages[0].kind, DamageKind::Anchor);
    forged.some_lines(200, &mut Dice(77));
    forged.stop();
    let other = with(&forged, kept);
    assert!(other.damages.iter().all(|damage| damage.kind == DamageKind::Anchor) && !other.is_sound);
    maker.some_lines(1, &mut dice);
    maker.stop();
    let mut flipped = maker.files[CHECKPOINTS].clone();
    flipped[150] ^= 1;
    assert_eq!(with(&maker, flipped).damages[0].kind, DamageKind::Anchor);
}

#[test]
fn times_without_a_checkpoint_are_told_and_times_that_fall_are_damage() {
    let mut maker = in_segments();
    maker.time_ms += 3_600_000;
    maker.some_lines(1, &mut Dice(1));
    maker.seal();
    let report = verified(&folder_of(&maker));
    assert_sound(&report);
    assert!(report.information.iter().any(|text| text.contains("once")), "{:?}", report.information);
    maker.time_ms = START_MS;
    maker.stop();
    assert_eq!(verified(&folder_of(&maker)).damages[0].kind, DamageKind::Checkpoint);
}

#[test]
fn lines_of_the_go_program_may_stand_before_the_first_checkpoint_only() {
    let go = |offset: i64| {
        format!(
            "{{\"timestamp\":\"2026-11-21T09:12:30Z\",\"event_type\":\"message.received\",\"kafka_topic\":\"orders\",\
             \"kafka_partition\":0,\"kafka_offset\":{offset},\"raw_message\":\"{{}}\",\"message_size\":2,\
             \"deserialized\":true,\"order_full\":{{\"order_id\":\"\"}}}}\n"
        )
    };
    let mut maker = Maker::new();
    for offset in [4, 9, 9, 8, 12] {
        maker.line(go(offset).as_bytes(), 0);
    }
    maker.gap(GapKind::Retention, 1);
    let folder = folder_of(&maker);
    assert_sound(&verified(&folder));
    let mut carried_on = maker.clone();
    carried_on.continue_at(0, 13);
    carried_on.some_lines(9, &mut Dice(8));
    carried_on.stop();
    let report = verified(&folder_of(&carried_on));
    assert_sound(&report);
    assert!(report.information.iter().any(|text| text.contains("2 lines of the Go program")));
    carried_on.line(go(900).as_bytes(), 0);
    carried_on.continue_at(0, 901);
    carried_on.stop();
    assert_eq!(verified(&folder_of(&carried_on)).damages[0].kind, DamageKind::Line);
}

#[test]
fn a_line_that_does_not_follow_is_named_though_it_was_signed() {
    let mut maker = in_segments();
    maker.continue_at(1, 5_000);
    maker.message(1, Some(b"{}"), 0, &mut Dice(1));
    maker.some_lines(3, &mut Dice(1));
    maker.stop();
    let report = verified(&folder_of(&maker));
    let [damage] = report.damages.as_slice() else { panic!("{:#?}", report.damages) };
    assert_eq!((damage.kind, damage.first_line), (DamageKind::Line, Some(73)));
    assert!(damage.what.contains("offset 5000 of partition 1"), "{}", damage.what);
}

#[test]
fn whatever_file_beside_the_trail_is_gone_is_missed() {
    for name in [SEAL, CHECKPOINTS, KEYS, SEGMENTS] {
        let folder = folder_of(&in_segments());
        fs::remove_file(folder.path().join(name)).expect("there");
        assert!(!verified(&folder).is_sound, "{name}");
    }
    let folder = folder_of(&in_segments());
    for name in ["", ".1", ".21", ".41"] {
        fs::remove_file(folder.path().join(format!("{EVENTS}{name}"))).expect("there");
    }
    assert_eq!(verified(&folder).damages[0].kind, DamageKind::Missing);
}

#[test]
fn a_flood_of_line_breaks_is_damage_and_does_not_fill_the_memory() {
    let mut maker = in_segments();
    maker.start();
    let flooded = |name: &str| {
        let folder = folder_of(&maker);
        let bytes = [&maker.files[name][..], &vec![b'\n'; 5 << 20]].concat();
        fs::write(folder.path().join(name), bytes).expect("room");
        verified(&folder)
    };
    let report = flooded("tracker.events.21");
    assert_eq!(report.damages[0].first_line, Some(41));
    let sound: Vec<_> = report.sound.iter().map(|sound| (sound.first, sound.last)).collect();
    assert_eq!(sound, [(1, 40), (41, 72)]);
    // Behind the seal anything may stand: the next start cuts it.
    let report = flooded(EVENTS);
    assert_sound(&report);
    assert_eq!(report.unsealed_lines, 5 << 20);
}
