//! Every change of what is sealed is found: all bytes of a small trail, and thousands of changes of
//! every kind of larger ones.

use super::maker::{CHECKPOINTS, Dice, EVENTS, KEYS, Maker, SEAL, SEGMENTS};
use super::{folder_of, verified};
use ordertrail::words::seal::SegmentEntry;
use std::fs;
use std::num::NonZero;

/// How many random changes.
const CHANGES: usize = 10_000;

/// How many trails they are made to.
const TRAILS: usize = 50;

/// Whether only fields were changed of which docs/formats.md says that nobody can check them.
fn is_unchecked(name: &str, before: &[u8], after: &[u8]) -> bool {
    match name {
        SEGMENTS => {
            let plain = |bytes: &[u8]| {
                let entry = |line: &[u8]| {
                    let mut entry = SegmentEntry::parse(line).ok().filter(|entry| entry.to_line() == line)?;
                    entry.positions.retain(|_, position| !position.without_line);
                    Some(SegmentEntry { started_ms: 0, closed_ms: 0, ..entry })
                };
                bytes.split_inclusive(|&byte| byte == b'\n').map(entry).collect::<Option<Vec<_>>>()
            };
            plain(before).is_some_and(|before| Some(before) == plain(after))
        }
        _ => false,
    }
}

#[test]
fn every_changed_byte_of_a_small_trail_is_found() {
    let mut dice = Dice(11);
    let mut maker = Maker::new();
    maker.some_lines(2, &mut dice);
    maker.rotate();
    maker.rotate_key(2);
    maker.some_lines(2, &mut dice);
    maker.seal();
    maker.some_lines(1, &mut dice);
    maker.stop();
    let places: Vec<(String, usize)> =
        maker.files.iter().flat_map(|(name, bytes)| (0..bytes.len()).map(move |at| (name.clone(), at))).collect();
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    std::thread::scope(|scope| {
        for part in places.chunks(places.len().div_ceil(threads)) {
            let maker = &maker;
            scope.spawn(move || {
                let folder = folder_of(maker);
                for (name, at) in part {
                    let path = folder.path().join(name);
                    let before = &maker.files[name];
                    for flip in [0x01_u8, 0x20, 0x80, 0x0a ^ before[*at]] {
                        let mut after = before.clone();
                        after[*at] ^= flip;
                        if after == *before || is_unchecked(name, before, &after) {
                            continue;
                        }
                        fs::write(&path, &after).expect("room");
                        assert!(
                            !verified(&folder).is_sound,
                            "byte {at} of {name} with {flip:#x} was missed in {}",
                            String::from_utf8_lossy(before)
                        );
                    }
                    fs::write(&path, before).expect("room");
                }
                assert!(verified(&folder).is_sound);
            });
        }
    });
}

/// What was done to a file, in words for a failure.
struct Change {
    name: String,
    what: &'static str,
    at: usize,
    after: Vec<u8>,
}

/// Where each line, or note of `lines` lines, of a file begins; and its end.
fn bounds(bytes: &[u8], lines: usize) -> Vec<usize> {
    let ends = memchr::memchr_iter(b'\n', bytes).map(|at| at + 1).collect::<Vec<_>>();
    std::iter::once(0).chain(ends.chunks(lines).filter_map(|part| part.last().copied())).collect()
}

fn change_trail(bytes: &[u8], dice: &mut Dice) -> Option<(&'static str, usize, Vec<u8>)> {
    let bounds = bounds(bytes, 1);
    let line = |number: usize| &bytes[bounds[number]..bounds[number + 1]];
    let count = bounds.len() - 1;
    if count == 0 {
        return None;
    }
    let at = dice.below(count);
    let (start, end) = (bounds[at], bounds[at + 1]);
    let mut after = bytes[..start].to_vec();
    let what = match dice.below(8) {
        0 => {
            after.extend_from_slice(&bytes[end..]);
            "a line removed"
        }
        1 => {
            after.extend_from_slice(line(at));
            after.extend_from_slice(&bytes[start..]);
            "a line twice"
        }
        2 => {
            let other = dice.below(count);
            after.extend_from_slice(line(other));
            after.extend_from_slice(&bytes[start..]);
            "a line of elsewhere inserted"
        }
        3 => {
            let other = dice.below(count);
            let (low, high) = (at.min(other), at.max(other));
            let between = &bytes[bounds[low + 1]..bounds[high.max(low + 1)]];
            after.truncate(bounds[low]);
            if low == high {
                return None;
            }
            for part in [line(high), between, line(low), &bytes[bounds[high + 1]..]] {
                after.extend_from_slice(part);
            }
            "two lines swapped"
        }
        4 => "everything from a line on cut",
        5 => {
            after = bytes[..dice.below(bytes.len())].to_vec();
            "cut anywhere"
        }
        6 => {
            after = bytes.to_vec();
            let from = dice.below(bytes.len());
            let to = (from + 1 + dice.below(9)).min(bytes.len());
            after.drain(from..to);
            "bytes removed"
        }
        _ => return flip(bytes, dice),
    };
    Some((what, start, after))
}

fn flip(bytes: &[u8], dice: &mut Dice) -> Option<(&'static str, usize, Vec<u8>)> {
    let at = dice.below(bytes.len());
    let mut after = bytes.to_vec();
    *after.get_mut(at)? ^= 1 + u8::try_from(dice.below(255)).expect("a byte");
    Some(("a byte changed", at, after))
}

/// Removes or moves a whole line or note, where that can be seen: a checkpoint between two others may
/// be gone, and an older trail is one that ends earlier.
fn change_beside(name: &str, bytes: &[u8], dice: &mut Dice) -> Option<(&'static str, usize, Vec<u8>)> {
    let bounds = match name {
        CHECKPOINTS => bounds(bytes, 6),
        SEGMENTS => bounds(bytes, 1),
        _ => return flip(bytes, dice),
    };
    let count = bounds.len() - 1;
    let at = dice.below(count);
    let part = |number: usize| &bytes[bounds[number]..bounds[number + 1]];
    match (dice.below(4), name) {
        (0, SEGMENTS) => {
            Some(("a line removed", bounds[at], [&bytes[..bounds[at]], &bytes[bounds[at + 1]..]].concat()))
        }
        (0, _) => Some(("the last ones removed", bounds[at], bytes[..bounds[at]].to_vec())),
        (1, _) if at + 1 < count => {
            let swapped = [&bytes[..bounds[at]], part(at + 1), part(at), &bytes[bounds[at + 2]..]].concat();
            Some(("two swapped", bounds[at], swapped))
        }
        _ => flip(bytes, dice),
    }
}

/// The number of the first line that is another one, when it is a segment with a number in its name.
fn first_changed_line(change: &Change, before: &[u8]) -> Option<u64> {
    let first: u64 = change.name.strip_prefix("tracker.events.")?.parse().ok()?;
    let same = change.after.iter().zip(before).take_while(|(after, before)| after == before).count();
    // What was added behind the end takes the number of a line of the next segment, which is sound.
    (same < before.len()).then(|| first + memchr::memchr_iter(b'\n', &before[..same]).count() as u64)
}

fn change(maker: &Maker, dice: &mut Dice) -> Option<Change> {
    let beside = [SEAL, CHECKPOINTS, SEGMENTS, KEYS];
    let trail: Vec<&String> = maker
        .files
        .keys()
        .filter(|name| name.as_str() == EVENTS || name.rsplit('.').next().is_some_and(|end| end.parse::<u64>().is_ok()))
        .collect();
    let name = match dice.below(3) {
        0 => beside[dice.below(4)],
        _ => trail[dice.below(trail.len())],
    };
    let before = &maker.files[name];
    let (what, at, after) =
        if beside.contains(&name) { change_beside(name, before, dice)? } else { change_trail(before, dice)? };
    (after != *before && !is_unchecked(name, before, &after)).then(|| Change { name: name.to_owned(), what, at, after })
}

#[test]
fn thousands_of_changes_are_all_found() {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let seeds: Vec<u64> = (0..TRAILS as u64).collect();
    std::thread::scope(|scope| {
        for seeds in seeds.chunks(TRAILS.div_ceil(threads)) {
            scope.spawn(move || {
                for &seed in seeds {
                    let maker = Maker::full(seed);
                    let folder = folder_of(&maker);
                    let mut dice = Dice(seed ^ 0xdead);
                    let mut made = 0;
                    while made < CHANGES / TRAILS {
                        let Some(change) = change(&maker, &mut dice) else { continue };
                        made += 1;
                        let path = folder.path().join(&change.name);
                        fs::write(&path, &change.after).expect("room");
                        let report = verified(&folder);
                        let Change { name, what, at, .. } = &change;
                        assert!(
                            !report.is_sound,
                            "seed {seed}, change {made}: {what} at byte {at} of {name} was not missed"
                        );
                        if let Some(line) = first_changed_line(&change, &maker.files[name]) {
                            let is_told_sound =
                                report.sound.iter().any(|sound| (sound.first..=sound.last).contains(&line));
                            assert!(
                                !is_told_sound,
                                "seed {seed}, change {made}: line {line} of {name} is said to be sound"
                            );
                        }
                        fs::write(&path, &maker.files[name]).expect("room");
                    }
                    assert!(verified(&folder).is_sound, "seed {seed}");
                }
            });
        }
    });
}
