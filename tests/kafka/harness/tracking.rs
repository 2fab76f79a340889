//! Running a tracker the way most tests do, and waiting for what it writes.

use super::cluster::Cluster;
use super::command::{Run, program};
use super::log::{LogLine, read_log};
use super::process::Process;
use super::scratch::Scratch;
use super::sealed::whole_trail;
use super::trail::{Summary, Trail};
use super::wait::{LONG, SHORT, wait_until};
use std::path::{Path, PathBuf};

/// The directory of the trail of [`tracker`].
pub(crate) fn trail_dir(scratch: &Scratch) -> PathBuf {
    scratch.join("trail")
}

/// The consumer group of [`tracker`].
pub(crate) fn group_of(topic: &str) -> String {
    format!("{topic}-readers")
}

/// A tracker of `topic` with a group of its own, writing into [`trail_dir`].
pub(crate) fn tracker(cluster: &Cluster, topic: &str, scratch: &Scratch) -> Run {
    program("tracker", scratch)
        .cluster(cluster)
        .args(["--topic", topic, "--group", &group_of(topic)])
        .arg("--dir")
        .arg(trail_dir(scratch))
}

/// Runs it to the topic's end: exit 0, and what it printed.
#[track_caller]
pub(crate) fn drain(cluster: &Cluster, topic: &str, scratch: &Scratch) -> Summary {
    finish_drain(tracker(cluster, topic, scratch))
}

/// The same for a tracker with further arguments.
#[track_caller]
pub(crate) fn finish_drain(run: Run) -> Summary {
    let exit = run.arg("--until-end").finish_within(LONG);
    exit.expect_code(0);
    Summary::parse(exit.last_line())
}

/// Waits until a running tracker has written so many whole lines.
#[track_caller]
pub(crate) fn wait_for_lines(tracker: &mut Process, dir: &Path, lines: usize) {
    let what = format!("{lines} lines in {}", dir.join("tracker.events").display());
    wait_until(&what, LONG, || {
        let running = tracker.is_running();
        if Trail::count_so_far(dir) >= lines {
            return Some(());
        }
        assert!(running, "the tracker ended: {}", tracker.stderr());
        None
    });
}

/// All lines of `tracker.log` with this event, so far.
pub(crate) fn events(dir: &Path, event: &str) -> Vec<LogLine> {
    let mut lines = read_log(dir);
    lines.retain(|line| line.event() == event);
    lines
}

/// Waits for a line of `tracker.log` with this event, and gives the first.
#[track_caller]
pub(crate) fn wait_for_event(dir: &Path, event: &str) -> LogLine {
    wait_for_events(dir, event, 1).remove(0)
}

/// Waits for so many of them.
#[track_caller]
pub(crate) fn wait_for_events(dir: &Path, event: &str, count: usize) -> Vec<LogLine> {
    wait_until(&format!("{count} × {event} in tracker.log"), SHORT, || {
        Some(events(dir, event)).filter(|lines| lines.len() >= count)
    })
}

/// Exactly one `audit.gap` line of this kind in the trail and no other, and one ERROR in `tracker.log`.
#[track_caller]
pub(crate) fn expect_told_once(dir: &Path, kind: &str) {
    let trail = whole_trail(dir);
    let gaps: Vec<String> =
        trail.lines.iter().filter(|line| line.is_gap()).map(|line| line.get("audit")["kind"].to_string()).collect();
    assert_eq!(gaps, [format!("{kind:?}")], "gaps in the trail");
    let told = events(dir, "audit.gap");
    let told: Vec<(&str, String)> =
        told.iter().map(|line| (line.level(), line.metadata()["kind"].to_string())).collect();
    assert_eq!(told, [("ERROR", format!("{kind:?}"))], "gaps in tracker.log");
}
