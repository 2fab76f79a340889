//! Lines that are wanted, collected in one pass, and moments that are found without reading all.

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
