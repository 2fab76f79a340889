//! `start.sh` and `stop.sh`, in a copy of the house and on a broker of their own.

use crate::harness::{
    Broker, Cluster, Exit, House, LONG, Need, Process, Scratch, Signal, Trail, free_port, one_start_at_a_time,
    read_log, runs, wait_for_lines, wait_until,
};
use libtest_mimic::Trial;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "scripts",
        &[Need::Broker],
        [
            two_commands_run_the_main_job_and_end_it,
            a_second_start_changes_nothing,
            our_own_broker_is_started_again_for_a_shell_that_still_names_it,
            what_died_is_started_again,
            ctrl_c_in_the_foreground_stops_everything,
            a_broker_that_was_there_is_used_and_left_alone,
            a_stranger_s_process_is_left_alone,
            stopping_what_does_not_run_is_no_error,
            without_java_and_docker_it_says_what_to_install,
            a_broker_that_does_not_answer_is_named,
            what_the_scripts_do_not_know_is_a_usage_error,
            the_shop_is_opened_looked_after_and_closed,
            a_travel_request_goes_its_way,
        ]
    )
}

const PARTS: [&str; 3] = ["broker", "producer", "tracker"];

#[track_caller]
fn pids(house: &House) -> [u32; 3] {
    PARTS.map(|part| {
        let pid = house.pid(part).unwrap_or_else(|| panic!("there is no {part}.pid"));
        assert!(runs(pid), "{part} runs as {pid}");
        pid
    })
}

/// Waits until the tracker of a house has so many lines.
#[track_caller]
pub(crate) fn wait_for_orders(house: &House, lines: usize) {
    wait_until("orders arrive in tracker.events", LONG, || (Trail::count_so_far(house.path()) >= lines).then_some(()));
}

/// Nothing is left of what ran there.
#[track_caller]
pub(crate) fn is_quiet(house: &House, pids: &[u32]) {
    assert!(house.pid_files().is_empty(), "{:?}", house.pid_files());
    for pid in pids {
        assert!(!runs(*pid), "process {pid} is left");
    }
}

fn two_commands_run_the_main_job_and_end_it() {
    let house = House::new();
    let started = house.start(&["--broker", "local"]);
    started.expect_code(0);
    let export = format!("export KAFKA_BOOTSTRAP_SERVERS={}\n", house.bootstrap());
    for text in [&export, "tracker.events", "tracker.log", "./stop.sh"] {
        assert!(started.stdout.contains(text), "{text:?} in {}", started.stdout);
    }
    let running = pids(&house);
    wait_for_orders(&house, 3);
    jq_reads(&house.path().join("tracker.log"));

    let stopped = house.stop(&["--keep-broker"]);
    stopped.expect_code(0);
    assert!(runs(running[0]), "the broker is kept");
    let messages = Cluster::at(house.bootstrap()).dump("orders");
    let trail = Trail::read(house.path());
    trail.expect_records(&messages);
    assert!(trail.lines.iter().all(|line| line.is_order()));
    jq_reads(&house.path().join("tracker.events"));
    assert!(!read_log(house.path()).is_empty());

    house.stop(&[]).expect_code(0);
    is_quiet(&house, &running);
}

#[track_caller]
fn jq_reads(file: &Path) {
    let read = Command::new("jq").args(["-e", "."]).arg(file).output();
    // jq is what people use; where it is not installed, our own readers above have read it.
    if let Ok(read) = read {
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    }
}

fn a_second_start_changes_nothing() {
    let house = House::new();
    house.start(&["--broker", "local"]).expect_code(0);
    let before = pids(&house);
    let again = house.start(&["--broker", "local"]);
    again.expect_code(0);
    assert_eq!(pids(&house), before);
    for pid in before {
        assert!(again.stdout.contains(&pid.to_string()), "{}", again.stdout);
    }
    // Whoever came back to it is told where the broker is, and what to do next.
    let export = format!("export KAFKA_BOOTSTRAP_SERVERS={}\n", house.bootstrap());
    for text in [&export, "audit verify", "./stop.sh"] {
        assert!(again.stdout.contains(text), "{text:?} in {}", again.stdout);
    }
    house.stop(&[]).expect_code(0);
    is_quiet(&house, &before);
    // The trail goes on where it was.
    let lines = Trail::read(house.path()).lines.len();
    house.start(&["--broker", "local"]).expect_code(0);
    wait_for_orders(&house, lines + 2);
    house.stop(&[]).expect_code(0);
    Trail::read(house.path()).expect_unbroken();
}

/// The pages tell a reader to export the address: after a stop it was taken for somebody else's broker, and refused.
fn our_own_broker_is_started_again_for_a_shell_that_still_names_it() {
    let house = House::new();
    house.start(&["--broker", "local"]).expect_code(0);
    let own = house.bootstrap();
    // Not even the port is known from anything but the name.
    let start = |named: &str| {
        let _one_at_a_time = one_start_at_a_time();
        let run = house.script("start.sh").env("ORDERTRAIL_BROKER_PORT", free_port().to_string());
        run.env("KAFKA_BOOTSTRAP_SERVERS", named).finish_within(LONG)
    };
    house.stop(&[]).expect_code(0);
    let again = start(&own.replace("127.0.0.1", "localhost"));
    again.expect_code(0);
    assert!(again.stdout.contains("our own broker, which is stopped"), "{}", again.stdout);
    let running = pids(&house);
    assert!(start(&own).expect_code(0).stdout.contains("Already running"));
    house.stop(&[]).expect_code(0);
    is_quiet(&house, &running);
    // Nobody else's address is taken for ours.
    start(&format!("127.0.0.1:{}", free_port())).expect_code(4);
    Trail::read(house.path()).expect_unbroken();
}

fn what_died_is_started_again() {
    let house = House::new();
    house.start(&["--broker", "local"]).expect_code(0);
    let before = pids(&house);
    wait_for_orders(&house, 1);
    kill_nine(before[2]);
    house.start(&["--broker", "local"]).expect_code(0);
    let after = pids(&house);
    assert_eq!(before[..2], after[..2], "broker and producer go on");
    assert_ne!(before[2], after[2]);
    wait_for_orders(&house, 3);
    house.stop(&[]).expect_code(0);
    is_quiet(&house, &after);
    Trail::read(house.path()).expect_unbroken();
}

fn kill_nine(pid: u32) {
    let killed = Command::new("kill").args(["-9", &pid.to_string()]).status();
    assert!(killed.is_ok_and(|status| status.success()));
    wait_until("it is dead", LONG, || (!runs(pid)).then_some(()));
}

fn ctrl_c_in_the_foreground_stops_everything() {
    let house = House::new();
    let one_at_a_time = one_start_at_a_time();
    let mut start: Process = house.script("start.sh").args(["--broker", "local", "--foreground"]).start();
    start.wait_for_output("Ctrl-C", LONG);
    drop(one_at_a_time);
    wait_for_lines(&mut start, house.path(), 1);
    let running = pids(&house);
    start.signal(Signal::INT);
    start.wait(LONG).expect_code(0);
    is_quiet(&house, &running);
}

fn a_broker_that_was_there_is_used_and_left_alone() {
    let broker = Broker::start();
    let kafka = broker.cluster();
    let house = House::new();
    let start = || {
        let _one_at_a_time = one_start_at_a_time();
        let run = house.script("start.sh").env("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap());
        run.finish_within(LONG)
    };
    let started = start();
    started.expect_code(0);
    assert!(started.stdout.contains(kafka.bootstrap()), "{}", started.stdout);
    assert_eq!(house.pid("broker"), None);
    wait_for_orders(&house, 2);
    start().expect_code(0);
    house.stop(&[]).expect_code(0);
    is_quiet(&house, &[]);
    assert!(kafka.is_ready(), "it still runs");
    Trail::read(house.path()).expect_records(&kafka.dump("orders"));
}

fn a_stranger_s_process_is_left_alone() {
    let house = House::new();
    let scratch = Scratch::new("stranger");
    let mut stranger = crate::harness::Run::new("sleep", "sleep", &scratch).arg("600").start();
    for part in PARTS {
        std::fs::write(house.path().join(format!("{part}.pid")), format!("{}\n", stranger.pid())).unwrap();
    }
    let stopped = house.stop(&[]);
    stopped.expect_code(0);
    assert!(stranger.is_running(), "somebody else's process");
    assert!(house.pid_files().is_empty(), "the stale files are gone");
}

fn stopping_what_does_not_run_is_no_error() {
    let house = House::new();
    for _ in 0..2 {
        house.stop(&[]).expect_code(0);
    }
    std::fs::write(house.path().join("tracker.pid"), "999999999\n").unwrap();
    house.stop(&[]).expect_code(0);
    is_quiet(&house, &[]);
}

/// All programs of this machine but some, as a PATH.
fn path_without(names: &[&str], scratch: &Scratch) -> String {
    let bin = scratch.join("bin");
    std::fs::create_dir(&bin).unwrap();
    for dir in std::env::var("PATH").unwrap().split(':') {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if !names.iter().any(|one| name == *one) {
                // The first of a name wins, as in a PATH.
                drop(symlink(entry.path(), bin.join(name)));
            }
        }
    }
    bin.to_str().unwrap().to_owned()
}

#[track_caller]
fn gives_up_at_once(run: crate::harness::Run) -> Exit {
    let began = Instant::now();
    let exit = run.finish();
    exit.expect_code(4);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(15), "within seconds: {took:?}");
    exit
}

fn without_java_and_docker_it_says_what_to_install() {
    let house = House::new();
    let scratch = Scratch::new("path");
    let path = path_without(&["java", "docker"], &scratch);
    for broker in ["auto", "local"] {
        let run = house.script("start.sh").env("PATH", &path).env("JAVA_HOME", "").args(["--broker", broker]);
        gives_up_at_once(run).expect_message(&["Java 17", "KAFKA_BOOTSTRAP_SERVERS"]);
    }
    is_quiet(&house, &[]);
}

fn a_broker_that_does_not_answer_is_named() {
    let house = House::new();
    let nobody = format!("127.0.0.1:{}", free_port());
    let run = house.script("start.sh").env("KAFKA_BOOTSTRAP_SERVERS", &nobody);
    gives_up_at_once(run).expect_message(&[&nobody]);
    is_quiet(&house, &[]);
}

fn what_the_scripts_do_not_know_is_a_usage_error() {
    let house = House::new();
    house.start(&["--brocker"]).expect_code(2).expect_message(&["--brocker"]);
    house.start(&["--broker", "cloud"]).expect_code(2).expect_message(&["cloud"]);
    house.stop(&["--wype"]).expect_code(2).expect_message(&["--wype"]);
    let wipe = house.stop(&["--wipe"]);
    wipe.expect_code(2).expect_message(&["--yes"]);
}

/// A folder of programs in which the shop's services only say that they run; all else is the real thing.
fn shop_programs(scratch: &Scratch) -> std::path::PathBuf {
    let bin = scratch.join("programs");
    std::fs::create_dir(&bin).unwrap();
    let real = Path::new(env!("CARGO_BIN_EXE_techshop"));
    let script = format!(
        "#!/bin/sh\ncase $1 in process | notify | errors) ;; *) exec {} \"$@\" ;; esac\n\
         echo '{{\"timestamp\":\"t\",\"level\":\"INFO\",\"event\":\"service.started\",\"metadata\":{{\"listen\":null}}}}'\n\
         trap 'echo \"{{\\\"timestamp\\\":\\\"t\\\",\\\"level\\\":\\\"INFO\\\",\\\"message\\\":\\\"closed\\\",\\\"event\\\":\\\"service.stopped\\\"}}\"; exit 0' TERM\n\
         while :; do sleep 0.1; done\n",
        real.display()
    );
    let shop = bin.join("techshop");
    std::fs::write(&shop, script).unwrap();
    std::fs::set_permissions(&shop, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    bin
}

fn the_shop_is_opened_looked_after_and_closed() {
    const SERVICES: [&str; 5] =
        ["techshop-process", "techshop-analytics", "techshop-notify", "techshop-errors", "techshop-dashboard"];
    let (house, scratch) = (House::new(), Scratch::new("shop-programs"));
    let bin = shop_programs(&scratch);
    let start = || {
        let _one_at_a_time = one_start_at_a_time();
        let run = house.script("start.sh").env("ORDERTRAIL_BIN_DIR", &bin).args(["techshop", "--broker", "local"]);
        let exit = run.finish_within(LONG);
        exit.expect_code(0);
        exit
    };
    let pids = || SERVICES.map(|name| house.pid(name).unwrap_or_else(|| panic!("there is no {name}.pid")));
    let started = start();
    for text in
        ["11 of 11 as they should be", "analytics", "produce --count 50", "stock", "the shop, live", "./stop.sh"]
    {
        assert!(started.stdout.contains(text), "{text:?} in {}", started.stdout);
    }
    let before = pids();
    assert!(before.iter().all(|pid| runs(*pid)));
    assert!(house.pid("tracker").is_none(), "the demo was not asked for");

    let again = start();
    assert!(again.stdout.contains("Already running"), "{}", again.stdout);
    assert_eq!(pids(), before);

    kill_nine(before[1]);
    start();
    let after = pids();
    assert_ne!(before[1], after[1]);
    assert_eq!([before[0], before[2], before[3], before[4]], [after[0], after[2], after[3], after[4]]);

    let stopped = house.stop(&[]);
    stopped.expect_code(0);
    assert!(stopped.stdout.contains("0 orders counted"), "{}", stopped.stdout);
    is_quiet(&house, &after);
}

fn a_travel_request_goes_its_way() {
    let house = House::new();
    let started = house.start(&["travel", "--broker", "local"]);
    started.expect_code(0);
    for text in ["DV-2025-003, 8 events", "gestion-voyage-service", "travel show DV-2025-003", "./stop.sh"] {
        assert!(started.stdout.contains(text), "{text:?} in {}", started.stdout);
    }
    let pid = house.pid("travel-consume").expect("it was started");
    let out = house.path().join("travel-consume.out");
    wait_until("its events are shown", LONG, || {
        let said = std::fs::read_to_string(&out).unwrap_or_default();
        said.contains("[ DV-2025-003 ] est actuellement : CLOTUREE").then_some(())
    });
    let again = house.start(&["travel", "--broker", "local"]);
    assert!(again.expect_code(0).stdout.contains("Already running"), "{}", again.stdout);
    assert_eq!(house.pid("travel-consume"), Some(pid));
    house.stop(&[]).expect_code(0);
    is_quiet(&house, &[pid]);
}
