//! What a command leaves out is said, and what it could not finish is not taken for everything.

use super::*;
use crate::programs::auditor::replay::Survey;
use crate::programs::auditor::search::search;
use crate::programs::auditor::selection::SelectionArgs;
use crate::programs::auditor::trails::Trails;

/// Forty messages of one partition.
fn forty() -> Vec<Vec<u8>> {
    let made = |offset| line(&Made { topic: "orders", partition: 1, offset, payload: Some(b"{}"), is_valid: true });
    (0..40).map(made).collect()
}

fn write(dir: &Path, lines: &[Vec<u8>]) {
    fs::write(dir.join("tracker.events"), lines.concat()).unwrap();
}

fn args(dir: &Path) -> AuditArgs {
    AuditArgs::try_parse_from(["audit", "query", "--dir", dir.to_str().unwrap()]).unwrap()
}

/// What a search for a text tells on standard error, and how many lines a replay would find to be inexact.
fn told(dir: &Path) -> (Vec<String>, u64) {
    let (args, stop) = (args(dir), Shutdown::new());
    let context = Context::new(&args, &stop, Terminal::default());
    let trails = Trails::open(&context).unwrap();
    let selection = SelectionArgs::default().selection().unwrap();
    let everything = |_: &_, _: search::Found<'_>| Ok(std::ops::ControlFlow::Continue(()));
    let searched = search(&context, &trails, &selection, everything).unwrap();
    (searched.notes, Survey::of(&context, &trails, &selection).unwrap().inexact)
}

#[test]
fn a_line_without_a_readable_beginning_is_told_by_all_and_not_replayed_over() {
    let dir = folder();
    let mut lines = forty();
    write(dir.path(), &lines);
    assert_eq!(told(dir.path()), (vec![], 0));
    lines[12][0] = b'[';
    write(dir.path(), &lines);
    let (notes, inexact) = told(dir.path());
    assert!(notes.len() == 1 && notes[0].contains("line 13 has no readable beginning"), "{notes:?}");
    assert_eq!(inexact, 1, "a replay refuses it");
    lines[30][0] = b'[';
    write(dir.path(), &lines);
    let (notes, inexact) = told(dir.path());
    assert!(notes[0].contains("2 lines, the first of them line 13, have no readable beginning"), "{notes:?}");
    assert_eq!(inexact, 2);
}

#[test]
fn what_a_stop_leaves_incomplete_is_no_good_end() {
    let dir = folder();
    write(dir.path(), &forty());
    let stop = Shutdown::new();
    stop.request();
    let place = dir.path().to_str().unwrap();
    for command in [
        &["query"][..],
        &["query", "--csv"],
        &["query", "--json"],
        &["extract"],
        &["export", "--format", "csv"],
        &["show", "3"],
        &["stats"],
        &["replay", "--to-topic", "copy"],
    ] {
        let args = AuditArgs::try_parse_from(["audit", "--dir", place].iter().chain(command)).unwrap();
        let error = run(&args, &stop, Terminal::default(), &mut Vec::new()).unwrap_err();
        assert_eq!(error.exit(), Exit::Failed, "{command:?}: {error}");
        assert!(error.to_string().starts_with("stopped before the end"), "{command:?}: {error}");
    }
    // Enough is no stop.
    assert_eq!(text(dir.path(), &["query", "--json", "--limit", "3"]).lines().count(), 3);
}

#[test]
fn a_limit_of_none_says_nothing_about_the_trail() {
    let dir = folder();
    write(dir.path(), &forty());
    assert_eq!(text(dir.path(), &["query", "--limit", "0"]), "");
}

#[test]
fn payloads_of_two_incarnations_are_not_given_as_one() {
    let dir = folder();
    let mut lines = forty();
    lines.extend(forty());
    write(dir.path(), &lines);
    let (reason, exit) = error(&["show", "1/7", "--raw", "--dir", dir.path().to_str().unwrap()]);
    assert_eq!((reason.as_str(), exit), ("lines 8 and 48 have this partition and offset: say which, by its number", 1));
    assert_eq!(text(dir.path(), &["show", "8", "--raw"]), "{}");
}

#[test]
fn an_index_that_leaves_records_out_is_not_used_for_a_range() {
    let dir = folder();
    let lines = forty();
    write(dir.path(), &lines);
    let entry = |line: usize, next: usize| {
        let byte: usize = lines[..line].iter().map(Vec::len).sum();
        format!("{}\n", json!({"line": line, "segment": 1, "byte": byte, "time_ms": 0, "next": {"1": next}, "gaps": 0}))
    };
    let wanted = ["query", "--json", "--partition", "1", "--offset", "8..12"];
    for hidden in [5, 10, 15] {
        let index: String =
            (0..40).step_by(5).map(|line| entry(line, if line == hidden { line - 5 } else { line })).collect();
        fs::write(dir.path().join("tracker.events.index"), index).unwrap();
        assert_eq!(text(dir.path(), &wanted).lines().count(), 4, "the entry of line {hidden}");
    }
}
