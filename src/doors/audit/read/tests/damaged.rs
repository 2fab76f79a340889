//! A damaged index, whatever the damage, never leads to another line than the one that was asked for.

use std::fs;

use proptest::prelude::*;
use serde_json::json;

use super::{Step, Story, hundred, places, plan, read, story};
use crate::doors::audit::read::{Plan, TrailReader, Wanted};
use crate::words::record::LineHead;

/// Damage to one entry: it says another line, another byte or another offset.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Line(i64),
    Byte(i64),
    LineStart(usize),
    Next(i64),
    Twice,
    Gone,
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (-3..4_i64).prop_map(Damage::Line),
        (-300..300_i64).prop_map(Damage::Byte),
        (0..60_usize).prop_map(Damage::LineStart),
        (-9..9_i64).prop_map(Damage::Next),
        Just(Damage::Twice),
        Just(Damage::Gone),
    ]
}

impl Damage {
    fn done_to(self, index: &str, at: usize, story: &Story) -> String {
        let mut lines: Vec<String> = index.lines().map(str::to_owned).collect();
        let at = at % lines.len().max(1);
        let Some(line) = lines.get_mut(at) else { return String::new() };
        let mut entry: serde_json::Value = serde_json::from_str(line).expect("our own");
        let moved = |number: &serde_json::Value, by: i64| json!((number.as_i64().unwrap_or(0) + by).max(0));
        match self {
            Self::Line(by) => entry["line"] = moved(&entry["line"], by),
            Self::Byte(by) => entry["byte"] = moved(&entry["byte"], by),
            Self::LineStart(number) => {
                entry["byte"] = json!(story.lines.iter().take(number).map(Vec::len).sum::<usize>());
            }
            Self::Next(by) => entry["next"]["0"] = moved(&entry["next"]["0"], by),
            Self::Twice | Self::Gone => {}
        }
        *line = match self {
            Self::Twice => format!("{entry}\n{entry}"),
            Self::Gone => String::new(),
            _ => entry.to_string(),
        };
        lines.join("\n") + "\n"
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// As `audit show` asks: where the index leads nowhere, or counts otherwise, everything is looked at.
    #[test]
    fn a_damaged_index_leads_to_the_line_of_an_offset_or_nowhere(
        lengths in proptest::collection::vec((0..2_i32, 0..2_i64, 0..200_usize), 1..60),
        rotations in places(), marks in places(), damage in damage(), at in 0..12_usize
    ) {
        let dir = tempfile::tempdir().expect("a folder");
        let message = |(partition, gap_before, length)| Step::Message { partition, gap_before, length };
        let story = story(&lengths.into_iter().map(message).collect::<Vec<_>>());
        story.write(dir.path(), &rotations, &marks, true);
        let index = dir.path().join("tracker.events.index");
        let sound = fs::read_to_string(&index).expect("there");
        fs::write(&index, damage.done_to(&sound, at, &story)).expect("written");
        let reader = TrailReader::open(dir.path()).expect("a trail");
        for (number, line) in (1_u64..).zip(&story.lines) {
            let head = LineHead::parse(line).expect("our own line");
            let (partition, offset) = (head.kafka_partition, head.kafka_offset);
            let wanted = Wanted { partition: Some(partition), offsets: Some(offset..offset + 1), ..Wanted::default() };
            let plan = Plan::new(&reader, &wanted);
            let (found, end) = read(&reader, &plan.spans, 4096);
            let found: Vec<u64> = found.iter().filter(|(_, found)| found[..] == line[..line.len() - 1])
                .map(|(number, _)| *number).collect();
            if end.jumps.is_empty() && !found.is_empty() {
                prop_assert_eq!(found, vec![number]);
            }
        }
    }
}

#[test]
fn a_sound_index_narrows_and_one_that_does_not_fit_the_lines_is_not_used() {
    let dir = tempfile::tempdir().expect("a folder");
    hundred(dir.path());
    let index = dir.path().join("tracker.events.index");
    let sound = fs::read_to_string(&index).expect("there");
    let narrow = plan(dir.path());
    assert!(narrow.by_index);
    // Its ten lines, and what stands behind the last entry, up to which the ten before it are counted.
    assert_eq!(narrow.spans.iter().map(|span| span.first_line).collect::<Vec<_>>(), [31, 81, 91]);
    let third = sound.lines().nth(3).expect("ten entries").to_owned();
    let entry: serde_json::Value = serde_json::from_str(&third).expect("our own");
    for (field, value) in [
        ("byte", json!(entry["byte"].as_u64().map(|byte| byte + 1))),
        ("byte", json!(entry["byte"].as_u64().map(|byte| byte - 1))),
        ("next", json!({"0": 31})),
        ("line", json!(19)),
        ("segment", json!(7)),
        ("line", json!("thirty")),
    ] {
        let mut wrong = entry.clone();
        wrong[field] = value;
        fs::write(&index, sound.replace(&third, &wrong.to_string())).expect("written");
        assert!(!plan(dir.path()).by_index, "{wrong}");
    }
    let fifth = sound.lines().nth(5).expect("ten entries").to_owned();
    let mut elsewhere: serde_json::Value = serde_json::from_str(&fifth).expect("our own");
    elsewhere["next"] = json!({"0": 51});
    fs::write(&index, sound.replace(&fifth, &elsewhere.to_string())).expect("written");
    assert_eq!(plan(dir.path()), narrow, "nothing is made of an entry that is far from what is wanted");
    fs::write(&index, sound.replace(&third, &format!("{third}\n{third}"))).expect("written");
    assert_eq!(plan(dir.path()), narrow, "a tracker that started there told the place again");
    fs::write(&index, format!("{sound}{{\"line\":100,\"segm")).expect("written");
    assert!(plan(dir.path()).by_index, "a last line that is being written is no harm");
    fs::write(&index, b"").expect("written");
    assert!(!plan(dir.path()).by_index);
}
