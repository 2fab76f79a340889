//! A disk that is really full: a file system of 32 MB, which only root can make. Without, these tests
//! count as ignored, and say so.

use crate::harness::{
    LONG, Need, Record, Scratch, Small, events, expect_sealed, order, program, shared, wait_for_event, wait_until,
    whole_trail,
};
use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "tracker_full_disk",
        &[Need::Broker, Need::Mount],
        [a_file_system_of_32_megabytes_fills_up_and_nothing_is_lost]
    )
}

fn orders(numbers: std::ops::Range<u32>) -> Vec<Record> {
    numbers.map(|n| Record::new(0, order(n))).collect()
}

/// Filled, emptied by removing old segments, filled again: what was archived and what is there are the
/// whole, and every line is sealed.
fn a_file_system_of_32_megabytes_fills_up_and_nothing_is_lost() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("small");
    let small = Small::mount(&scratch, 32);
    let dir = small.path().join("trail");
    // Three times what there is room for.
    for part in 0..8 {
        kafka.produce(&topic, &orders(part * 5_000..part * 5_000 + 5_000));
    }
    let run = || {
        program("tracker", &scratch)
            .cluster(&kafka)
            .args([
                "--topic",
                &topic,
                "--group",
                &topic,
                "--rotate-size",
                "4000000",
                "--metrics-interval",
                "1s",
                "--dir",
            ])
            .arg(&dir)
    };
    let mut running = run().start();
    let archive = scratch.join("archive");
    std::fs::create_dir_all(&archive).unwrap();
    let mut paused = 0;
    let full = wait_for_event(&dir, "disk.full");
    // What was read and has no room still waits: neither is it recorded, nor is the lag without it.
    wait_until("metrics tell what waits while the disk is full", LONG, || {
        let told = events(&dir, "tracker.metrics");
        let told = told.iter().rfind(|line| line.get("timestamp").as_str() > full.get("timestamp").as_str())?;
        let figure = |key: &str| told.metadata()[key].as_i64();
        let (received, lag) = (figure("messages_received")?, figure("lag")?);
        assert_eq!(received + lag, 40_000, "{told:?}");
        assert!(lag > 0, "{told:?}");
        Some(())
    });
    wait_until("all is written, with room made again and again", LONG, || {
        assert!(running.is_running(), "it ended: {}", running.stderr());
        let full = events(&dir, "disk.full").len();
        if full > paused {
            paused = full;
            small.archive(&dir, &archive);
        }
        let next = kafka.group(&topic).get(&format!("{topic}/0")).copied();
        (next == Some(40_000)).then_some(())
    });
    running.terminate(LONG).expect_code(0);
    assert_eq!(events(&dir, "disk.full").len(), events(&dir, "disk.ok").len(), "each pause ended");
    assert!(paused >= 2, "it was full {paused} times");
    // The archive and what is there, side by side on a disk with room.
    for entry in std::fs::read_dir(&dir).unwrap().flatten() {
        std::fs::copy(entry.path(), archive.join(entry.file_name())).unwrap();
    }
    expect_sealed(&archive);
    assert_eq!(whole_trail(&archive).records(), kafka.dump(&topic));
}
