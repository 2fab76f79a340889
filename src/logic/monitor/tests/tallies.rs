//! Marks take back exactly the lines behind them.

use proptest::prelude::*;

use super::*;

fn tally(lines: u64) -> Tally {
    Tally { valid: lines, ..Tally::default() }
}

#[test]
fn marks_stay_few_and_spread() {
    let mut marks = Marks::<u8>::new(10, 4);
    for byte in 1..=1_000 {
        if marks.is_due(byte) {
            marks.add(Mark { byte, tally: tally(byte), fingerprint: 0 });
        }
    }
    assert!((2..=4).contains(&marks.len()), "{marks:?}");
    let bytes: Vec<u64> = marks.iter().map(|mark| mark.byte).collect();
    assert!(bytes.windows(2).all(|two| two[1] - two[0] >= 160), "{bytes:?}");
    assert!(bytes.last().is_some_and(|last| *last > 600), "{bytes:?}");
}

#[test]
fn a_gap_is_no_message_and_a_damaged_seal_never_counts_below_zero() {
    let gap = event(0, EventKind::Gap { from: 90, to: 40 }, 90).tally();
    assert_eq!((gap.received(), gap.gaps, gap.gap_offsets, gap.lines()), (0, 1, 0, 1));
    assert_eq!(event(0, EventKind::Gap { from: 90, to: 95 }, 90).tally().gap_offsets, 5);
    assert_eq!(tally(1) - tally(2), Tally::default());
    assert_eq!(tally(1) + tally(2) - tally(2), tally(1));
}

#[test]
fn only_marks_behind_the_last_are_kept() {
    let mut marks = Marks::<u8>::default();
    for byte in [5, 5, 3, 9] {
        marks.add(Mark { byte, tally: tally(byte), fingerprint: 0 });
    }
    assert_eq!(marks.iter().map(|mark| mark.byte).collect::<Vec<_>>(), [5, 9]);
    assert_eq!(marks.before(8).map(|mark| mark.byte), Some(5));
    assert_eq!((marks.before(4), marks.last().map(|mark| mark.byte)), (None, Some(9)));
    marks.clear();
    assert!(marks.is_empty());
}

proptest! {
    #[test]
    fn a_cut_finds_what_stood_before_it(
        lengths in prop::collection::vec(1_u64..400, 1..300), step in 1_u64..2_000, most in 2_usize..40, cut in 0_u64..60_000,
    ) {
        let mut marks = Marks::<u8>::new(step, most);
        let mut byte = 0;
        for (number, length) in lengths.iter().enumerate() {
            byte += length;
            if marks.is_due(byte) {
                marks.add(Mark { byte, tally: tally(number as u64 + 1), fingerprint: 0 });
            }
        }
        prop_assert!(marks.len() <= most);
        if let Some(mark) = marks.cut(cut).copied() {
            prop_assert!(mark.byte <= cut);
            let (mut reached, mut lines) = (0, 0);
            while reached < mark.byte {
                reached += lengths[lines];
                lines += 1;
            }
            prop_assert_eq!((reached, lines as u64), (mark.byte, mark.tally.valid));
        }
        prop_assert!(marks.iter().all(|mark| mark.byte <= cut));
    }
}
