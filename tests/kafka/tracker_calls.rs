//! Each system call that the tracker makes on its files is made to fail or to kill it, by strace: on the
//! lines, the seal and its replacement, the checkpoints, the list of segments, the folder, and while a
//! segment is closed. Afterwards a restart leaves a whole trail that is sealed to its end.
//!
//! `ORDERTRAIL_LONG_TESTS=1` goes far deeper into each row of calls.

use crate::harness::{
    Cluster, Exit, LONG, Line, Need, Record, Run, Scratch, events, expect_sealed, finish_drain, folder_bytes, order,
    program, shared, trail_dir, whole_trail,
};
use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "tracker_calls",
        &[Need::Broker, Need::Strace],
        [
            killed_within_any_call_the_trail_is_whole_and_sealed_after_a_restart,
            a_disk_that_fails_in_any_call_ends_it_with_74,
            a_disk_that_is_full_in_any_call_loses_nothing,
            a_call_that_is_interrupted_is_made_again,
            killed_within_any_call_a_gap_is_told_once,
        ]
    )
}

/// A call on a file: strace's name of the call, and the ending of the file's name.
type Call = (&'static str, &'static str);

/// Every call that changes something, and the file it is made on.
const CALLS: &[Call] = &[
    ("openat", ""),
    ("pwrite64", ""),
    ("fdatasync", ""),
    ("fallocate", ""),
    ("ftruncate", ""),
    // The closing of a segment.
    ("/^rename", ""),
    ("openat", ".seal.new"),
    ("write", ".seal.new"),
    ("fdatasync", ".seal.new"),
    ("/^rename", ".seal.new"),
    ("openat", ".checkpoints"),
    ("pwrite64", ".checkpoints"),
    ("fdatasync", ".checkpoints"),
    ("openat", ".segments"),
    ("pwrite64", ".segments"),
    ("fdatasync", ".segments"),
    ("pwrite64", ".index"),
    ("write", ".key.new"),
    ("/^rename", ".key.new"),
    ("write", ".pub.new"),
    ("fsync", "/"),
];

/// Those whose failure loses nothing, so that the tracker goes on: room that is set aside, or given back at
/// the end, and the index, which is derived.
fn is_lenient((call, file): Call) -> bool {
    matches!(call, "fallocate" | "ftruncate") || file == ".index"
}

/// Which of the calls of a row are hit.
fn depth() -> Vec<usize> {
    match std::env::var_os("ORDERTRAIL_LONG_TESTS") {
        Some(_) => (1..=12).collect(),
        None => vec![2],
    }
}

struct Stage {
    kafka: Cluster,
    topic: String,
    on_broker: Vec<Record>,
}

fn stage() -> Stage {
    let kafka = shared();
    let topic = kafka.topic(1);
    kafka.produce(&topic, &(0..120).map(|n| Record::new(0, order(n))).collect::<Vec<_>>());
    let on_broker = kafka.dump(&topic);
    Stage { kafka, topic, on_broker }
}

impl Stage {
    /// Pieces and segments of a few lines, so that there are many calls of every kind. Each folder has a
    /// group of its own: copies of one trail that publish to the same one would look like roll-backs.
    fn run(&self, scratch: &Scratch) -> Run {
        let group = scratch.path().file_name().expect("it has a name");
        program("tracker", scratch)
            .cluster(&self.kafka)
            .args(["--topic", &self.topic, "--rotate-size", "60000", "--group"])
            .arg(group)
            .arg("--dir")
            .arg(trail_dir(scratch))
            .property("fetch.message.max.bytes=12000")
            .property("queued.min.messages=5")
            .property("queued.max.messages.kbytes=12")
    }

    /// Does `fault` to the n-th such call of a run to the end; how the run ended, if that call was made.
    fn hit(&self, (call, file): Call, fault: &str, nth: usize, scratch: &Scratch) -> Option<Exit> {
        let dir = trail_dir(scratch);
        std::fs::create_dir_all(&dir).unwrap();
        let path = if file == "/" { dir } else { dir.join(format!("tracker.events{file}")) };
        let calls = scratch.join("calls");
        let run =
            self.run(scratch).under("strace").args(["-f", "-e", &format!("inject={call}:{fault}:when={nth}"), "-P"]);
        let exit = run.arg(path).arg("-o").arg(&calls).then().arg("--until-end").finish_within(LONG);
        let told = std::fs::read_to_string(calls).unwrap_or_default();
        (told.contains("INJECTED") || told.contains("killed by SIGKILL")).then_some(exit)
    }

    /// A restart makes it whole: every message once, in order, everything sealed and signed, nothing told
    /// that did not happen.
    #[track_caller]
    fn expect_whole(&self, scratch: &Scratch, what: &str) {
        finish_drain(self.run(scratch));
        let dir = trail_dir(scratch);
        let trail = whole_trail(&dir);
        let found: Vec<Record> = trail.messages().map(Line::record).collect();
        assert_eq!(found, self.on_broker, "{what}");
        assert!(events(&dir, "audit.gap").is_empty(), "{what}");
        expect_sealed(&dir);
    }

    /// Hits every call; says how many there were to hit.
    #[track_caller]
    fn hit_all(&self, fault: &str, calls: &[Call], expect: impl Fn(Call, &Exit, &str)) {
        let mut hits = 0;
        for &call in calls {
            for nth in depth() {
                let what = format!("{call:?} number {nth}: {fault}");
                // Calls that are rarely made are hit the first time instead.
                for nth in [nth, 1] {
                    let scratch = Scratch::new("calls");
                    let Some(exit) = self.hit(call, fault, nth, &scratch) else { continue };
                    hits += 1;
                    expect(call, &exit, &what);
                    self.expect_whole(&scratch, &what);
                    break;
                }
            }
        }
        assert!(hits >= calls.len(), "only {hits} of {} calls were hit", calls.len());
    }
}

fn killed_within_any_call_the_trail_is_whole_and_sealed_after_a_restart() {
    stage().hit_all("signal=KILL", CALLS, |_, exit, what| assert!(exit.signal.is_some(), "{what}: {exit:?}"));
}

fn a_disk_that_fails_in_any_call_ends_it_with_74() {
    stage().hit_all("error=EIO", CALLS, |call, exit, what| match is_lenient(call) {
        true => assert_eq!(exit.code, Some(0), "{what}: {exit:?}"),
        false => assert_eq!(exit.code, Some(74), "{what}: {exit:?}"),
    });
}

/// Where room is what is missing it waits and goes on. Where a sync says so, at the very start, and when
/// there is none at the end either, it ends.
fn a_disk_that_is_full_in_any_call_loses_nothing() {
    let calls: Vec<Call> = CALLS.iter().copied().filter(|(call, _)| *call != "openat" && *call != "fsync").collect();
    stage().hit_all("error=ENOSPC", &calls, |(call, file), exit, what| {
        let is_final = (call == "fdatasync" && file != ".seal.new") || matches!(file, ".key.new" | ".pub.new");
        match is_final || exit.stderr.contains("is still full") {
            true => assert_eq!(exit.code, Some(74), "{what}: {exit:?}"),
            false => assert_eq!(exit.code, Some(0), "{what}: {exit:?}"),
        }
    });
}

fn a_call_that_is_interrupted_is_made_again() {
    stage().hit_all("error=EINTR", CALLS, |_, exit, what| assert_eq!(exit.code, Some(0), "{what}: {exit:?}"));
}

/// The calls by which a gap comes to stand in the trail and under the seal.
const CALLS_OF_A_GAP: &[Call] = &[
    ("pwrite64", ""),
    ("fdatasync", ""),
    ("write", ".seal.new"),
    ("/^rename", ".seal.new"),
    ("pwrite64", ".checkpoints"),
    ("fdatasync", ".checkpoints"),
];

/// What a gap must be told after: a trail of an older topic of the same name, or of one that lost its first
/// messages.
fn killed_within_any_call_a_gap_is_told_once() {
    for kind in ["topic_recreated", "retention"] {
        let mut stage = stage();
        let before = Scratch::new("before");
        finish_drain(stage.run(&before));
        match kind {
            "retention" => {
                stage.kafka.produce(&stage.topic, &(200..240).map(|n| Record::new(0, order(n))).collect::<Vec<_>>());
                stage.kafka.delete_before(&stage.topic, 0, 130);
            }
            _ => {
                stage.kafka.delete_topic(&stage.topic);
                stage.kafka.make_topic(&stage.topic, 1);
                stage.kafka.produce(&stage.topic, &(200..240).map(|n| Record::new(0, order(n))).collect::<Vec<_>>());
            }
        }
        stage.on_broker = stage.kafka.dump(&stage.topic);
        for (number, &call) in CALLS_OF_A_GAP.iter().enumerate() {
            let scratch = Scratch::new("gap-killed");
            let dir = trail_dir(&scratch);
            std::fs::create_dir_all(&dir).unwrap();
            for (name, bytes) in folder_bytes(&trail_dir(&before)) {
                std::fs::write(dir.join(name), bytes).unwrap();
            }
            let nth = 1 + number % 2;
            let what = format!("{kind}, {call:?} number {nth}");
            let killed = stage.hit(call, "signal=KILL", nth, &scratch);
            assert!(killed.is_some(), "{what} was not hit");
            finish_drain(stage.run(&scratch));
            let trail = whole_trail(&dir);
            let gaps: Vec<&Line> = trail.lines.iter().filter(|line| line.is_gap()).collect();
            assert_eq!(gaps.len(), 1, "{what}");
            assert_eq!(gaps[0].get("audit")["kind"], kind, "{what}");
            let anew: Vec<Record> = trail.lines[121..].iter().map(Line::record).collect();
            assert_eq!(anew, stage.on_broker, "{what}");
            expect_sealed(&dir);
        }
    }
}
