//! What comes straight from the disk is what the system would have given.

use super::*;

/// Drops what the system has of a file in its memory, from `from` on.
fn forget(path: &Path, from: u64) {
    let file = fs::File::open(path).expect("there");
    file.sync_all().expect("synced");
    rustix::fs::fadvise(&file, from, None, rustix::fs::Advice::DontNeed).expect("the system listens");
}

#[test]
fn what_is_read_past_the_memory_of_the_system_is_the_same() {
    let dir = tempfile::tempdir().expect("a folder");
    let steps = (0..3_000).map(|n| Step::Message { partition: 0, gap_before: 0, length: n * 7_919 % 1_500 });
    let story = story(&steps.collect::<Vec<_>>());
    story.write(dir.path(), &[1_700], &[], false);
    let newest = dir.path().join("tracker.events");
    let torn = [fs::read(&newest).expect("there"), b"{torn".to_vec()].concat();
    fs::write(&newest, torn).expect("written");
    let reader = TrailReader::open(dir.path()).expect("a trail");
    let plain = read(&reader, &reader.everything(), 512 << 10);
    assert_eq!(plain.0.len(), 3_000);
    // Nothing in memory, something, all; chunks at the disk's blocks, and anywhere.
    for from in [0, 300_000, 300_001, u64::MAX >> 1] {
        for chunk_bytes in [512 << 10, 140_001, 262_143, 1 << 20, 8 << 20] {
            for segment in reader.segments() {
                forget(&segment.path, from);
            }
            let past = read_by(&reader, &reader.everything(), Reading { chunk_bytes, is_past_memory: true });
            assert!(past == plain, "{chunk_bytes} bytes at once, forgotten from {from} on");
        }
    }
}
