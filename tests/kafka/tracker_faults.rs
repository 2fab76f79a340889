//! Disks that fail and a tracker that dies within a given system call, by strace: the calls on
//! `tracker.events` are counted for each thread, and the n-th is made to fail or to kill.

use crate::harness::{
    Cluster, LONG, Need, Process, Record, Run, SHORT, Scratch, Signal, Trail, drain, events, order, send_signal,
    shared, tracker, trail_dir, wait_for_event, wait_for_lines, wait_until,
};
use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "tracker_faults",
        &[Need::Broker, Need::Strace],
        [
            killed_within_any_call_on_the_file_nothing_is_lost_or_twice,
            a_sync_that_fails_ends_it_and_a_restart_goes_on,
            a_sync_that_fails_at_the_start_ends_it_before_it_writes,
            a_full_disk_is_waited_for,
            a_stop_is_heard_while_only_sealing_finds_no_room,
            a_write_that_fails_for_good_ends_it,
        ]
    )
}

fn orders(numbers: std::ops::Range<u32>) -> Vec<Record> {
    numbers.map(|n| Record::new(0, order(n))).collect()
}

/// A tracker under strace, which does `fault` (as strace's `inject` takes it) to its file.
fn faulty(kafka: &Cluster, topic: &str, scratch: &Scratch, fault: &str) -> Run {
    faulty_with(kafka, topic, scratch, ("tracker.events", fault))
}

/// The same for another file of the folder.
fn faulty_with(kafka: &Cluster, topic: &str, scratch: &Scratch, (file, fault): (&str, &str)) -> Run {
    tracker(kafka, topic, scratch)
        .under("strace")
        .args(["-f", "-e", &format!("inject={fault}"), "-P"])
        .arg(trail_dir(scratch).join(file))
        .arg("-o")
        .arg(scratch.join("calls"))
        .then()
}

/// How many calls were made to fail.
fn injected(scratch: &Scratch) -> usize {
    let calls = std::fs::read_to_string(scratch.join("calls")).unwrap_or_default();
    calls.lines().filter(|line| line.contains("INJECTED") || line.contains("killed by SIGKILL")).count()
}

/// The tracker itself: what was started is strace.
struct Traced {
    strace: Process,
    pid: u32,
}

impl Traced {
    #[track_caller]
    fn start(run: Run, scratch: &Scratch) -> Traced {
        let strace = run.start();
        let started = wait_for_event(&trail_dir(scratch), "tracker.started");
        let pid = started.metadata()["pid"].as_u64().expect("it says its number");
        Traced { strace, pid: u32::try_from(pid).expect("a PID is a u32") }
    }
}

impl Drop for Traced {
    /// strace lets go of it when it is killed itself.
    fn drop(&mut self) {
        if self.strace.is_running() {
            send_signal(self.pid, Signal::KILL);
        }
    }
}

fn killed_within_any_call_on_the_file_nothing_is_lost_or_twice() {
    let kafka = shared();
    let topic = kafka.topic(1);
    kafka.produce(&topic, &orders(0..2_000));
    let on_broker = kafka.dump(&topic);
    let mut kills = 0;
    for call in ["openat", "pwrite64", "fdatasync", "fallocate", "ftruncate", "close"] {
        for nth in 1..=3 {
            let scratch = Scratch::new("killed");
            let dir = trail_dir(&scratch);
            std::fs::create_dir_all(&dir).unwrap();
            // A torn tail, so that there is something to cut, too.
            std::fs::write(dir.join("tracker.events"), "{\"timestamp\":\"20").unwrap();
            let fault = format!("{call}:signal=KILL:when={nth}");
            let exit = faulty(&kafka, &topic, &scratch, &fault).arg("--until-end").finish_within(LONG);
            kills += usize::from(exit.signal.is_some());
            assert_eq!(exit.signal.is_some(), injected(&scratch) > 0, "{fault}: {exit:?}");
            drain(&kafka, &topic, &scratch);
            let trail = Trail::read(&dir);
            trail.expect_records(&on_broker);
        }
    }
    assert!(kills >= 6, "only {kills} of them happened");
}

fn a_sync_that_fails_ends_it_and_a_restart_goes_on() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("eio");
    let dir = trail_dir(&scratch);
    kafka.produce(&topic, &orders(0..100));
    let run = faulty(&kafka, &topic, &scratch, "fdatasync:error=EIO:when=2+");
    let mut traced = Traced::start(run, &scratch);
    wait_for_lines(&mut traced.strace, &dir, 100);
    // The first batch is synced; a further one cannot be.
    let mut next = 100;
    let exit = wait_until("a sync fails", LONG, || {
        if traced.strace.is_running() {
            kafka.produce(&topic, &orders(next..next + 10));
            next += 10;
            return None;
        }
        Some(traced.strace.wait(SHORT))
    });
    exit.expect_code(74).expect_message(&["tracker.events"]);
    assert!(injected(&scratch) > 0);
    assert_eq!(events(&dir, "tracker.failed").len(), 1);
    drain(&kafka, &topic, &scratch);
    Trail::read(&dir).expect_records(&kafka.dump(&topic));
}

fn a_sync_that_fails_at_the_start_ends_it_before_it_writes() {
    let kafka = shared();
    let topic = kafka.topic(1);
    kafka.produce(&topic, &orders(0..10));
    let scratch = Scratch::new("eio-start");
    let exit = faulty(&kafka, &topic, &scratch, "fdatasync:error=EIO:when=1").arg("--until-end").finish();
    exit.expect_code(74).expect_message(&["tracker.events"]);
    assert!(Trail::read(&trail_dir(&scratch)).lines.is_empty());
    drain(&kafka, &topic, &scratch);
    Trail::read(&trail_dir(&scratch)).expect_records(&kafka.dump(&topic));
}

fn a_full_disk_is_waited_for() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("full");
    let dir = trail_dir(&scratch);
    kafka.produce(&topic, &orders(0..500));
    let run = faulty(&kafka, &topic, &scratch, "pwrite64:error=ENOSPC:when=1..4");
    let mut traced = Traced::start(run, &scratch);
    wait_for_event(&dir, "disk.full");
    wait_for_event(&dir, "disk.ok");
    wait_for_lines(&mut traced.strace, &dir, 500);
    kafka.produce(&topic, &orders(500..700));
    wait_for_lines(&mut traced.strace, &dir, 700);
    assert_eq!(events(&dir, "disk.full").len(), 1, "it says so once");
    send_signal(traced.pid, Signal::TERM);
    traced.strace.wait(LONG).expect_code(0);
    assert_eq!(injected(&scratch), 4);
    Trail::read(&dir).expect_records(&kafka.dump(&topic));
}

fn a_stop_is_heard_while_only_sealing_finds_no_room() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("no-inodes");
    let dir = trail_dir(&scratch);
    kafka.produce(&topic, &orders(0..500));
    // The first seals come before the first line.
    let fault = ("tracker.events.seal.new", "openat:error=ENOSPC:when=5+");
    let mut traced = Traced::start(faulty_with(&kafka, &topic, &scratch, fault), &scratch);
    let mut next = 500;
    wait_until("a seal finds no room", LONG, || {
        assert!(traced.strace.is_running(), "it ended: {}", traced.strace.stderr());
        kafka.produce(&topic, &orders(next..next + 10));
        next += 10;
        (!events(&dir, "disk.full").is_empty()).then_some(())
    });
    send_signal(traced.pid, Signal::TERM);
    traced.strace.wait(SHORT).expect_code(74).expect_message(&["still full"]);
    drain(&kafka, &topic, &scratch);
    Trail::read(&dir).expect_records(&kafka.dump(&topic));
}

fn a_write_that_fails_for_good_ends_it() {
    let kafka = shared();
    let topic = kafka.topic(1);
    kafka.produce(&topic, &orders(0..100));
    let scratch = Scratch::new("write-eio");
    let exit = faulty(&kafka, &topic, &scratch, "pwrite64:error=EIO:when=1+").arg("--until-end").finish();
    exit.expect_code(74).expect_message(&["tracker.events"]);
    drain(&kafka, &topic, &scratch);
    Trail::read(&trail_dir(&scratch)).expect_records(&kafka.dump(&topic));
}
