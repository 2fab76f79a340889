//! Lines that are wanted, collected in one pass, and moments that are found without reading all.

use std::cell::Cell;

use super::super::{Direction, Pages, Place, StoredLine};
use super::{Folder, append};

/// Everything that is wanted, in slices.
fn collect(pages: &Pages, from: Place, direction: Direction, most: usize, budget: u64, end: &[u8]) -> Vec<StoredLine> {
    let (mut from, mut all) = (Some(from), Vec::new());
    while let Some(place) = from {
        let found = pages.collect(place, direction, most, budget, 99, &mut |line| line.ends_with(end)).unwrap();
        assert!(found.lines.len() <= most);
        all.extend(found.lines);
        from = found.go_on;
    }
    all
}

#[test]
fn all_that_is_wanted_is_collected_both_ways_across_files() {
    let folder = Folder::new();
    append(&folder.path("file.1"), b"one\ntwo\nthree\nfore");
    append(&folder.path("file.5"), b"");
    folder.append(b"four\nfive\nsix\nnine\ntorne");
    let tail = folder.tail();
    let pages = tail.pages();
    let whole: Vec<StoredLine> = pages
        .from(None, 99, 99)
        .unwrap()
        .into_iter()
        .filter(|line| !line.is_torn && line.bytes.ends_with(b"e"))
        .collect();
    assert_eq!(whole.len(), 4);
    let (first, last) = (whole[0].place, whole[3].place);
    for most in [1, 2, 99] {
        for budget in [1, 1_000_000] {
            assert_eq!(collect(pages, first, Direction::Forwards, most, budget, b"e"), whole);
            let mut back = collect(pages, pages.end().unwrap(), Direction::Backwards, most, budget, b"e");
            back.reverse();
            assert_eq!(back, whole);
            assert_eq!(collect(pages, last, Direction::Forwards, most, budget, b"e"), [whole[3].clone()]);
            assert_eq!(collect(pages, last, Direction::Backwards, most, budget, b"e").len(), 3);
        }
    }
    let cut = pages.collect(first, Direction::Forwards, 2, u64::MAX, 2, &mut |line| line.len() == 5).unwrap();
    assert_eq!((cut.lines[0].bytes.as_slice(), cut.lines[0].length), (b"th".as_slice(), 5));
    assert_eq!(pages.collect(first, Direction::Forwards, 0, 1, 2, &mut |_| true).unwrap().go_on, Some(first));
}

#[test]
fn many_hits_are_collected_by_reading_the_file_once() {
    let folder = Folder::new();
    (0..10_000).for_each(|number| folder.append(format!("{number:0100}\n").as_bytes()));
    let tail = folder.tail();
    let pages = tail.pages();
    for (direction, from) in [(Direction::Forwards, pages.first()), (Direction::Backwards, pages.end())] {
        let all = pages.collect(from.unwrap(), direction, usize::MAX, u64::MAX, 4, &mut |_| true).unwrap();
        assert_eq!((all.lines.len(), all.go_on), (10_000, None));
        assert!(all.read_bytes < pages.bytes() * 11 / 10, "{} of {}", all.read_bytes, pages.bytes());
        let some = pages.collect(from.unwrap(), direction, usize::MAX, 300_000, 4, &mut |_| true).unwrap();
        assert!(some.go_on.is_some() && (300_000..600_000).contains(&some.read_bytes));
    }
}

#[test]
fn a_slice_that_ends_at_a_torn_line_never_goes_on_within_it() {
    let folder = Folder::new();
    folder.append(b"one\nto");
    let mut tail = folder.tail();
    let first = tail.pages().first().unwrap();
    let found = tail.pages().collect(first, Direction::Forwards, 1, 1, 99, &mut |_| true).unwrap();
    let rest = tail.pages().collect(found.go_on.unwrap(), Direction::Forwards, 1, 1, 99, &mut |_| true).unwrap();
    assert_eq!((rest.lines.len(), rest.go_on), (0, None));
    folder.append(b"gether\n");
    tail.look(1);
    let rest = tail.pages().collect(found.go_on.unwrap(), Direction::Forwards, 9, 99, 99, &mut |_| true).unwrap();
    assert_eq!(rest.lines[0].bytes, b"together");
}

/// The number in front of a line.
fn time_of(line: &[u8]) -> Option<i64> {
    std::str::from_utf8(line.split(|&byte| byte == b' ').next()?).ok()?.parse().ok()
}

/// Where the first line at or after a moment is when all are looked at.
fn by_all(all: &[StoredLine], time_ms: i64) -> Option<Place> {
    let whole = all.iter().filter(|line| !line.is_torn);
    whole.into_iter().find(|line| time_of(&line.bytes).is_some_and(|time| time >= time_ms)).map(|line| line.place)
}

#[test]
fn a_moment_is_found_in_a_large_row_with_few_looks() {
    let folder = Folder::new();
    let filling = "x".repeat(1_000);
    let line = |number: i64| format!("{} {filling}\n", number * 10);
    let lines = |numbers: std::ops::Range<i64>| numbers.map(line).collect::<String>();
    append(&folder.path("file.1"), lines(0..3_000).as_bytes());
    append(&folder.path("file.3001"), lines(3_000..13_000).as_bytes());
    folder.append(lines(13_000..20_000).as_bytes());
    let tail = folder.tail();
    let all = tail.pages().from(None, usize::MAX, 20).unwrap();
    assert_eq!(all.len(), 20_000);
    for time_ms in [i64::MIN, 0, 1, 29_985, 29_990, 29_991, 77_777, 130_000, 199_989, 199_990] {
        let looks = Cell::new(0);
        let counted = |line: &[u8]| {
            looks.set(looks.get() + 1);
            time_of(line)
        };
        assert_eq!(tail.pages().at_time(time_ms, &counted).unwrap(), by_all(&all, time_ms), "{time_ms}");
        assert!(looks.get() < 150, "{} looks for {time_ms}", looks.get());
    }
    assert_eq!(tail.pages().at_time(199_991, &time_of).unwrap(), None);
}

#[test]
fn a_moment_is_found_among_long_equal_torn_and_timeless_lines() {
    let folder = Folder::new();
    let mut number = 0;
    for (at, name) in ["file.1", "file.7", "file.8", "file"].into_iter().enumerate() {
        if at == 1 {
            append(&folder.path(name), b"");
            continue;
        }
        for one in 0..60 {
            // Each time comes five times.
            number += i64::from(one % 5 == 0) * 2;
            let length = [0, 10, 300_000, 5_000, 20_000, 131_072, 40_000][one % 7];
            let text = if one % 4 == 3 { "none".to_owned() } else { number.to_string() };
            append(&folder.path(name), format!("{text} {}\n", "x".repeat(length)).as_bytes());
        }
        append(&folder.path(name), b"100 torn");
    }
    let tail = folder.tail();
    let all = tail.pages().from(None, usize::MAX, 20).unwrap();
    for time_ms in -1..number + 3 {
        assert_eq!(tail.pages().at_time(time_ms, &time_of).unwrap(), by_all(&all, time_ms), "{time_ms}");
    }
    assert_eq!(tail.pages().at_time(number + 1, &time_of).unwrap(), None);
    assert_eq!(tail.pages().at_time(0, &|_| None).unwrap(), None);
    assert_eq!(Pages::default().at_time(0, &time_of).unwrap(), None);
}
