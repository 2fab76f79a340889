//! Compressed batches that a broker takes and that cannot be unpacked, or unpack to far more than was sent.

use crate::harness::{
    Batch, Cluster, LONG, Line, Need, Process, Record, Scratch, Shop, Trail, drain, events, expect_sealed,
    expect_told_once, free_port, get, order, shared, tracker, trail_dir, wait_for_event, wait_for_lines, wait_until,
};
use crate::travel::{Desk, event};
use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "hostile_batches",
        &[Need::Broker],
        [
            a_damaged_batch_holds_its_partition_and_is_told_until_it_is_deleted,
            a_batch_of_more_than_two_gigabytes_is_told_as_one_that_cannot_be_read,
            a_run_that_ends_by_itself_names_the_batch_that_it_cannot_read,
            a_service_that_meets_such_a_batch_says_so_and_is_not_ready,
            travel_ends_where_nothing_but_such_a_batch_is_left_and_names_it,
            what_of_the_shop_ends_by_itself_does_so_too,
            the_memory_of_the_shop_is_waited_for_unless_a_run_is_to_end_by_itself,
            a_bomb_costs_no_more_memory_than_the_document_says,
            a_topic_without_compression_refuses_bombs,
        ]
    )
}

fn orders(partition: i32, numbers: std::ops::Range<u32>) -> Vec<Record> {
    numbers.map(|number| Record::new(partition, order(number))).collect()
}

/// Two orders that Kafka's own client can read, and librdkafka cannot.
fn damaged() -> Batch {
    let values = [order(3), order(4)];
    Batch::with_wrong_content_checksum(&[values[0].as_bytes(), values[1].as_bytes()])
}

fn listening(kafka: &Cluster, topic: &str, scratch: &Scratch) -> (Process, u16) {
    let port = free_port();
    let run = tracker(kafka, topic, scratch).args(["--listen", &format!("127.0.0.1:{port}")]);
    // Longer than a test waits for an end: what cannot be read holds no stop up.
    let run = run.args(["--drain-timeout", "600s"]);
    (run.start(), port)
}

/// What `/readyz` says, once it has this code.
#[track_caller]
fn readiness(port: u16, status: u16, words: &str) -> String {
    wait_until(&format!("/readyz is {status} and says {words:?}"), LONG, || {
        let answer = get(port, "/readyz").filter(|answer| answer.status == status)?;
        answer.body.contains(words).then_some(answer.body)
    })
}

fn a_damaged_batch_holds_its_partition_and_is_told_until_it_is_deleted() {
    let kafka = shared();
    let topic = kafka.topic(2);
    kafka.produce(&topic, &orders(0, 0..3));
    assert_eq!(damaged().send(&kafka, &topic, 0), Ok(3), "the broker takes it");
    kafka.produce(&topic, &orders(0, 5..8));
    kafka.produce(&topic, &orders(1, 0..2));
    assert_eq!(kafka.dump(&topic).len(), 10, "Kafka's own client reads all of it");

    let scratch = Scratch::new("damaged-batch");
    let dir = trail_dir(&scratch);
    let (mut running, port) = listening(&kafka, &topic, &scratch);
    wait_for_lines(&mut running, &dir, 5);
    let told = wait_for_event(&dir, "batch.unreadable");
    assert_eq!(told.level(), "ERROR");
    assert_eq!(told.metadata()["kafka_partition"], 0);
    assert_eq!(told.metadata()["kafka_offset"], 3);
    assert!(told.message().contains("kafka-delete-records"), "the next step: {}", told.message());
    readiness(port, 503, "partition 0 from offset 3");
    let figures = get(port, "/metrics").expect("it answers").body;
    assert!(figures.lines().any(|line| line == "ordertrail_tracker_ready 0"), "{figures}");

    // The other partition goes on, and nothing behind the batch is recorded before it.
    kafka.produce(&topic, &orders(1, 2..3));
    wait_for_lines(&mut running, &dir, 6);
    assert_eq!(Trail::count_so_far(&dir), 6);

    // A stop does not wait for what cannot be read, and the next run stands there again.
    running.terminate(LONG).expect_code(0);
    let (mut running, port) = listening(&kafka, &topic, &scratch);
    readiness(port, 503, "partition 0 from offset 3");

    kafka.delete_before(&topic, 0, 5);
    readiness(port, 200, "ready");
    wait_for_lines(&mut running, &dir, 10);
    assert_eq!(wait_for_event(&dir, "batch.passed").metadata()["kafka_offset"], 3);
    running.terminate(LONG).expect_code(0);
    assert_eq!(events(&dir, "batch.unreadable").len(), 2, "once a run");
    expect_told_once(&dir, "retention");
    let trail = Trail::read(&dir);
    let gap = trail.lines.iter().find(|line| line.is_gap()).expect("it is told");
    assert_eq!((&gap.get("audit")["from"], &gap.get("audit")["to"]), (&3.into(), &5.into()));
    let read: Vec<i64> = trail.messages().filter(|line| line.partition() == 0).map(Line::offset).collect();
    assert_eq!(read, [0, 1, 2, 5, 6, 7]);
    expect_sealed(&dir);
    // A tracker that was away meanwhile, and a start from nothing, do the same.
    assert_eq!(drain(&kafka, &topic, &scratch).gaps, 0);
    assert_eq!(drain(&kafka, &topic, &Scratch::new("after-the-batch")).received, 6);
}

fn a_batch_of_more_than_two_gigabytes_is_told_as_one_that_cannot_be_read() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let bomb = Batch::bomb(3, b'x', 1_000_000_000);
    assert!(bomb.length() < 1_000_000, "{} bytes", bomb.length());
    assert_eq!(bomb.send(&kafka, &topic, 0), Ok(0), "the broker takes it");
    let scratch = Scratch::new("three-gigabytes");
    let (mut running, port) = listening(&kafka, &topic, &scratch);
    readiness(port, 503, "partition 0 from offset 0");
    assert_eq!(wait_for_event(&trail_dir(&scratch), "batch.unreadable").metadata()["kafka_offset"], 0);
    kafka.delete_before(&topic, 0, 3);
    readiness(port, 200, "ready");
    kafka.produce(&topic, &orders(0, 0..1));
    wait_for_lines(&mut running, &trail_dir(&scratch), 1);
    running.terminate(LONG).expect_code(0);
}

fn a_run_that_ends_by_itself_names_the_batch_that_it_cannot_read() {
    let kafka = shared();
    let topic = kafka.topic(2);
    kafka.produce(&topic, &orders(1, 0..5));
    assert_eq!(damaged().send(&kafka, &topic, 0), Ok(0));
    let scratch = Scratch::new("one-shot");
    let exit = tracker(&kafka, &topic, &scratch).arg("--until-end").finish_within(LONG);
    exit.expect_code(1).expect_message(&["partition 0 from offset 0", "kafka-delete-records"]);
    assert_eq!(Trail::count_so_far(&trail_dir(&scratch)), 5, "all else is recorded");
    kafka.delete_before(&topic, 0, 2);
    drain(&kafka, &topic, &scratch);
}

fn a_service_that_meets_such_a_batch_says_so_and_is_not_ready() {
    let shop = Shop::new().with_topic("errors");
    let (kafka, topic, group) = (&shop.kafka, shop.topic("errors"), format!("{}errors", shop.prefix));
    assert_eq!(damaged().send(kafka, &topic, 0), Ok(0));
    let port = free_port();
    let mut running = shop.command(&["errors", "--group", &group, "--listen", &format!("127.0.0.1:{port}")]).start();
    readiness(port, 503, &format!("{topic}/0 cannot be read from offset 0"));
    let told = wait_until("it is told", LONG, || {
        let stderr = running.stderr();
        stderr.lines().find(|line| line.contains("batch.unreadable")).map(str::to_owned)
    });
    assert!(told.contains("\"level\":\"ERROR\"") && told.contains("\"offset\":0"), "{told}");
    kafka.delete_before(&topic, 0, 2);
    readiness(port, 200, "");
    running.terminate(LONG).expect_code(0);
}

/// Each of the runs ends with 1 and says where the batch is, and what to do.
#[track_caller]
fn expect_named(runs: Vec<Process>, topic: &str, place: &str) {
    for mut run in runs {
        let exit = run.wait(LONG);
        exit.expect_code(1).expect_message(&[&format!("{topic}/{place}"), "kafka-delete-records", "run this again"]);
    }
}

/// They said that the partition waits, and waited for ever.
fn travel_ends_where_nothing_but_such_a_batch_is_left_and_names_it() {
    const PLACE: &str = "1 cannot be read to its end: the batch from offset 0 on";
    let desk = Desk::with_topic(2);
    desk.kafka.produce(&desk.topic, &[event("DV-1", "CREATION")]);
    assert_eq!(damaged().send(&desk.kafka, &desk.topic, 1), Ok(0));
    let commands: [&[&str]; 3] = [&["list"], &["show", "DV-1"], &["consume", "--until-end", "--json"]];
    let runs = commands.map(|command| desk.travel(command).start());
    expect_named(runs.into(), &desk.topic, PLACE);
    desk.kafka.delete_before(&desk.topic, 1, 2);
    for command in commands {
        let exit = desk.travel(command).finish_within(LONG);
        exit.expect_code(0);
        assert!(exit.stdout.contains("DV-1"), "{command:?}: {}", exit.stdout);
    }
}

fn what_of_the_shop_ends_by_itself_does_so_too() {
    const PLACE: &str = "0 cannot be read to its end: the batch from offset 0 on";
    let shop = Shop::new().set_up();
    let (kafka, orders_topic, errors) = (&shop.kafka, shop.topic("orders"), shop.topic("errors"));
    for topic in [&orders_topic, &errors] {
        assert_eq!(damaged().send(kafka, topic, 0), Ok(0));
    }
    kafka.produce(&orders_topic, &orders(1, 0..2));
    let lists: [&[&str]; 2] = [&["errors", "--list"], &["analytics", "--once"]];
    let process = || shop.process(&["--until-end", "--quiet"]);
    let readers = lists.map(|command| shop.command(command).start());
    expect_named(vec![process().start()], &orders_topic, PLACE);
    expect_named(readers.into(), &errors, PLACE);
    // All else was decided, and committed.
    assert_eq!(kafka.dump(&errors).len(), 4, "two of the other partition, and the batch");
    kafka.delete_before(&orders_topic, 0, 2);
    kafka.delete_before(&errors, 0, 2);
    process().finish_within(LONG).expect_code(0);
    for command in lists {
        shop.command(command).finish_within(LONG).expect_code(0);
    }
}

/// It repeated its doubt for ever, and in words that named no batch.
fn the_memory_of_the_shop_is_waited_for_unless_a_run_is_to_end_by_itself() {
    let shop = Shop::new().set_up();
    let memory = shop.topic("order-numbers");
    let place = format!("{memory} cannot be read back: the batch of partition 0 from offset 0 on");
    // What is compacted takes no record without a key, and none is deleted of it.
    let keep_by = |policy: &str| shop.kafka.configure_topic(&memory, "cleanup.policy", policy);
    keep_by("delete");
    wait_until("it takes the batch", LONG, || damaged().send(&shop.kafka, &memory, 0).ok());
    keep_by("compact");
    let port = free_port();
    let mut serving = shop.command(&["process", "--quiet", "--listen", &format!("127.0.0.1:{port}")]).start();
    let ending = shop.process(&["--until-end", "--quiet"]).finish_within(LONG);
    ending.expect_code(1).expect_message(&[&place, "a sound copy of it", "another topic"]);
    readiness(port, 503, &place);
    keep_by("delete");
    shop.kafka.delete_before(&memory, 0, 2);
    keep_by("compact");
    readiness(port, 200, "");
    serving.terminate(LONG).expect_code(0);
    shop.process(&["--until-end", "--quiet"]).finish_within(LONG).expect_code(0);
}

/// The most memory that a process ever had, in bytes.
fn peak_bytes(process: &Process) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells it");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}

fn a_bomb_costs_no_more_memory_than_the_document_says() {
    // `docs/security.md`: 75 MiB, and by what it unpacks to.
    const BASE_BYTES: u64 = 75 << 20;
    for (letter, unpacked, times) in [(b'x', 100_000_000, 4), (b'\0', 50_000_000, 20)] {
        let kafka = shared();
        let topic = kafka.topic(1);
        let bomb = Batch::bomb(1, letter, unpacked);
        assert_eq!(bomb.send(&kafka, &topic, 0), Ok(0));
        let scratch = Scratch::new("bomb");
        let dir = trail_dir(&scratch);
        let mut running = tracker(&kafka, &topic, &scratch).start();
        wait_for_lines(&mut running, &dir, 1);
        let peak = peak_bytes(&running);
        running.terminate(LONG).expect_code(0);
        let trail_bytes = std::fs::metadata(dir.join("tracker.events")).expect("it is there").len();
        let sent = bomb.length();
        eprintln!("{sent} bytes of {letter:#04x} unpack to {unpacked}: peak {peak}, trail {trail_bytes}");
        let most = BASE_BYTES + times * unpacked as u64;
        assert!(peak <= most, "{peak} bytes for a message of {unpacked}");
    }
}

fn a_topic_without_compression_refuses_bombs() {
    const MESSAGE_TOO_LARGE: i16 = 10;
    let kafka = shared();
    let topic = kafka.topic_with(1, &[("compression.type", "uncompressed")]);
    assert_eq!(Batch::bomb(1, b'x', 20_000_000).send(&kafka, &topic, 0), Err(MESSAGE_TOO_LARGE));
    kafka.produce_compressed(&topic, "zstd", &orders(0, 0..50));
    // A frame that is damaged in a way that the broker does not see comes out of it sound.
    assert_eq!(damaged().send(&kafka, &topic, 0), Ok(50));
    let scratch = Scratch::new("uncompressed");
    assert_eq!(drain(&kafka, &topic, &scratch).valid, 52);
    Trail::read(&trail_dir(&scratch)).expect_records(&kafka.dump(&topic));
}
