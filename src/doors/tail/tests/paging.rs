//! Lines by place: both ways, cut when they are long, and searched in slices.

use proptest::prelude::*;

use super::super::{BackCursor, Direction, Pages, Place, Searched, Step, StoredLine};
use super::{Folder, append};

/// Three files: the second is empty, the first and the last end in the middle of a line.
fn three() -> Folder {
    let folder = Folder::new();
    append(&folder.path("file.1"), b"one\ntwo\nthre");
    append(&folder.path("file.5"), b"");
    folder.append(b"four\n\nfi");
    folder
}

fn texts(lines: &[StoredLine]) -> Vec<&str> {
    lines.iter().map(|line| std::str::from_utf8(&line.bytes).unwrap()).collect()
}

#[test]
fn pages_go_both_ways_across_files() {
    let folder = three();
    let tail = folder.tail();
    let pages = tail.pages();
    let all = pages.from(None, 99, 99).unwrap();
    assert_eq!(texts(&all), ["one", "two", "thre", "four", "", "fi"]);
    assert_eq!(all.iter().map(|line| line.is_torn).collect::<Vec<_>>(), [false, false, true, false, false, true]);
    assert_eq!(pages.before(None, 99, 99).unwrap(), all);
    assert_eq!(texts(&pages.before(Some(all[3].place), 2, 99).unwrap()), ["two", "thre"]);
    assert_eq!(texts(&pages.from(Some(all[1].place), 3, 99).unwrap()), ["two", "thre", "four"]);
    assert_eq!(pages.whole(all[3].place, 99).unwrap().as_ref(), Some(&all[3]));
    assert_eq!(pages.after(all[2].place).unwrap(), Some(all[3].place));
    assert_eq!(pages.after(all[5].place).unwrap(), None);
    assert!(all.is_sorted_by(|a, b| pages.compare(a.place, b.place) == Some(std::cmp::Ordering::Less)));
    let names: Vec<_> = pages.segments().iter().map(|one| (one.first_line, one.bytes)).collect();
    assert_eq!(names, [(Some(1), 12), (Some(5), 0), (None, 8)]);
}

#[test]
fn a_long_line_is_cut_and_its_length_is_told() {
    let folder = Folder::new();
    folder.append(&[b"a\n".as_slice(), &vec![b'x'; 5_000_000], b"\nb\n"].concat());
    let tail = folder.tail();
    let lines = tail.pages().before(None, 3, 10).unwrap();
    assert_eq!(texts(&lines), ["a", "xxxxxxxxxx", "b"]);
    assert_eq!(lines[1].length, 5_000_000);
    assert_eq!(tail.pages().from(None, 3, 10).unwrap(), lines);
}

#[test]
fn the_first_line_near_the_end() {
    let folder = three();
    let tail = folder.tail();
    let near = |bytes| {
        let place = tail.pages().near_end(bytes).unwrap();
        tail.pages().from(place, 1, 99).unwrap().first().map(|line| String::from_utf8(line.bytes.clone()).unwrap())
    };
    let found: Vec<_> = [0, 1, 2, 3, 4, 8, 9, 17, 20, 99].map(|bytes| near(bytes).unwrap()).into();
    assert_eq!(found, ["fi", "fi", "fi", "", "", "four", "thre", "two", "one", "one"].map(str::to_owned));
}

#[test]
fn a_search_goes_both_ways_in_slices_and_leaves_torn_lines_out() {
    let folder = three();
    let tail = folder.tail();
    let all = tail.pages().from(None, 99, 99).unwrap();
    for budget in [1, 1_000_000] {
        assert_eq!(search(tail.pages(), all[0].place, Direction::Forwards, budget, b"o"), Some(all[0].place));
        assert_eq!(search(tail.pages(), all[2].place, Direction::Forwards, budget, b"o"), Some(all[3].place));
        assert_eq!(search(tail.pages(), all[3].place, Direction::Backwards, budget, b"o"), Some(all[1].place));
        assert_eq!(search(tail.pages(), all[0].place, Direction::Backwards, budget, b"o"), None);
        assert_eq!(search(tail.pages(), all[0].place, Direction::Forwards, budget, b"fi"), None);
        assert_eq!(search(tail.pages(), all[0].place, Direction::Forwards, budget, b"thr"), None);
    }
}

fn search(pages: &Pages, from: Place, direction: Direction, budget: u64, needle: &[u8]) -> Option<Place> {
    let mut from = from;
    loop {
        let mut is_hit = |line: &[u8]| memchr::memmem::find(line, needle).is_some();
        match pages.search(from, direction, budget, &mut is_hit).unwrap() {
            Searched::Found(place) => return Some(place),
            Searched::GoOn(place) => from = place,
            Searched::Ended => return None,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    /// Lines of any length around the size of a block, any bytes, any page: forwards, backwards and whole.
    #[test]
    fn every_way_through_the_lines_finds_the_same(
        lengths in prop::collection::vec(prop_oneof![0_usize..40, 131_000_usize..131_200, Just(300_000)], 0..12),
        is_torn: bool,
        page in 1_usize..5,
        budget in prop_oneof![Just(1_u64), Just(200_000), Just(u64::MAX)],
    ) {
        let lines: Vec<Vec<u8>> =
            lengths.iter().enumerate().map(|(at, length)| vec![b'a' + at as u8; *length]).collect();
        let mut bytes = lines.join(&b'\n');
        let is_torn = is_torn && lines.last().is_some_and(|last| !last.is_empty());
        if !is_torn && !lines.is_empty() {
            bytes.push(b'\n');
        }
        let folder = Folder::new();
        folder.append(&bytes);
        let tail = folder.tail();
        let pages = tail.pages();
        let all = pages.from(None, usize::MAX, usize::MAX).unwrap();
        let found: Vec<&[u8]> = all.iter().map(|line| line.bytes.as_slice()).collect();
        prop_assert_eq!(&found, &lines.iter().map(Vec::as_slice).collect::<Vec<_>>());
        prop_assert_eq!(all.last().is_some_and(|line| line.is_torn), is_torn);

        let (mut backwards, mut place) = (Vec::new(), None);
        loop {
            let lines = pages.before(place, page, usize::MAX).unwrap();
            let Some(first) = lines.first() else { break };
            place = Some(first.place);
            backwards.splice(0..0, lines);
        }
        prop_assert_eq!(&backwards, &all);

        let mut back = BackCursor::new(pages.end().unwrap());
        let mut whole = Vec::new();
        while back.read(pages, usize::MAX, budget, &mut |place, _, _| whole.push(place)).unwrap().0 == Step::GoOn {}
        whole.reverse();
        let wanted: Vec<Place> = all.iter().filter(|line| !line.is_torn).map(|line| line.place).collect();
        prop_assert_eq!(whole, wanted);
    }
}
