//! What the programs refuse: the message names the cause and the next step, the exit code is the
//! right one, and all of it takes seconds.

use crate::harness::{Exit, Need, Run, SHORT, Scratch, binaries_dir, free_port, order, program, shared};
use libtest_mimic::Trial;
use std::time::{Duration, Instant};

const PROGRAMS: [&str; 2] = ["producer", "tracker"];

pub(crate) fn trials() -> Vec<Trial> {
    let mut all = trials!(
        "refusals",
        &[],
        [
            help_shows_examples_and_version_a_version,
            an_unknown_flag_is_a_usage_error,
            an_unknown_property_is_refused_with_a_suggestion,
            a_property_with_a_wrong_value_is_refused,
            an_unknown_property_in_a_file_is_refused,
            a_configuration_file_that_is_missing_is_named,
            secrets_are_never_printed,
            a_producer_with_a_count_and_no_broker_gives_up,
            a_producer_with_a_file_and_no_broker_gives_up,
            a_tracker_until_end_and_no_broker_gives_up,
            without_a_timeout_it_gives_up_after_ten_seconds,
            the_exit_code_holds_though_nobody_can_be_told_why,
        ]
    );
    all.extend(trials!(
        "refusals",
        &[Need::Broker],
        [
            a_directory_that_cannot_be_made_is_named,
            a_directory_that_cannot_be_written_is_named,
            a_port_that_is_taken_is_named,
        ]
    ));
    all
}

fn nobody() -> String {
    format!("127.0.0.1:{}", free_port())
}

fn finish(run: Run) -> Exit {
    let began = Instant::now();
    let exit = run.finish();
    let took = began.elapsed();
    assert!(took < Duration::from_secs(20), "within seconds: {took:?}");
    assert!(!exit.stderr.contains("panicked"), "{}", exit.stderr);
    exit
}

fn help_shows_examples_and_version_a_version() {
    let scratch = Scratch::new("help");
    for name in PROGRAMS {
        let exit = finish(program(name, &scratch).arg("--help"));
        exit.expect_code(0);
        assert!(exit.stdout.contains("--brokers"), "{}", exit.stdout);
        let examples = exit.stdout.to_lowercase().contains("example");
        assert!(examples, "examples: {}", exit.stdout);
        let exit = finish(program(name, &scratch).arg("--version"));
        exit.expect_code(0);
        assert!(exit.stdout.contains(env!("CARGO_PKG_VERSION")));
    }
}

/// Once a program whose standard error lay on a full disk panicked over its own message.
fn the_exit_code_holds_though_nobody_can_be_told_why() {
    let scratch = Scratch::new("untold");
    let nobody = nobody();
    let cases: [(&str, &[&str], i32); 7] = [
        ("tracker", &["-F", "nowhere"], 2),
        ("producer", &["-F", "nowhere"], 2),
        ("audit", &["verify", "--dir", "nowhere"], 1),
        ("supply", &["-F", "nowhere", "wagon-lits"], 2),
        ("techshop", &["-F", "nowhere", "stock"], 2),
        ("techshop", &["-b", &nobody, "--connect-timeout", "300ms", "stock"], 4),
        ("travel", &["-b", &nobody, "--connect-timeout", "300ms", "list"], 4),
    ];
    for (name, arguments, code) in cases {
        let run = Run::new("untold", "/bin/sh", &scratch).args(["-c", "exec \"$0\" \"$@\" 2>/dev/full"]);
        finish(run.arg(binaries_dir().join(name)).args(arguments)).expect_code(code);
    }
}

fn an_unknown_flag_is_a_usage_error() {
    let scratch = Scratch::new("flag");
    for name in PROGRAMS {
        let exit = finish(program(name, &scratch).arg("--topik=x"));
        exit.expect_code(2).expect_message(&["--topik", "--topic"]);
        assert_eq!(exit.stdout, "", "messages go to standard error");
    }
}

fn an_unknown_property_is_refused_with_a_suggestion() {
    let scratch = Scratch::new("property");
    for name in PROGRAMS {
        let exit = finish(program(name, &scratch).property("securty.protocol=SSL"));
        exit.expect_code(2).expect_message(&["securty.protocol", "security.protocol"]);
    }
}

fn a_property_with_a_wrong_value_is_refused() {
    let scratch = Scratch::new("value");
    for name in PROGRAMS {
        for key in ["socket.timeout.ms", "security.protocol"] {
            let exit = finish(program(name, &scratch).property(&format!("{key}=soon")));
            exit.expect_code(2).expect_message(&[key]);
        }
        let exit = finish(program(name, &scratch).property("client.id"));
        exit.expect_code(2).expect_message(&["KEY=VALUE"]);
    }
}

fn an_unknown_property_in_a_file_is_refused() {
    let scratch = Scratch::new("file-property");
    let file = scratch.file("kafka.conf", "# a comment\n\nlingre.ms=5\n");
    for name in PROGRAMS {
        let exit = finish(program(name, &scratch).arg("--config").arg(&file));
        exit.expect_code(2).expect_message(&["lingre.ms", "linger.ms"]);
    }
}

fn a_configuration_file_that_is_missing_is_named() {
    let scratch = Scratch::new("no-config");
    for name in PROGRAMS {
        let exit = finish(program(name, &scratch).args(["-F", "no-such.conf"]));
        assert!(matches!(exit.code, Some(1 | 2)), "{exit:?}");
        exit.expect_message(&["no-such.conf"]);
    }
}

fn secrets_are_never_printed() {
    let scratch = Scratch::new("secrets");
    for name in PROGRAMS {
        let run = program(name, &scratch)
            .args(["-b", &nobody(), "--connect-timeout", "1s"])
            .args(["--topic", "orders"])
            .property("sasl.password=hunter2")
            .property("ssl.key.password=hunter2");
        let run = match name {
            "producer" => run.args(["--count", "1"]),
            _ => run.arg("--until-end"),
        };
        let exit = finish(run);
        let wrong = finish(program(name, &scratch).property("sasl.pasword=hunter2"));
        for said in [&exit, &wrong] {
            assert!(!said.stdout.contains("hunter2") && !said.stderr.contains("hunter2"));
        }
        let log = std::fs::read_to_string(scratch.join("tracker.log")).unwrap_or_default();
        assert!(!log.contains("hunter2"));
    }
}

#[track_caller]
fn gives_up(run: Run, broker: &str) {
    let exit = finish(run.args(["-b", broker, "--connect-timeout", "2s"]));
    exit.expect_code(4).expect_message(&[broker, "./start.sh", "--brokers"]);
}

fn a_producer_with_a_count_and_no_broker_gives_up() {
    let scratch = Scratch::new("no-broker");
    gives_up(program("producer", &scratch).args(["--count", "1"]), &nobody());
}

fn a_producer_with_a_file_and_no_broker_gives_up() {
    let scratch = Scratch::new("no-broker");
    scratch.file("orders.jsonl", order(1));
    let run = program("producer", &scratch).args(["--file", "orders.jsonl"]);
    gives_up(run, &nobody());
}

fn a_tracker_until_end_and_no_broker_gives_up() {
    let scratch = Scratch::new("no-broker");
    gives_up(program("tracker", &scratch).arg("--until-end"), &nobody());
}

fn without_a_timeout_it_gives_up_after_ten_seconds() {
    let scratch = Scratch::new("ten-seconds");
    let began = Instant::now();
    let exit = program("producer", &scratch).args(["--count", "1", "-b", &nobody()]).finish_within(SHORT);
    exit.expect_code(4);
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(9), "{took:?}");
    assert!(took < Duration::from_secs(20), "{took:?}");
}

fn a_directory_that_cannot_be_made_is_named() {
    let scratch = Scratch::new("no-dir");
    scratch.file("a-file", "");
    let run =
        program("tracker", &scratch).cluster(&shared()).args(["--topic", &shared().topic(1), "--dir", "a-file/trail"]);
    let exit = finish(run);
    assert!(matches!(exit.code, Some(1 | 74)), "{exit:?}");
    exit.expect_message(&["a-file/trail"]);
}

/// Also for the superuser, whom permissions do not stop.
fn a_directory_that_cannot_be_written_is_named() {
    let scratch = Scratch::new("no-file");
    std::fs::create_dir_all(scratch.join("trail/tracker.events")).unwrap();
    let run = program("tracker", &scratch).cluster(&shared()).args(["--topic", &shared().topic(1), "--dir", "trail"]);
    let exit = finish(run);
    assert!(matches!(exit.code, Some(1 | 74)), "{exit:?}");
    exit.expect_message(&["tracker.events"]);
}

fn a_port_that_is_taken_is_named() {
    let scratch = Scratch::new("taken");
    let holder = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = holder.local_addr().unwrap().to_string();
    let run =
        program("tracker", &scratch).cluster(&shared()).args(["--topic", &shared().topic(1), "--listen", &address]);
    let exit = finish(run);
    exit.expect_code(1).expect_message(&[&address, "--listen"]);
}
