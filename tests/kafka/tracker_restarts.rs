//! Killed, torn, adopted: the tail of the file is the truth of the position, and a restart goes on
//! exactly where it ends.

use crate::harness::{
    LONG, Line, Need, Record, Scratch, Trail, drain, group_of, order, shared, tracker, trail_dir, wait_until,
};
use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "tracker_restarts",
        &[Need::Broker],
        [
            killed_twenty_times_under_load_every_offset_is_there_once,
            a_second_run_adds_only_what_is_new,
            a_line_torn_anywhere_comes_again_whole,
            garbage_after_the_last_line_is_cut,
            a_file_of_the_original_is_continued,
            without_a_file_it_begins_at_the_beginning_whatever_the_group_says,
            a_group_moved_by_hand_does_not_move_the_file,
            the_group_is_told_the_position_of_the_file,
        ]
    )
}

/// Some orders in each of the partitions, in one go.
fn orders(partitions: i32, each: u32) -> Vec<Record> {
    (0..each).flat_map(|n| (0..partitions).map(move |p| Record::new(p, order(n * 10 + p as u32)).key("k"))).collect()
}

fn killed_twenty_times_under_load_every_offset_is_there_once() {
    let kafka = shared();
    let topic = kafka.topic(3);
    let flood = kafka.flood(&topic, &order(0).replace(r#""sequence":0"#, r#""sequence":@N@"#), 5_000);
    let scratch = Scratch::new("kills");
    let dir = trail_dir(&scratch);
    let size = || std::fs::metadata(dir.join("tracker.events")).map_or(0, |file| file.len());
    for kill in 0..20_u64 {
        let before = size();
        let encoders = (kill % 4).to_string();
        let mut running = tracker(&kafka, &topic, &scratch).args(["--encoders", &encoders]).start();
        // Somewhere within the first megabytes that it writes, a little later each time.
        let enough = before + 1 + kill * 137_911;
        wait_until("the tracker writes", LONG, || {
            assert!(running.is_running(), "it ended: {}", running.stderr());
            (size() > enough).then_some(())
        });
        running.kill_nine();
    }
    let sent = flood.stop();
    drain(&kafka, &topic, &scratch);
    let on_broker = kafka.dump(&topic);
    assert_eq!(on_broker.len() as i64, sent);
    Trail::read(&dir).expect_records(&on_broker);
}

fn a_second_run_adds_only_what_is_new() {
    let kafka = shared();
    let topic = kafka.topic(3);
    let scratch = Scratch::new("again");
    let dir = trail_dir(&scratch);
    kafka.produce(&topic, &orders(3, 5));
    assert_eq!(drain(&kafka, &topic, &scratch).received, 15);
    let first = std::fs::read(dir.join("tracker.events")).unwrap();
    assert_eq!(drain(&kafka, &topic, &scratch).received, 0, "nothing new");
    assert_eq!(std::fs::read(dir.join("tracker.events")).unwrap(), first);
    kafka.produce(&topic, &orders(3, 4));
    assert_eq!(drain(&kafka, &topic, &scratch).received, 12);
    let second = std::fs::read(dir.join("tracker.events")).unwrap();
    assert!(second.starts_with(&first), "what was written stays");
    Trail::read(&dir).expect_records(&kafka.dump(&topic));
}

/// A directory with nothing but a `tracker.events`: a tail that nothing vouches for yet.
fn only_the_file(scratch: &Scratch, bytes: &[u8]) {
    let dir = trail_dir(scratch);
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("tracker.events"), bytes).unwrap();
}

fn a_line_torn_anywhere_comes_again_whole() {
    let kafka = shared();
    let topic = kafka.topic(3);
    kafka.produce(&topic, &orders(3, 6));
    let whole = Scratch::new("whole");
    drain(&kafka, &topic, &whole);
    let file = std::fs::read(trail_dir(&whole).join("tracker.events")).unwrap();
    let last_line = file.len() - Trail::read(&trail_dir(&whole)).lines[17].text.len() - 1;
    for cut in [last_line, last_line + 1, last_line + 400, file.len() - 2, file.len() - 1, 3, 0] {
        let scratch = Scratch::new("torn");
        only_the_file(&scratch, &file[..cut]);
        drain(&kafka, &topic, &scratch);
        let trail = Trail::read(&trail_dir(&scratch));
        trail.expect_records(&kafka.dump(&topic));
        let kept = file[..cut].iter().rposition(|b| *b == b'\n').map_or(0, |lf| lf + 1);
        let now = std::fs::read(trail_dir(&scratch).join("tracker.events")).unwrap();
        assert_eq!(now[..kept], file[..kept], "whole lines stay, cut at {cut}");
    }
}

fn garbage_after_the_last_line_is_cut() {
    let kafka = shared();
    let topic = kafka.topic(1);
    kafka.produce(&topic, &orders(1, 5));
    let whole = Scratch::new("whole");
    drain(&kafka, &topic, &whole);
    let file = std::fs::read(trail_dir(&whole).join("tracker.events")).unwrap();
    for garbage in [
        &b"garbage"[..],
        b"garbage\n",
        b"{\"timestamp\":\"2026-11-21T09:12:30Z\",\"event_type\":\"mess",
        b"\0\0\0\0\0\0\0\0",
        b"\xff\xfe\n\n",
        b"{}\n",
        b"\n",
    ] {
        let scratch = Scratch::new("garbage");
        only_the_file(&scratch, &[&file[..], garbage].concat());
        drain(&kafka, &topic, &scratch);
        let now = std::fs::read(trail_dir(&scratch).join("tracker.events")).unwrap();
        assert_eq!(now, file, "after {:?}", String::from_utf8_lossy(garbage));
        let told = crate::harness::events(&trail_dir(&scratch), "audit.recovered");
        assert_eq!(told.len(), 1, "tracker.log tells of the cut");
    }
}

/// A line as the Go original writes it.
fn line_of_the_original(topic: &str, offset: usize, payload: &str, is_order: bool) -> String {
    let text = serde_json::to_string(payload).unwrap().replace('<', "\\u003c");
    let head = format!(
        concat!(
            r#"{{"timestamp":"2026-11-21T09:12:30Z","event_type":"message.received{}","#,
            r#""kafka_topic":"{}","kafka_partition":0,"kafka_offset":{},"raw_message":{},"message_size":{},"#,
        ),
        if is_order { "" } else { ".deserialization_error" },
        topic,
        offset,
        text,
        payload.len(),
    );
    match is_order {
        true => format!("{head}\"deserialized\":true,\"order_full\":{payload}}}\n"),
        false => {
            format!("{head}\"deserialized\":false,\"error\":\"unexpected end of JSON input\"}}\n")
        }
    }
}

fn a_file_of_the_original_is_continued() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let payloads = [order(1), "{\"a\":\"<".to_owned(), order(2), order(3), order(4)];
    let records: Vec<Record> = payloads.iter().map(|text| Record::new(0, text.clone())).collect();
    kafka.produce(&topic, &records);
    let theirs: String = (0..3).map(|n| line_of_the_original(&topic, n, &payloads[n], n != 1)).collect();
    let scratch = Scratch::new("original");
    only_the_file(&scratch, theirs.as_bytes());

    assert_eq!(drain(&kafka, &topic, &scratch).received, 2, "offsets 3 and 4");
    let trail = Trail::read(&trail_dir(&scratch));
    trail.expect_unbroken();
    assert_eq!(trail.lines.len(), 5);
    let now = std::fs::read(trail_dir(&scratch).join("tracker.events")).unwrap();
    assert!(now.starts_with(theirs.as_bytes()), "their lines stay as they are");
    assert_eq!(trail.lines[3].record(), kafka.dump(&topic)[3]);
}

fn without_a_file_it_begins_at_the_beginning_whatever_the_group_says() {
    let kafka = shared();
    let topic = kafka.topic(1);
    kafka.produce(&topic, &orders(1, 8));
    kafka.move_group(&group_of(&topic), &topic, 0, 5);
    let scratch = Scratch::new("first");
    drain(&kafka, &topic, &scratch);
    Trail::read(&trail_dir(&scratch)).expect_records(&kafka.dump(&topic));
}

fn a_group_moved_by_hand_does_not_move_the_file() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("moved");
    kafka.produce(&topic, &orders(1, 8));
    drain(&kafka, &topic, &scratch);
    for offset in [0, 3, 12] {
        kafka.move_group(&group_of(&topic), &topic, 0, offset);
        kafka.produce(&topic, &orders(1, 8));
        drain(&kafka, &topic, &scratch);
    }
    let trail = Trail::read(&trail_dir(&scratch));
    let messages: Vec<Record> = trail.messages().map(Line::record).collect();
    assert_eq!(messages, kafka.dump(&topic));
}

fn the_group_is_told_the_position_of_the_file() {
    let kafka = shared();
    let topic = kafka.topic(3);
    let scratch = Scratch::new("group");
    kafka.produce(&topic, &orders(2, 7));
    drain(&kafka, &topic, &scratch);
    let committed = kafka.group(&group_of(&topic));
    assert_eq!(committed.get(&format!("{topic}/0")), Some(&7));
    assert_eq!(committed.get(&format!("{topic}/1")), Some(&7));
    let empty = committed.get(&format!("{topic}/2")).copied().unwrap_or(0);
    assert_eq!(empty, 0, "nothing was read there");

    // While it runs, too, and never more than is on disk.
    let mut running = tracker(&kafka, &topic, &scratch).start();
    kafka.produce(&topic, &orders(3, 5));
    wait_until("the group has the file's position", LONG, || {
        assert!(running.is_running(), "it ended: {}", running.stderr());
        let committed = kafka.group(&group_of(&topic));
        let due = [("0", 12), ("1", 12), ("2", 5)];
        due.iter().all(|(p, next)| committed.get(&format!("{topic}/{p}")) == Some(next)).then_some(())
    });
    running.terminate(LONG).expect_code(0);
    Trail::read(&trail_dir(&scratch)).expect_unbroken();
}
