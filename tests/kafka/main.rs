//! The programs, run as people run them, against a real Kafka.
//!
//! One binary with a `main` of its own, because the broker is started once for all tests and must
//! be gone when they are, whatever happened. The usual flags work: `--list`, a filter, `--exact`,
//! `--skip`, `--test-threads`, `--nocapture`.
//!
//! The broker is that of `KAFKA_BOOTSTRAP_SERVERS`, or the real Apache Kafka from jars, kept in
//! `target/kafka-jars` (`broker/local.sh` fetches them; Java 17 and Maven are needed). Where it
//! cannot be had, the tests are counted as ignored and say what to install; with `CI=true` that is
//! a failure. `ORDERTRAIL_KEEP=1` keeps the directories of the tests, `ORDERTRAIL_LONG_TESTS=1`
//! makes the outages as long as those of real life.
//!
//! | file | what it is for |
//! |---|---|
//! | `harness/` | brokers, processes, an independent client in Java (`java/`), a reader of trails |
//! | `audit_published.rs` | `audit verify` against what the tracker has published of its trail |
//! | `audit_replay.rs` | a trail goes into another topic, exactly as it was |
//! | `audit_verify.rs` | trails as the tracker writes them are sound, and agree with Kafka |
//! | `chaos.rs` | kills and stops at random under full load, and what is left: see its head for how to drive it |
//! | `consumer_watch.rs` | the library below the programs: topics that change, muteness, offsets, transactions |
//! | `documents.rs` | what the documents tell a reader to run, run; what they show, said |
//! | `hostile.rs` | 200 messages that nobody wants: the list, and what a trail makes of them |
//! | `hostile_batches.rs` | compressed batches that cannot be unpacked, or unpack to far more than was sent |
//! | `kafka_dashboard.rs` | the cluster on a screen and as JSON, held to Kafka's own tools |
//! | `metrics.rs` | what alerts and the Grafana dashboard ask for is what programs export |
//! | `last_values.rs` | the last values of a compacted topic, read back in pieces |
//! | `producer_exactly_once.rs` | `--exactly-once`: killed, fenced, cut off, and each order once |
//! | `producer_sends.rs` | what the producer writes, seen by other clients |
//! | `producer_files.rs` | somebody's own orders: `--file`, `--strict`, `--raw`, a pipe |
//! | `producer_stops.rs` | signals, a broker that goes, a reader that goes |
//! | `refusals.rs` | wrong flags and settings, no broker, no disk: the message and the exit code |
//! | `scripts.rs` | `start.sh` and `stop.sh` |
//! | `scripts_all.rs` | all systems over one broker, and ports that are taken |
//! | `security.rs` | TLS and SASL, right and wrong |
//! | `self_checks.rs` | that the harness tells the truth, and can fail |
//! | `supply/` | two services and two roads: one effect, nothing lost, whatever fails |
//! | `techshop_process.rs` | the shop's heart: what it decides, who decides, what it remembers |
//! | `techshop_shop.rs` | the shop's topics, random orders, stock and restocks |
//! | `techshop_shop_analytics.rs` | each outcome counted once, whatever happens to who counts |
//! | `techshop_notify.rs` | letters to customers: each once, through kills, outages and bad addresses |
//! | `techshop_notify_shop.rs` | what those two stand on: a shop of their own, and its messages |
//! | `techshop_notify_tls.rs` | letters over TLS: to a server that is vouched for, and to no other |
//! | `techshop_dashboard.rs` | the shop's pages in a real browser: figures that move, reloads, kills, outages |
//! | `techshop_dashboard_shop.rs` | what the pages' tests share: a shop with orders, and its dashboard |
//! | `techshop_dashboard_doors.rs` | the same without a browser: what programs read, who may write, what is hidden |
//! | `techshop_dashboard_hostile.rs` | names that are scripts, or far too long |
//! | `techshop_dashboard_looks.rs` | keyboard, contrast, names for screen readers, widths |
//! | `techshop_errors.rs` | apologies, restock alerts, and the list of what is invalid |
//! | `techshop_oracle/` | orders of every kind and deaths of every kind, and a second reading of what came of them |
//! | `techshop_python.rs` | the exercise's own clients in Python, against `process` |
//! | `tracker_anchors.rs` | checkpoints in a topic, and what they find |
//! | `tracker_calls.rs` | every system call on every file made to fail or to kill |
//! | `tracker_faults.rs` | failing disks, and death within any system call |
//! | `tracker_full_disk.rs` | a disk that is really full |
//! | `tracker_gaps.rs` | what cannot be had any more, and is never silent |
//! | `tracker_history.rs` | what a trail had published of itself, against what is in its place now |
//! | `tracker_incarnations.rs` | the same name, another thing: topics made anew, clusters swapped |
//! | `tracker_letters.rs` | the dead-letter topic, through kills |
//! | `tracker_lines.rs` | a line of `tracker.events`, field by field |
//! | `tracker_log.rs` | `tracker.log`: its lines, metrics and languages |
//! | `tracker_options.rs` | what flags change |
//! | `tracker_outages.rs` | brokers that stop and die under running programs |
//! | `tracker_page.rs` | the page of `--listen` in a real browser, and that the trail does not feel it |
//! | `tracker_restarts.rs` | killed, torn, adopted: the file's tail is the truth |
//! | `tracker_sealed.rs` | sealed data that are missing or altered |
//! | `tracker_standby.rs` | two trackers and one directory |
//! | `tracker_stops.rs` | ending at the end, and ending on a signal |
//! | `tracker_truncations.rs` | logs that were cut behind the position |
//! | `tracker_watchdog.rs` | a consumer that has gone mute |
//! | `tracker_web.rs` | `--listen` |
//! | `travel.rs` | requests rebuilt from their events, whoever wrote them; held to another fold in Python |
//! | `travel_disturbed.rs` | the same through kills, damaged snapshots, topics that grow or forget |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::string_slice,
    reason = "a test that cannot go on has failed, and says so; there is nobody else to tell"
)]

/// The trials of one file: its name, what its tests need, and the tests.
macro_rules! trials {
    ($file:literal, $needs:expr, [$($test:ident),* $(,)?]) => {
        vec![$($crate::harness::trial(
            format!("{}::{}", $file, stringify!($test)),
            $needs,
            $test,
        )),*]
    };
}

mod audit_published;
mod audit_replay;
mod audit_verify;
mod chaos;
mod consumer_watch;
mod documents;
mod harness;
mod hostile;
mod hostile_batches;
mod kafka_dashboard;
mod last_values;
mod metrics;
mod producer_exactly_once;
mod producer_files;
mod producer_sends;
mod producer_stops;
mod refusals;
mod scripts;
mod scripts_all;
mod security;
mod self_checks;
mod supply;
mod techshop_dashboard;
mod techshop_dashboard_doors;
mod techshop_dashboard_hostile;
mod techshop_dashboard_looks;
mod techshop_dashboard_shop;
mod techshop_errors;
mod techshop_notify;
mod techshop_notify_shop;
mod techshop_notify_tls;
mod techshop_oracle;
mod techshop_process;
mod techshop_python;
mod techshop_shop;
mod techshop_shop_analytics;
mod tracker_anchors;
mod tracker_calls;
mod tracker_faults;
mod tracker_full_disk;
mod tracker_gaps;
mod tracker_history;
mod tracker_incarnations;
mod tracker_letters;
mod tracker_lines;
mod tracker_log;
mod tracker_options;
mod tracker_outages;
mod tracker_page;
mod tracker_restarts;
mod tracker_sealed;
mod tracker_standby;
mod tracker_stops;
mod tracker_truncations;
mod tracker_watchdog;
mod tracker_web;
mod travel;
mod travel_disturbed;

use libtest_mimic::Arguments;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Each test runs a program or two, and all share a broker: more at once would only fight over
/// the processor.
const THREADS: usize = 3;

/// How many of the slowest tests a run names at its end; a run of fewer says nothing of them.
const SLOWEST_TOLD: usize = 40;

fn main() -> ExitCode {
    end_on_interrupt();
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let trials = [
        // First, since it takes longest.
        chaos::trials(),
        consumer_watch::trials(),
        audit_published::trials(),
        audit_replay::trials(),
        audit_verify::trials(),
        documents::trials(),
        hostile::trials(),
        hostile_batches::trials(),
        kafka_dashboard::trials(),
        last_values::trials(),
        metrics::trials(),
        producer_exactly_once::trials(),
        producer_files::trials(),
        producer_sends::trials(),
        producer_stops::trials(),
        refusals::trials(),
        scripts::trials(),
        scripts_all::trials(),
        security::trials(),
        self_checks::trials(),
        supply::trials(),
        techshop_process::trials(),
        techshop_shop::trials(),
        techshop_shop_analytics::trials(),
        techshop_dashboard::trials(),
        techshop_dashboard_doors::trials(),
        techshop_dashboard_hostile::trials(),
        techshop_dashboard_looks::trials(),
        techshop_errors::trials(),
        techshop_notify::trials(),
        techshop_notify_tls::trials(),
        techshop_oracle::trials(),
        techshop_python::trials(),
        tracker_anchors::trials(),
        tracker_calls::trials(),
        tracker_faults::trials(),
        tracker_full_disk::trials(),
        tracker_gaps::trials(),
        tracker_history::trials(),
        tracker_incarnations::trials(),
        tracker_letters::trials(),
        tracker_lines::trials(),
        tracker_log::trials(),
        tracker_options::trials(),
        tracker_outages::trials(),
        tracker_page::trials(),
        tracker_restarts::trials(),
        tracker_sealed::trials(),
        tracker_standby::trials(),
        tracker_stops::trials(),
        tracker_truncations::trials(),
        tracker_watchdog::trials(),
        tracker_web::trials(),
        travel::trials(),
        travel_disturbed::trials(),
    ];
    let conclusion = libtest_mimic::run(&arguments, trials.into_iter().flatten().collect());
    harness::close_shared();
    tell_what_took_long();
    match tell_what_is_missing() {
        true => ExitCode::FAILURE,
        false => conclusion.exit_code(),
    }
}

/// Ends on SIGINT, as is usual, even if whoever started us in the background has it ignored: our
/// children would inherit that, and a shell script cannot undo it.
fn end_on_interrupt() {
    let always = Arc::new(AtomicBool::new(true));
    let interrupt = signal_hook::consts::SIGINT;
    signal_hook::flag::register_conditional_default(interrupt, always).expect("SIGINT can be handled");
}

/// A whole run says where its time went: on a few cores the slowest tests decide how long people wait.
fn tell_what_took_long() {
    let (slowest, all) = harness::slowest(SLOWEST_TOLD);
    if slowest.len() < SLOWEST_TOLD {
        return;
    }
    println!("the slowest of {:.0} s:", all.as_secs_f64());
    for (took, name) in slowest {
        println!("{:7.1} s  {name}", took.as_secs_f64());
    }
}

/// Says loudly why tests were ignored; whether that is a failure.
fn tell_what_is_missing() -> bool {
    let missing = harness::missing_tools();
    if missing.is_empty() {
        return false;
    }
    let is_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    eprintln!("\n************************************************************************");
    eprintln!("TESTS WERE IGNORED: this machine lacks what they need.");
    for reason in missing {
        eprintln!("  - {reason}");
    }
    eprintln!("(Java is needed with KAFKA_BOOTSTRAP_SERVERS as well: its client checks ours.)");
    if is_ci {
        eprintln!("CI=true, so this is a failure.");
    }
    eprintln!("************************************************************************");
    is_ci
}
