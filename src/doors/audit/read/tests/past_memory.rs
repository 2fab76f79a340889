//! What comes straight from the disk is what the system would have given.

use std::io::IoSliceMut;

use rustix::io::{Errno, ReadWriteFlags, preadv2};

use super::*;

/// Drops what the system has of a file in its memory, from `from` on.
fn forget(path: &Path, from: u64) {
    let file = fs::File::open(path).expect("there");
    file.sync_all().expect("synced");
    rustix::fs::fadvise(&file, from, None, rustix::fs::Advice::DontNeed).expect("the system listens");
}

/// A trail of two segments, its last line torn: some 3 MB.
fn trail(dir: &Path) -> TrailReader {
    let steps = (0..3_000).map(|n| Step::Message { partition: 0, gap_before: 0, length: n * 7_919 % 1_500 });
    let story = story(&steps.collect::<Vec<_>>());
    story.write(dir, &[1_700], &[], false);
    let newest = dir.join("tracker.events");
    let torn = [fs::read(&newest).expect("there"), b"{torn".to_vec()].concat();
    fs::write(&newest, torn).expect("written");
    TrailReader::open(dir).expect("a trail")
}

#[test]
fn what_is_read_past_the_memory_of_the_system_is_the_same() {
    let dir = tempfile::tempdir().expect("a folder");
    let reader = trail(dir.path());
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

/// Asking what is in memory by a read that does not wait made the system fetch the megabytes behind it, each time, so that
/// all of a trail was in memory after all, and most of it was read twice.
#[test]
fn what_is_read_past_the_memory_of_the_system_stays_out_of_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let reader = trail(dir.path());
    let in_memory = || reader.segments().iter().map(|segment| pages_in_memory(&segment.path)).sum::<u64>();
    let forget_all = || reader.segments().iter().for_each(|segment| forget(&segment.path, 0));
    forget_all();
    // All where the temporary folder is kept nowhere else.
    let before = in_memory();
    // Counting has brought all of it there.
    forget_all();
    read_by(&reader, &reader.everything(), Reading { chunk_bytes: 512 << 10, is_past_memory: true });
    // The places that were looked at, and what is left at the end of a segment.
    let (here, all) = (in_memory(), reader.bytes() / 4_096);
    assert!(here <= before + all / 8, "{here} of {all} pages are in memory");
}

/// How many pages of a file the system has in its memory; all where it cannot say.
fn pages_in_memory(path: &Path) -> u64 {
    let file = fs::File::open(path).expect("there");
    // Else a look at one page brings those behind it.
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::Random).expect("the system listens");
    let pages = file.metadata().expect("its length").len().div_ceil(4_096);
    let is_here = |page: &u64| {
        let mut byte = [0];
        preadv2(&file, &mut [IoSliceMut::new(&mut byte)], page * 4_096, ReadWriteFlags::NOWAIT) != Err(Errno::AGAIN)
    };
    (0..pages).filter(is_here).count() as u64
}
