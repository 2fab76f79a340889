//! `travel` disturbed: kills, damaged snapshots, a topic that grows, one that forgets.

use crate::harness::{Chance, LONG, Need, Record, wait_until, wait_while_time_passes};
use crate::kafka_dashboard::terminal::Terminal;
use crate::travel::{Desk, LIFE, event};
use libtest_mimic::Trial;
use portable_pty::CommandBuilder;
use serde_json::{Value, json};
use std::io::Read as _;
use std::time::Duration;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "travel_disturbed",
        &[Need::Broker],
        [
            a_consumer_that_is_killed_shows_what_a_fresh_list_shows,
            a_snapshot_that_is_damaged_is_not_used,
            a_topic_that_grows_and_splits_requests_is_merged,
            a_topic_that_forgets_is_told,
            a_topic_made_anew_with_fewer_partitions_is_read_from_its_beginning,
            a_reader_who_does_not_read_holds_up_no_stop,
        ]
    )
}

/// The lines with which `consume --new` begins.
fn board(desk: &Desk, snapshot: &str) -> Vec<String> {
    let said = desk.says(&["consume", "--new", "--until-end", "--snapshot", snapshot]);
    said.lines().filter(|line| line.starts_with("[ ")).map(str::to_owned).collect()
}

fn fresh(desk: &Desk) -> Vec<String> {
    let line = |(id, one): (String, Value)| {
        let late = if one["retard"] == json!(true) { " (RETARD)" } else { "" };
        format!("[ {id} ] est actuellement : {}{late}", one["etat"].as_str().unwrap_or("–"))
    };
    desk.list().into_iter().map(line).collect()
}

fn a_consumer_that_is_killed_shows_what_a_fresh_list_shows() {
    let desk = Desk::with_topic(3);
    let mut chance = Chance::seeded("ORDERTRAIL_TRAVEL_SEED");
    let all = [&LIFE[..], &["RETARD", "ANNULATION"]].concat();
    for round in 0..20 {
        for number in 0..8 {
            let id = format!("DV-{number}");
            let due = LIFE.get(round % LIFE.len()).copied().unwrap_or("RETARD");
            let any = all[usize::try_from(chance.below(all.len() as u64)).unwrap()];
            desk.send(&id, &[due, any]);
        }
        let flags = ["consume", "--new", "--snapshot", "kept", "--snapshot-every", "20ms"];
        let mut consumer = desk.travel(&flags).start();
        if round % 2 == 0 {
            consumer.wait_for_output("est actuellement", LONG);
        }
        wait_while_time_passes(Duration::from_millis(chance.below(300)));
        consumer.kill_nine();
    }
    let expected = fresh(&desk);
    assert_eq!(expected.len(), 8);
    assert_eq!(board(&desk, "kept"), expected);
    let checked = desk.travel(&["consume", "--check-snapshot", "--snapshot", "kept"]).finish_within(LONG);
    checked.expect_code(0);
    assert!(checked.stdout.contains("8 requests"), "{}", checked.stdout);
}

fn a_snapshot_that_is_damaged_is_not_used() {
    let desk = Desk::with_topic(2);
    desk.send("DV-1", &["CREATION", "RETARD"]);
    let expected = board(&desk, "kept");
    let path = desk.scratch.join("kept");
    let good = std::fs::read(&path).expect("it was kept");
    // Every byte is flipped in the tests of the fold; here it is the program that meets some of them.
    for at in [0, 30, good.len() / 2, good.len() - 3] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        std::fs::write(&path, &bad).expect("it is ours");
        let exit = desk.travel(&["consume", "--new", "--until-end", "--snapshot", "kept"]).finish_within(LONG);
        exit.expect_code(0);
        assert!(exit.stderr.contains("is not used"), "byte {at}: {}", exit.stderr);
        assert!(exit.stdout.contains(&expected[0]), "byte {at}: {}", exit.stdout);
        assert_eq!(std::fs::read(&path).expect("it was kept"), good, "byte {at}");
    }
    // One of a topic that was made anew.
    desk.kafka.delete_topic(&desk.topic);
    desk.kafka.make_topic(&desk.topic, 2);
    desk.send("DV-2", &["CREATION"]);
    let exit = desk.travel(&["consume", "--new", "--until-end", "--snapshot", "kept"]).finish_within(LONG);
    exit.expect_code(0);
    assert!(exit.stderr.contains("another topic"), "{}", exit.stderr);
    assert_eq!(exit.stdout, "[ DV-2 ] est actuellement : CREATION\n");
}

fn a_topic_that_grows_and_splits_requests_is_merged() {
    let desk = Desk::with_topic(3);
    let ids: Vec<String> = (0..12).map(|number| format!("DV-{number}")).collect();
    let now = 1_795_254_060_000;
    let step = |at: usize| {
        let records: Vec<Record> = ids.iter().map(|id| event(id, LIFE[at]).at(now + 1_000 * at as i64)).collect();
        desk.kafka.produce_by_key(&desk.topic, &records);
    };
    (0..3).for_each(step);
    let mut consumer = desk.travel(&["consume", "--json"]).start();
    consumer.wait_for_output("VALIDEE", LONG);
    desk.kafka.grow_topic(&desk.topic, 6);
    wait_until("it has grown", LONG, || (desk.kafka.ends(&desk.topic).len() == 6).then_some(()));
    (3..7).for_each(step);
    let list = desk.list();
    assert_eq!(list.len(), 12);
    for id in &ids {
        assert_eq!((&list[id]["etat"], &list[id]["refuses"]), (&json!("CLOTUREE"), &json!(0)), "{id}");
    }
    assert!(list.values().any(|one| one["split"] == json!(true)), "some have another partition now: {list:?}");
    wait_until("who reads live has read them, too", LONG, || {
        let said = consumer.stdout();
        let ended = said.lines().filter(|line| line.contains("\"place\":\"CLOTUREE\"")).count();
        (ended == 12).then_some(())
    });
    let said = consumer.stdout();
    let lines = said.lines().map(|line| serde_json::from_str::<Value>(line).expect("it is JSON"));
    let split: Vec<Value> = lines.filter(|line| line["split"] == json!(true)).collect();
    assert!(!split.is_empty(), "a verdict that may be another one than at first says so: {said}");
    assert!(split.iter().all(|line| list[line["id"].as_str().unwrap_or_default()]["split"] == json!(true)));
    consumer.terminate(LONG).expect_code(0);
}

fn a_topic_that_forgets_is_told() {
    let mut desk = Desk::new();
    desk.topic = desk.kafka.topic_with(1, &[("cleanup.policy", "compact,delete"), ("retention.ms", "604800000")]);
    desk.send("DV-1", &["CREATION", "EN_ATTENTE_VALIDATION"]);
    let exit = desk.travel(&["list", "--json"]).finish_within(LONG);
    exit.expect_code(0);
    for text in ["compacted", "7 days", "kafka-configs.sh", "retention.ms=-1"] {
        assert!(exit.stderr.contains(text), "{text:?} in {}", exit.stderr);
    }
    assert_eq!(desk.list()["DV-1"]["history_incomplete"], json!(true));

    let desk = Desk::with_topic(1);
    desk.send("DV-1", &["CREATION", "EN_ATTENTE_VALIDATION", "VALIDEE"]);
    desk.kafka.delete_before(&desk.topic, 0, 1);
    let exit = desk.travel(&["show", "DV-1"]).finish_within(LONG);
    exit.expect_code(0);
    assert!(exit.stderr.contains("oldest records are gone") && exit.stdout.contains("may be incomplete"));
    assert_eq!(desk.list()["DV-1"]["etat"], Value::Null, "nobody saw it begin");
}

fn a_topic_made_anew_with_fewer_partitions_is_read_from_its_beginning() {
    let desk = Desk::with_topic(3);
    for number in 0..6 {
        desk.send(&format!("DV-{number}"), &["CREATION"]);
    }
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_travel"));
    command.args(["--brokers", desk.kafka.bootstrap(), "--topic", &desk.topic, "consume", "--no-snapshot"]);
    command.cwd(desk.scratch.path());
    let mut board = Terminal::start(command, 100, 24);
    let shows = |board: &Terminal, what: &str, texts: &'static [&'static str]| {
        board.wait_for(what, |screen| {
            let screen = screen.contents();
            texts.iter().all(|text| screen.contains(text)).then_some(())
        });
    };
    shows(&board, "what is there", &["LIVE", "6 requests"]);
    let mut consumer = desk.travel(&["consume"]).start();
    consumer.wait_for_output("[ DV-5 ] est actuellement : CREATION", LONG);
    desk.kafka.delete_topic(&desk.topic);
    desk.kafka.make_topic(&desk.topic, 1);
    desk.send("DV-7", &["CREATION", "ANNULATION"]);
    shows(&board, "that it is another topic", &["another topic of the same name"]);
    shows(&board, "all of it, and nothing of the other one", &["LIVE", "1 request ", "DV-7", "ANNULATION"]);
    consumer.wait_for_output("[ DV-7 ] est actuellement : ANNULATION", LONG);
    assert!(consumer.stderr().contains("another topic of the same name"), "{}", consumer.stderr());
    consumer.terminate(LONG).expect_code(0);
    board.send("q");
    assert!(board.exit().success());
    assert_eq!(desk.list().len(), 1);
}

/// Lines of JSON that nobody read once held up the stop for ever.
fn a_reader_who_does_not_read_holds_up_no_stop() {
    let desk = Desk::with_topic(1);
    let details = "x".repeat(20_000);
    let records: Vec<Record> = (0..100)
        .map(|number| {
            let id = format!("DV-{number}");
            Record::new(0, json!({"id": id, "etat": "CREATION", "details": {"a": details}}).to_string()).key(id)
        })
        .collect();
    desk.kafka.produce(&desk.topic, &records);
    let (mut consumer, pipe) = desk.travel(&["consume", "--json"]).start_piped();
    wait_until("the pipe is nearly full", LONG, || {
        (rustix::io::ioctl_fionread(&pipe).expect("it is a pipe") > 60_000).then_some(())
    });
    consumer.terminate(LONG).expect_code(0).expect_message(&["stopped before the last lines were read"]);
    // Who reads slowly loses nothing: an end that nobody asked for waits for him.
    let (mut consumer, mut pipe) = desk.travel(&["consume", "--json", "--until-end"]).start_piped();
    wait_until("the pipe is nearly full", LONG, || {
        (rustix::io::ioctl_fionread(&pipe).expect("it is a pipe") > 60_000).then_some(())
    });
    let mut said = String::new();
    pipe.read_to_string(&mut said).expect("it is text");
    consumer.wait(LONG).expect_code(0);
    assert_eq!(said.lines().count(), 100);
}
