//! An index that is damaged where a plan rests on it is not used.

use std::fs;

use serde_json::json;

use super::{hundred, plan};

#[test]
fn a_sound_index_narrows_and_one_that_does_not_fit_the_lines_is_not_used() {
    let dir = tempfile::tempdir().expect("a folder");
    hundred(dir.path());
    let index = dir.path().join("tracker.events.index");
    let sound = fs::read_to_string(&index).expect("there");
    let narrow = plan(dir.path());
    assert!(narrow.by_index);
    // Its ten lines, and what stands behind the last entry.
    assert_eq!(narrow.spans.iter().map(|span| span.first_line).collect::<Vec<_>>(), [31, 91]);
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
